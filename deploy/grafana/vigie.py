"""The dashboard "Vigie": how Vigie itself does, from what it accepts to what it sends."""

from deploy.grafana.elements import chiffre, courbes, rangee, requete, tableau
from deploy.grafana.mesures import Lignes, debit, nombre, quantile


def _ingestion() -> Lignes:
    acceptes, refuses = "vigie_evenements_acceptes_total", "vigie_evenements_refuses_total"
    incidents = (
        ("vigie_journal_rejets_internes_total", "rejets internes, {{groupe}}", "groupe"),
        ("vigie_journal_lots_abandonnes_total", "lots abandonnés, {{groupe}}", "groupe"),
        ("vigie_journal_conflits_de_position_total", "conflits de position, {{groupe}}", "groupe"),
        ("vigie_journal_reequilibrages_total", "rééquilibrages, {{groupe}}", "groupe"),
        ("vigie_journal_erreurs_ecouteur_total", "erreurs d'écouteur, {{groupe}}", "groupe"),
        ("vigie_journal_erreurs_passageres_total", "erreurs passagères, {{ou}}", "ou"),
    )
    return [
        (1, [rangee("Ingestion")]),
        (
            8,
            [
                courbes(
                    "Événements acceptés par seconde",
                    requete(debit(acceptes, "service", "process"), "{{service}} {{process}}"),
                    unite="ops",
                ),
                courbes(
                    "Événements refusés par seconde",
                    requete(debit(refuses, "service", "raison"), "{{service}} {{raison}}"),
                    unite="ops",
                    description="Chaque refus est gardé aux rejets avec sa raison : vigie rejets.",
                ),
                courbes(
                    "Enregistrements comptés par seconde",
                    requete(debit("vigie_journal_enregistrements_total", "groupe"), "{{groupe}}"),
                    unite="ops",
                    description="Lus du journal et validés dans PostgreSQL, positions et effets ensemble.",
                ),
            ],
        ),
        (
            8,
            [
                courbes(
                    "Retard",
                    requete("sum by (groupe, topic) (vigie_journal_retard)", "{{groupe}}"),
                    description="Enregistrements du journal qui attendent d'être comptés.",
                ),
                courbes(
                    "Temps sans progrès",
                    requete("max by (groupe) (vigie_journal_sans_progres_secondes)", "{{groupe}}"),
                    unite="s",
                    description="Zéro quand rien n'attend. Plus d'une minute : un consommateur est bloqué.",
                ),
                courbes(
                    "Durée d'un lot",
                    requete(quantile(0.5, "vigie_journal_lot_secondes", "groupe"), "médiane, {{groupe}}"),
                    requete(quantile(0.99, "vigie_journal_lot_secondes", "groupe"), "99 %, {{groupe}}"),
                    unite="s",
                ),
            ],
        ),
        (
            8,
            [
                courbes(
                    "Partitions tenues",
                    requete("sum by (groupe, instance) (vigie_journal_partitions_tenues)", "{{groupe}} {{instance}}"),
                    description="Zéro partout : personne ne consomme.",
                ),
                courbes(
                    "Incidents du journal",
                    *(requete(nombre(compteur, par), legende) for compteur, legende, par in incidents),
                ),
                courbes(
                    "Boîte d'envoi",
                    requete(debit("vigie_journal_relayes_total", "schema"), "relayés, {{schema}}"),
                    requete(debit("vigie_journal_ajoutes_total", "topic"), "ajoutés, {{topic}}"),
                    unite="ops",
                ),
            ],
        ),
    ]


def _processus() -> Lignes:
    duree = "vigie_http_request_duration_seconds"
    return [
        (1, [rangee("Processus")]),
        (
            8,
            [
                courbes(
                    "En vie et prêts",
                    requete('up{job=~"(contacts|claims|alerts|entraide)-.*"}', "{{job}} {{instance}}"),
                    requete("min by (groupe, instance) (vigie_journal_pret)", "consommateur {{groupe}} {{instance}}"),
                ),
                courbes(
                    "Requêtes par seconde",
                    requete(debit(f"{duree}_count", "job", "status"), "{{job}} {{status}}"),
                    unite="ops",
                ),
                courbes(
                    "Durée des requêtes, 99 %",
                    requete(quantile(0.99, duree, "job", "route"), "{{job}} {{route}}"),
                    unite="s",
                ),
            ],
        ),
    ]


def _fraicheur() -> Lignes:
    return [
        (1, [rangee("D'un coup d'œil")]),
        (
            4,
            [
                chiffre(
                    "Processus en vie",
                    'sum(up{job=~"(contacts|claims|alerts|entraide|console).*"})',
                    description="Processus de Vigie que Prometheus parvient à lire.",
                ),
                chiffre(
                    "Événements en attente",
                    "sum(vigie_journal_retard)",
                    description="Acceptés, pas encore comptés dans les indicateurs.",
                ),
                chiffre(
                    "Plus long blocage",
                    "max(vigie_journal_sans_progres_secondes)",
                    unite="s",
                    description="Zéro quand rien n'attend.",
                ),
                chiffre(
                    "Dernière évaluation des alertes",
                    "max(vigie_alertes_age_evaluation_secondes)",
                    unite="s",
                    description="Au-delà d'un quart d'heure, une caisse en difficulté peut passer inaperçue.",
                ),
                chiffre(
                    "Plus vieux courrier en attente",
                    "max(vigie_notifications_attente_secondes)",
                    unite="s",
                    description="Âge de la plus ancienne notification qui n'est pas encore partie.",
                ),
            ],
        ),
    ]


def _entretien() -> Lignes:
    return [
        (1, [rangee("Calculs et entretien")]),
        (
            8,
            [
                courbes(
                    "Calcul des jauges",
                    requete("max by (service) (vigie_indicateur_rafraichissement_secondes)", "{{service}}"),
                    unite="s",
                ),
                courbes(
                    "Durée d'une évaluation des alertes",
                    requete(quantile(0.5, "vigie_alertes_evaluation_secondes"), "médiane"),
                    requete(quantile(0.99, "vigie_alertes_evaluation_secondes"), "99 %"),
                    unite="s",
                ),
                courbes(
                    "Notifications envoyées par minute",
                    requete("60 * sum by (canal, issue) (rate(vigie_notifications_envois_total[$__rate_interval]))"),
                    description="Par canal et par issue.",
                ),
            ],
        ),
    ]


def vigie() -> dict[str, object]:
    """The whole dashboard."""
    return tableau("vigie-elle-meme", "Vigie", [], [*_fraicheur(), *_ingestion(), *_entretien(), *_processus()])
