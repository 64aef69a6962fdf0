"""What each rival answers, read where it is durable: its tables, its changelog, its output."""

import asyncio
import json
from collections import Counter
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import asyncpg
import numpy as np
from aiokafka import AIOKafkaConsumer, TopicPartition

from bench.milieu import Milieu
from bench.paires.commun import PARTITIONS, decile
from bench.paires.copie import REQUETE
from bench.paires.plan import Cellules, Reponse
from shared.database.connexion import url_asyncpg
from shared.dossiers.lieux import codes_par_slug
from shared.indicators.rangs import quantiles_par


@dataclass(frozen=True, slots=True)
class Essai:
    """One run: its servers, its topic of ``n`` events, the database, the folder and the consumer group it has."""

    lieu: Milieu
    topic: str
    n: int
    url: str
    dossier: Path
    groupe: str


async def _table(url: str, requete: str) -> list[asyncpg.Record]:
    conn = await asyncpg.connect(url_asyncpg(url))
    try:
        return await conn.fetch(requete)
    finally:
        await conn.close()


async def vigie(essai: Essai) -> Reponse:
    """Its cells; the decile by its own function, over all its caisses at once."""
    slugs = {code: slug for slug, code in codes_par_slug().items()}
    lignes = await _table(
        essai.url, "SELECT caisse, jour_clos - jour_ouvert, sum(n)::bigint FROM claims.clos GROUP BY 1, 2"
    )
    caisses, delais, n = np.array([tuple(ligne) for ligne in lignes], dtype=np.int64).reshape(-1, 3).T
    codes, deciles, _ = quantiles_par(caisses, delais, n, (9, 10))
    return Reponse(
        {(slugs[caisse], delai): n for caisse, delai, n in lignes if n},
        {slugs[code]: d9 for code, d9 in zip(codes.tolist(), deciles.tolist(), strict=True)},
    )


async def boucle(essai: Essai) -> Reponse:
    lignes = await _table(essai.url, "SELECT caisse, delai, sum(n)::bigint FROM boucle.cellules GROUP BY 1, 2")
    return _avec_deciles({(caisse, delai): n for caisse, delai, n in lignes})


async def copie(essai: Essai) -> Reponse:
    """Both from SQL."""
    cellules = await _table(
        essai.url,
        "SELECT caisse, delai, count(*) FROM (SELECT DISTINCT ON (id) caisse, delai FROM copie.evenements) AS d "
        "GROUP BY 1, 2",
    )
    deciles = await _table(essai.url, REQUETE)
    return Reponse({(caisse, delai): n for caisse, delai, n in cellules}, {caisse: d9 for caisse, _, d9 in deciles})


async def fichier(essai: Essai) -> Reponse:
    """A rival that writes (caisse, days, how many) as JSON."""
    lignes = json.loads((essai.dossier / "resultat.json").read_text(encoding="utf-8"))
    return _avec_deciles({(caisse, delai): n for caisse, delai, n in lignes})


async def bytewax(essai: Essai) -> Reponse:
    """A line per caisse: its histogram."""
    cellules = {}
    for ligne in (essai.dossier / "histogrammes.txt").read_text(encoding="utf-8").splitlines():
        caisse, _, delais = ligne.partition(" ")
        cellules |= {(caisse, int(delai)): n for delai, n in json.loads(delais).items()}
    return _avec_deciles(cellules)


async def quix(essai: Essai) -> Reponse:
    """The last committed value of each key of its changelog: ``"caisse"|"delai:…"``."""
    cellules = {}
    async for cle, valeur in _derniers(essai.lieu.kafka, f"changelog__{essai.groupe}--"):
        caisse, _, nom = (partie.strip('"') for partie in cle.partition("|"))
        if nom.startswith("delai:"):
            cellules[caisse, int(nom.removeprefix("delai:"))] = int(valeur)
    return _avec_deciles(cellules)


async def faust(essai: Essai) -> Reponse:
    """The last value of each key of the changelog of its cells: ``"caisse:delai"``."""
    cellules = {}
    async for cle, valeur in _derniers(essai.lieu.kafka, f"{essai.groupe}-cellules-changelog"):
        caisse, _, delai = cle.strip('"').partition(":")
        cellules[caisse, int(delai)] = int(valeur)
    return _avec_deciles(cellules)


def _avec_deciles(cellules: Cellules) -> Reponse:
    """For the rivals that have no quantile of their own: the application reads their histogram."""
    par_caisse: dict[str, Counter[int]] = {}
    for (caisse, delai), n in cellules.items():
        par_caisse.setdefault(caisse, Counter())[delai] += n
    return Reponse(cellules, {caisse: decile(delais) for caisse, delais in par_caisse.items()})


async def _derniers(kafka: str, debut: str) -> AsyncIterator[tuple[str, bytes]]:
    """(key, value) in order, of the topic whose name begins so, committed transactions only."""
    consommateur = AIOKafkaConsumer(
        bootstrap_servers=kafka, auto_offset_reset="earliest", isolation_level="read_committed"
    )
    await consommateur.start()
    try:
        topic = next(t for t in await consommateur.topics() if t.startswith(debut))
        tps = [TopicPartition(topic, p) for p in range(PARTITIONS)]
        consommateur.assign(tps)
        fins = await consommateur.end_offsets(tps)
        async with asyncio.timeout(60):
            while any([await consommateur.position(tp) < fin for tp, fin in fins.items()]):
                for records in (await consommateur.getmany(timeout_ms=200)).values():
                    for record in records:
                        if record.value is not None:
                            yield record.key.decode(), record.value
    finally:
        await consommateur.stop()
