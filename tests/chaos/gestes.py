"""What faults are made of: functions that do one harm to a site, and functions that undo it."""

import asyncio
import time
from collections.abc import Callable

import asyncpg

from shared.log.rejets import ERREUR_INTERNE, marquer_rejoue
from shared.log.voie import FENETRE_REJETS, REJETS_PART, REJETS_PLANCHER
from tests.chaos.campagne import Essai, Geste, Inconcluant
from tests.chaos.site import CONSOMMATEURS, Site
from tests.support.attente import attendre
from tests.support.lignes_hostiles import HOSTILES
from tests.support.pannes import TOPIC

DELAI_S = 40.0
"""Most seconds before a fault has taken hold."""

_BLOQUEES = """
SELECT count(*) > 0 FROM pg_locks l JOIN pg_stat_activity a USING (pid)
WHERE NOT l.granted AND l.relation = $1::regclass AND a.application_name LIKE 'vigie-%'
"""


def tuer(*noms: str, fois: int = 1) -> Geste:
    """SIGKILL to these processes, at random moments of the load."""

    async def geste(essai: Essai) -> None:
        for _ in range(fois):
            await asyncio.sleep(essai.hasard.uniform(0.3, 1.2))
            await essai.site.tuer(*noms)
            await asyncio.sleep(essai.hasard.uniform(0.8, 1.5))

    return geste


def tuer_en_ecrivant(table: str, *noms: str) -> Geste:
    """SIGKILL to these processes while one of them has a transaction open that is about to write to ``table``.

    A lock of ours holds it there: SHARE lets everything be read and nothing be written.
    """

    async def geste(essai: Essai) -> None:
        conn = await asyncpg.connect(essai.site.banc.url)
        try:
            async with conn.transaction():
                await conn.execute(f"LOCK TABLE {table} IN SHARE MODE")
                await _vu(lambda: essai.site.pool.fetchval(_BLOQUEES, table), f"personne n'écrit dans {table}")
                await essai.site.tuer(*noms)
        finally:
            await conn.close()

    return geste


async def _vu(condition: Callable[[], object], quoi: str, delai: float = DELAI_S) -> None:
    try:
        await attendre(condition, delai, quoi)  # type: ignore[arg-type]
    except AssertionError:
        raise Inconcluant(f"{quoi} en {delai:.0f} s") from None


async def redemarrer_la_base(essai: Essai) -> None:
    """Clean stop under load, and start."""
    await _sous_charge(essai)
    await asyncio.to_thread(essai.site.base.serveur.arreter)
    await asyncio.sleep(essai.hasard.uniform(0.5, 2))
    await asyncio.to_thread(essai.site.base.serveur.demarrer)


async def tuer_la_base(essai: Essai) -> None:
    """SIGKILL to all of PostgreSQL under load, twice, and start."""
    for _ in range(2):
        await _sous_charge(essai)
        await asyncio.to_thread(essai.site.base.serveur.tuer)
        await asyncio.sleep(essai.hasard.uniform(0, 1))
        await asyncio.to_thread(essai.site.base.serveur.demarrer)


def faire_au_broker(brutal: bool) -> Geste:
    """Stop or SIGKILL of Apache Kafka under load, and start."""

    async def geste(essai: Essai) -> None:
        broker = essai.site.broker
        assert broker is not None
        await _sous_charge(essai)
        await asyncio.to_thread(broker.tuer if brutal else broker.arreter)
        await asyncio.sleep(essai.hasard.uniform(0.5, 2))
        await asyncio.to_thread(broker.demarrer)

    return geste


async def remplir_la_base(essai: Essai) -> None:
    """No room left where PostgreSQL writes, until it has said so, and some seconds more."""
    base = essai.site.base
    deja = base.journal.count("No space left")
    await asyncio.to_thread(base.volume.remplir)
    essai.charge.continuer()
    await _vu(lambda: base.journal.count("No space left") > deja, "PostgreSQL n'a pas manqué de place")
    await asyncio.sleep(4)
    essai.note = "PANIC, restarted" if "PANIC" in base.journal else "statements refused (53100), server up"


async def vider_la_base(essai: Essai) -> None:
    await asyncio.to_thread(essai.site.base.volume.vider)
    await asyncio.to_thread(essai.site.base.serveur.demarrer)


async def remplir_le_broker(essai: Essai) -> None:
    """No room left where Kafka writes, until it has said so."""
    broker = essai.site.broker
    assert broker is not None
    await asyncio.to_thread(broker.volume.remplir)
    essai.charge.continuer()
    await _vu(lambda: "No space left" in broker.journal, "Kafka n'a pas manqué de place")
    await asyncio.sleep(4)
    essai.note = "broker stopped by itself" if broker.pid is None else "broker up, partition offline"


async def vider_le_broker(essai: Essai) -> None:
    """Give the room back and start again: a broker does not take up a folder that failed."""
    broker = essai.site.broker
    assert broker is not None
    await asyncio.to_thread(broker.volume.vider)
    await asyncio.to_thread(broker.arreter)
    await asyncio.to_thread(broker.demarrer)


ECRITURES_PAR_S = 25


async def ralentir_les_disques(essai: Essai) -> None:
    """A cap of the kernel on the writes of the servers, for some seconds."""
    site = essai.site
    pid = site.base.serveur.pid()
    assert pid is not None
    freins = [site.base.volume.ralentir(pid, ECRITURES_PAR_S)]
    try:
        if site.broker is not None and site.broker.pid is not None:
            freins.append(site.broker.volume.ralentir(site.broker.pid, ECRITURES_PAR_S))
        await asyncio.sleep(8)
        lente = await _duree_d_une_validation(site)
        essai.note = f"{ECRITURES_PAR_S} writes/s per server (cgroup blkio): a commit took {lente * 1_000:.0f} ms"
    finally:
        for frein in freins:
            frein.lacher()


async def _duree_d_une_validation(site: Site) -> float:
    """Seconds of the slowest of a few commits that write."""
    durees = []
    for _ in range(5):
        debut = time.monotonic()
        await site.pool.fetchval("SELECT pg_logical_emit_message(true, 'chaos', 'essai')")
        durees.append(time.monotonic() - debut)
    return max(durees)


def couper(lien: str, secondes: float) -> Geste:
    """Nothing passes on a link for so long; what was under way is reset."""

    async def geste(essai: Essai) -> None:
        await _sous_charge(essai)
        essai.site.liens[lien].couper()
        await asyncio.sleep(secondes)

    return geste


def perdre_les_reponses(lien: str, secondes: float) -> Geste:
    """What is asked arrives and is done, what is answered is lost: who asked cannot know."""

    async def geste(essai: Essai) -> None:
        await _sous_charge(essai)
        essai.site.liens[lien].perdre_les_reponses()
        await asyncio.sleep(secondes)

    return geste


def retarder(lien: str, delai: float, secondes: float) -> Geste:
    """Each piece that passes on a link takes so much longer, for so long."""

    async def geste(essai: Essai) -> None:
        essai.site.liens[lien].delai = delai
        essai.note = f"+{delai * 1_000:.0f} ms each way"
        await asyncio.sleep(secondes)

    return geste


async def retablir(essai: Essai) -> None:
    """Every link as before."""
    for lien in essai.site.liens.values():
        lien.retablir()


def decaler(heures: float) -> Geste:
    """The clock of every process jumps under load, and jumps back once the load has gone through."""

    async def geste(essai: Essai) -> None:
        await asyncio.sleep(essai.hasard.uniform(0.5, 1.5))
        essai.site.horloge.secondes += heures * 3_600
        essai.note = f"{heures:+.0f} h, then back"
        await asyncio.sleep(4)
        essai.site.horloge.secondes -= heures * 3_600

    return geste


async def empoisonner(essai: Essai) -> None:
    """Hostile lines through the API, and bytes that are no event written to the topic itself."""
    service, plan = essai.site.banc.service, essai.plan
    resultats = await service.ingestion.accepter(list(enumerate((o for o, _ in HOSTILES), 1)), "http")
    raisons = [r.refus.raison for r in resultats if r.refus is not None]
    if raisons != [raison for _, raison in HOSTILES]:
        raise Inconcluant(f"des lignes hostiles ont été prises : {raisons}")
    dechets = [b"", b"\x00", b"{", b"[" * 5_000, b'{"specversion": "1.0"}', b"\xff" * 100_000]
    await service.journal.ajouter(TOPIC, [(b"dechet-%d" % rang, d) for rang, d in enumerate(dechets)])
    plan.rejets += len(HOSTILES) + len(dechets)
    essai.note = f"{len(HOSTILES) + len(dechets)} rejects, each with its reason"


async def mal_deployer(essai: Essai) -> None:
    """A version of the consumers that fails on every event: it must stop by itself, again and again, and the rejects
    must stay within their bound."""
    site = essai.site
    await site.deployer(CONSOMMATEURS, ["mauvaise_version"])
    codes = [site.codes.setdefault(nom, []) for nom in CONSOMMATEURS]
    deja = sum(len(c) for c in codes)
    essai.charge.continuer()
    await _vu(lambda: sum(len(c) for c in codes) >= deja + 4, "la mauvaise version ne s'arrête pas", 60)
    ecartes = await site.pool.fetchval("SELECT count(*) FROM claims.rejets WHERE raison = $1", ERREUR_INTERNE)
    fins = {partition: bornes.fin for partition, bornes in (await site.banc.bornes()).items()}
    borne = sum(max(REJETS_PLANCHER, min(FENETRE_REJETS, fin) // REJETS_PART) for fin in fins.values())
    restent = sum(fins.values()) - sum((await site.banc.positions()).values())
    arrets = sum(len(c) for c in codes) - deja
    essai.note = f"stopped by itself {arrets} times; {ecartes} rejects (at most {borne}), {restent} events kept"
    if ecartes > borne or restent == 0:
        raise Inconcluant(f"la mauvaise version a vidé le topic dans les rejets : {essai.note}")


async def bien_deployer(essai: Essai) -> None:
    """The good version again, and what the bad one put aside replayed, as ``vigie rejets rejouer`` does."""
    site = essai.site
    await site.deployer(CONSOMMATEURS)
    pool, service = site.pool, site.banc.service
    mis = await pool.fetch(
        "SELECT id, origine, contenu FROM claims.rejets WHERE raison = $1 AND etat = 'ouvert'", ERREUR_INTERNE
    )
    for rejet in mis:
        if (refus := await service.ingestion.rejouer(rejet["contenu"], rejet["origine"])) is not None:
            raise Inconcluant(f"un rejet n'a pas pu être rejoué : {refus.message}")
        async with pool.acquire() as conn, conn.transaction():
            await marquer_rejoue(conn, "claims", rejet["id"], site.horloge.now())
    essai.plan.rejets += len(mis)


async def _sous_charge(essai: Essai) -> None:
    """Return once events are being sent, at a moment of chance."""
    debut, deja = time.monotonic(), essai.charge.envoyes
    while essai.charge.envoyes <= deja and time.monotonic() < debut + 5:  # noqa: ASYNC110 - a count, not an event
        await asyncio.sleep(0.02)
    await asyncio.sleep(essai.hasard.uniform(0.1, 0.8))
