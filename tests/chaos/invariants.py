"""What must hold once a site is at rest, whatever happened to it: each control gives the sentences on what does not.

What is expected is worked out from the `Plan` (what was asked), never from what the services say of it.
"""

import asyncio
import contextlib
from collections import Counter
from collections.abc import Awaitable, Callable, Iterable, Mapping
from functools import partial
from typing import Any

import asyncpg

from services.alerts.notifications.publication import identifiant
from services.entraide.besoins.consumers import GROUPE as GROUPE_BESOINS
from shared.dossiers.calculs import calculs_du_service
from shared.dossiers.verification import verifier
from shared.log.types import JournalIndisponible
from tests.chaos.charge import Plan
from tests.chaos.site import AIDANTE, AIDEE, Site

SERVICES = ("claims", "alerts", "entraide", "contacts")

COMMANDES = ("proposer", "accepter", "accepter", "ordonner")
"""The life of a proposition that both caisses accept, revision by revision."""

ANNONCEES = (AIDANTE, AIDEE)
"""Who is told of each revision."""

PROCES_VERBAL = ("comite", "proces_verbal")

_DE_PANNE = (asyncpg.PostgresError, asyncpg.InterfaceError, OSError, JournalIndisponible)


async def dossiers(site: Site, plan: Plan) -> list[str]:
    """Every dossier and every call counted exactly once; ``vigie verify`` and ``verify --journal`` agree."""
    try:
        await site.banc.verifier(plan.attendu, rejets=plan.rejets)
    except AssertionError as exc:
        return [str(exc)]
    ecarts = _ecarts("appels", ((await _appels(site.pool)).elements()), plan.appels.elements())
    rapport = await verifier(site.banc.url, "contacts", partial(calculs_du_service, "contacts"))
    return ecarts if rapport.ok else [*ecarts, *(f"contacts, {ligne}" for ligne in rapport.lignes())]


async def _appels(pool: asyncpg.Pool) -> Counter[str]:
    """Calls that contacts counted, by outcome."""
    lues = await pool.fetch("""
        SELECT i.valeur, sum(f.n)::bigint AS n FROM contacts.flux f
        JOIN contacts.dictionnaire i ON i.genre = 'issue' AND i.code = f.issue
        JOIN contacts.dictionnaire p ON p.genre = 'process' AND p.code = f.process AND p.valeur = 'appel'
        GROUP BY 1 HAVING sum(f.n) <> 0""")
    return Counter({lue["valeur"]: lue["n"] for lue in lues})


async def positions(site: Site, plan: Plan) -> list[str]:
    """Every position is the end of its partition, and no outbox holds anything."""
    del plan
    ecarts = []
    for service in SERVICES:
        lues = await site.pool.fetch(f"SELECT groupe, topic, partition, next FROM {service}.positions")
        for groupe, topic, partition, suivant in lues:
            fin = (await site.banc.service.journal.bornes(topic))[partition].fin
            if suivant != fin:
                ecarts.append(f"{groupe} {topic}/{partition} : position {suivant}, fin du journal {fin}")
        if reste := await site.pool.fetchval(f"SELECT count(*) FROM {service}.boite_envoi"):
            ecarts.append(f"{service} : {reste} événements dans la boîte d'envoi")
    groupes = {r["groupe"] for r in await site.pool.fetch("SELECT groupe FROM entraide.positions")}
    return ecarts if GROUPE_BESOINS in groupes else [*ecarts, "entraide n'écoute pas le comité"]


async def missions(site: Site, plan: Plan) -> list[str]:
    """Every accepted proposition is a mission ordered once; no command was applied twice, none is missing."""
    etats = await site.pool.fetch("SELECT id, etat FROM entraide.propositions")
    ecarts = _ecarts("propositions", [(r["id"], r["etat"]) for r in etats], [(n, "ordonnee") for n in plan.missions])
    faits = await site.pool.fetch("SELECT proposition, revision, commande FROM entraide.propositions_historique")
    voulus = [(n, rang, commande) for n in plan.missions for rang, commande in enumerate(COMMANDES)]
    return ecarts + _ecarts("historique des propositions", map(tuple, faits), voulus)


async def comites(site: Site, plan: Plan) -> list[str]:
    """Each month: one snapshot, the acts in their order, the decisions taken, one letter each and the minutes; and
    in entraide one need for each letter that asks for aid."""
    ecarts = []
    for mois, prises in plan.comites.items():
        ecarts += [f"comité {mois}, {e}" for e in await _comite(site.pool, mois, prises)]
    return ecarts


async def _comite(pool: asyncpg.Pool, mois: str, prises: list[tuple[str, str]]) -> list[str]:
    instantanes = await pool.fetchval("SELECT count(*) FROM alerts.comite_instantanes WHERE mois = $1", mois)
    actes = await pool.fetch("SELECT type FROM alerts.comite_evenements WHERE mois = $1 ORDER BY rang", mois)
    voulus = ["preparee", "ouverte", *["decision"] * len(prises), "close"]
    decidees = await pool.fetch("SELECT caisse, mesure FROM alerts.comite_decisions WHERE mois = $1", mois)
    lettres = await pool.fetch("SELECT destinataire, modele FROM alerts.comite_lettres WHERE mois = $1", mois)
    besoins = await pool.fetch(
        "SELECT DISTINCT cle, caisse FROM entraide.besoins WHERE mois = $1 AND NOT provisoire", mois
    )
    aidees = [caisse for caisse, mesure in prises if mesure == "courrier_entraide"]
    return [
        *([] if instantanes == 1 else [f"{instantanes} instantanés"]),
        *([] if [a["type"] for a in actes] == voulus else [f"actes {[a['type'] for a in actes]}, attendus {voulus}"]),
        *_ecarts("décisions", map(tuple, decidees), prises),
        *_ecarts("lettres", map(tuple, lettres), [*prises, PROCES_VERBAL]),
        *_ecarts("besoins", [b["caisse"] for b in besoins], aidees),
    ]


async def notifications(site: Site, plan: Plan) -> list[str]:
    """Everything that must be told is told once to whom it must be; an honest receiver saw each once, unchanged."""
    cles = [
        *(f"entraide:proposition-{n}-{rang}:{c}" for n in plan.missions for rang in range(len(COMMANDES))
          for c in ANNONCEES),
        *(f"lettre:{mois}/0/{qui}/{modele}" for mois, prises in plan.comites.items()
          for qui, modele in (*prises, PROCES_VERBAL)),
    ]  # fmt: skip
    lues = await site.pool.fetch(
        "SELECT cle FROM alerts.notifications WHERE cle LIKE 'entraide:%' OR cle LIKE 'lettre:%'"
    )
    ecarts = _ecarts("notifications", [r["cle"] for r in lues], cles)
    for caisse, recepteur in site.recepteurs.items():
        siennes = await site.pool.fetch("SELECT id, cle FROM alerts.notifications WHERE caisse = $1", caisse)
        ecarts += _ecarts(f"reçues par {caisse}", list(recepteur.corps), [str(r["id"]) for r in siennes])
        ecarts += [
            f"{r['cle']} : un autre identifiant que le sien" for r in siennes if r["id"] != identifiant(r["cle"])
        ]
        ecarts += [f"{caisse} a reçu {i} deux fois, différent" for i in sorted(recepteur.differents)]
    restent = await site.pool.fetch(
        "SELECT etat, count(*) AS n FROM alerts.livraisons WHERE canal = 'webhook' AND etat <> 'remise' GROUP BY 1"
    )
    return ecarts + [f"{r['n']} livraisons par webhook « {r['etat']} »" for r in restent]


Controle = Callable[[Site, Plan], Awaitable[list[str]]]

CONTROLES: Mapping[str, Controle] = {
    "positions": positions,
    "dossiers": dossiers,
    "missions": missions,
    "comites": comites,
    "notifications": notifications,
}


async def controler(site: Site, plan: Plan) -> list[str]:
    """All that does not hold, each sentence after the name of its control."""
    ecarts = []
    for nom, controle in CONTROLES.items():
        ecarts += [f"{nom} : {ecart}" for ecart in await controle(site, plan)]
    return ecarts


async def au_repos(site: Site, plan: Plan) -> list[str]:
    """What still moves: controls that are cheap, and true only once everything has arrived."""
    try:
        async with asyncio.timeout(20):
            return [e for controle in (positions, missions, comites, notifications) for e in await controle(site, plan)]
    except (*_DE_PANNE, TimeoutError) as exc:
        return [repr(exc)]


async def tentatives(site: Site) -> int:
    """Tries to send that were begun; -1 when the database does not say."""
    with contextlib.suppress(*_DE_PANNE):
        return int(await site.pool.fetchval("SELECT coalesce(sum(tentatives), 0) FROM alerts.livraisons"))
    return -1


async def faire_venir_les_essais(site: Site) -> bool:
    """Move the services' clock to the next try of a livraison that waits for nothing else; whether one did."""
    with contextlib.suppress(*_DE_PANNE):
        prochain = await site.pool.fetchval(
            "SELECT min(prochain_essai) FROM alerts.livraisons WHERE etat = 'a_envoyer' AND canal = 'webhook'"
        )
        attente = 0.0 if prochain is None else (prochain - site.horloge.now()).total_seconds()
        if attente > 1:
            site.horloge.secondes += attente
            return True
    return False


def _ecarts(quoi: str, trouves: Iterable[Any], voulus: Iterable[Any]) -> list[str]:
    """What is missing, too many or too often, a few by name."""
    la, attendus = Counter(trouves), Counter(voulus)
    phrases = []
    for mot, reste in (("manquent", attendus - la), ("en trop", la - attendus)):
        if reste:
            cites = ", ".join(str(c) for c in list(reste)[:3])
            phrases.append(f"{quoi}, {reste.total()} {mot} : {cites}")
    return phrases
