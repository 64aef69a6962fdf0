"""The faults of the campaign, as data: in the order they are played."""

from collections.abc import Mapping, Sequence

from tests.chaos import gestes
from tests.chaos.campagne import Panne, rien
from tests.chaos.site import CONSOMMATEURS, PROCESSUS, Moteur

_KAFKA: tuple[Moteur, ...] = ("kafka",)

_TOUTES: Sequence[Panne] = (
    Panne("temoin", "No fault: the load alone", rien),
    Panne("sigkill_api", "SIGKILL of the ingestion API, three times", gestes.tuer("claims-api", fois=3)),
    Panne(
        "sigkill_consumer",
        "SIGKILL of both consumers in mid-batch, position already moved in the transaction",
        gestes.tuer_en_ecrivant("claims.dossiers", *CONSOMMATEURS),
    ),
    Panne(
        "sigkill_relais",
        "SIGKILL of entraide while its relay has appended and not yet deleted",
        gestes.tuer_en_ecrivant("entraide.boite_envoi", "entraide"),
    ),
    Panne(
        "sigkill_preparation",
        "SIGKILL of alerts while it prepares a comité, the month frozen",
        gestes.tuer_en_ecrivant("alerts.comite_dossiers", "alerts"),
    ),
    Panne(
        "sigkill_cloture",
        "SIGKILL of alerts while it closes a comité, letters half written",
        gestes.tuer_en_ecrivant("alerts.comite_lettres", "alerts"),
    ),
    Panne(
        "sigkill_envoi",
        "SIGKILL of alerts after a receiver took a message, before that is written",
        gestes.tuer_en_ecrivant("alerts.essais", "alerts"),
    ),
    Panne(
        "sigkill_mission",
        "SIGKILL of entraide inside a command, between acceptance and mission order",
        gestes.tuer_en_ecrivant("entraide.propositions_historique", "entraide"),
    ),
    Panne(
        "sigkill_contacts",
        "SIGKILL of contacts, API and consumer in one process, in mid-batch",
        gestes.tuer_en_ecrivant("contacts.dossiers", "contacts"),
    ),
    Panne(
        "sigkill_console", "SIGKILL of the console while pages are read, three times", gestes.tuer("console", fois=3)
    ),
    Panne("sigkill_tout", "SIGKILL of every process at once, twice", gestes.tuer(*PROCESSUS, fois=2)),
    Panne("base_redemarree", "Database stopped and started", gestes.redemarrer_la_base),
    Panne("base_tuee", "SIGKILL of the whole database, twice", gestes.tuer_la_base),
    Panne("broker_redemarre", "Broker stopped and started", gestes.faire_au_broker(brutal=False), moteurs=_KAFKA),
    Panne("broker_tue", "SIGKILL of the broker", gestes.faire_au_broker(brutal=True), moteurs=_KAFKA),
    Panne("disque_plein_base", "Disk of the database full", gestes.remplir_la_base, gestes.vider_la_base),
    Panne(
        "disque_plein_broker",
        "Disk of the broker full",
        gestes.remplir_le_broker,
        gestes.vider_le_broker,
        moteurs=_KAFKA,
    ),
    Panne("disque_lent", "Slow disks, 8 s", gestes.ralentir_les_disques),
    Panne("coupure_base", "Database unreachable from every service, 5 s", gestes.couper("base", 5), gestes.retablir),
    Panne(
        "reponses_perdues_base",
        "Answers of the database lost, 3 s, then connections reset: commits in doubt",
        gestes.perdre_les_reponses("base", 3),
        gestes.retablir,
    ),
    Panne("delai_base", "Slow network to the database, 6 s", gestes.retarder("base", 0.02, 6), gestes.retablir),
    Panne(
        "coupure_broker",
        "Broker unreachable from every service, 5 s",
        gestes.couper("broker", 5),
        gestes.retablir,
        moteurs=_KAFKA,
    ),
    Panne(
        "reponses_perdues_broker",
        "Answers of the broker lost, 3 s, then connections reset: appends in doubt",
        gestes.perdre_les_reponses("broker", 3),
        gestes.retablir,
        moteurs=_KAFKA,
    ),
    Panne(
        "delai_broker",
        "Slow network to the broker, 6 s",
        gestes.retarder("broker", 0.05, 6),
        gestes.retablir,
        moteurs=_KAFKA,
    ),
    Panne(
        "reponses_perdues_api",
        "Answers of the ingestion API lost, 3 s: the source sends again",
        gestes.perdre_les_reponses("api", 3),
        gestes.retablir,
    ),
    Panne(
        "reponses_perdues_recepteur",
        "Answers of a receiver of notifications lost, 12 s: they are sent again",
        gestes.perdre_les_reponses("recepteur", 12),
        gestes.retablir,
    ),
    Panne("horloge_en_avant", "Clock of every process jumps forward", gestes.decaler(+36)),
    Panne("horloge_en_arriere", "Clock of every process jumps back", gestes.decaler(-36)),
    Panne("doubles_desordre", "30 % of the events sent twice, all in total disorder", rien, doubles=0.3),
    Panne("poison", "Poison messages, through the API and on the topic", gestes.empoisonner),
    Panne(
        "mauvaise_version",
        "A bad deploy of the consumers, which fails on every event",
        gestes.mal_deployer,
        gestes.bien_deployer,
    ),
)

PANNES: Mapping[str, Panne] = {panne.nom: panne for panne in _TOUTES}
