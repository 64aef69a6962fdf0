"""Ways in other than a clean feed: a file to import, a hostile body, a producer that knows nothing of Vigie."""

import contextlib
import csv
import os
import random
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import msgspec
from aiokafka import AIOKafkaProducer

from services.claims.domain import DEFINITION
from shared.events.contrat import cle
from shared.log.types import partition_de
from shared.service.reglages import PARTITIONS
from tests.support.jeu_seme import CAISSES, DEBUT, JOUR, Attendu
from tests.support.lignes_hostiles import ETRANGES, HOSTILES, ligne

MAPPING = """
process: cmuc_acs
shape: events
source: urn:vigie:source:fichier
format: csv
timezone: Europe/Paris
time_format: iso8601
subject: demande
activity: etape
time: instant
jalons: {recue: Réception, decidee_accord: Accord, decidee_refus: Refus}
attributes: {caisse: caisse}
"""

TOPIC = DEFINITION.topic
CODECS = (None, "gzip", "snappy", "lz4", "zstd")

ETRANGES_ATTENDU = Attendu(
    len(ETRANGES),
    Counter({("fse", "cpam-75", date(2026, 2, 3)): sum(n for _, n in ETRANGES) - 1})
    + Counter({("fse", "cpam-75", date(1995, 1, 2)): 1}),
)
"""What ``ETRANGES`` counts for; one of them is dated of the first day there is."""


@dataclass(frozen=True, slots=True)
class FichierAttendu:
    """Good lines, bad lines, and what the good ones count for."""

    lignes: int
    fautives: int
    compte: Attendu


def ecrire_csv(chemin: Path, graine: int, demandes: int) -> tuple[Path, FichierAttendu]:
    """A file of cmuc_acs steps, one a row, for ``MAPPING``; one row in a thousand or so is bad, some come twice."""
    hasard, paris = random.Random(graine), ZoneInfo("Europe/Paris")
    compte, rangees = Attendu(demandes), []
    for i in range(demandes):
        caisse = hasard.choice([c for c, fuseau in CAISSES.items() if fuseau == paris.key])
        recue = datetime.fromtimestamp(DEBUT + hasard.randrange(60 * JOUR), UTC)
        rangees.append((f"D{i}", "Réception", recue.isoformat(), caisse))
        compte.ouverts["cmuc_acs", caisse, recue.astimezone(paris).date()] += 1
        if hasard.random() < 0.8:
            fin = datetime.fromtimestamp(recue.timestamp() + hasard.randrange(1, 40 * JOUR), UTC)
            issue = hasard.choice(("accord", "refus"))
            rangees.append((f"D{i}", issue.capitalize(), fin.isoformat(), caisse))
            jours = recue.astimezone(paris).date(), fin.astimezone(paris).date()
            secondes = int((fin - recue).total_seconds())
            compte.ajouter_clos(("cmuc_acs", caisse, issue, *jours), (1, secondes, 0))
    rangees += hasard.sample(rangees, 50)
    fautives = [("Z1", "Réception", "le 3 mars", "cpam-75"), ("Z2", "Réception", rangees[0][2], "cpam-999")]
    fautives += [("", "Réception", rangees[0][2], "cpam-75"), ("Z4", "Réception", "0001-01-01T00:00:00Z", "cpam-75")]
    with chemin.open("w", encoding="utf-8", newline="") as fichier:
        csv.writer(fichier).writerows([("demande", "etape", "instant", "caisse"), *rangees, *fautives])
    return chemin, FichierAttendu(len(rangees), len(fautives), compte)


def melanger(chemin: Path, graine: int) -> None:
    """Shuffle the rows of a file under its header."""
    entete, *rangees = chemin.read_text(encoding="utf-8").splitlines(keepends=True)
    random.Random(graine).shuffle(rangees)
    chemin.write_text(entete + "".join(rangees), encoding="utf-8")


def melanger_aux_hostiles(bonnes: Sequence[bytes], graine: int) -> tuple[list[bytes], dict[int, str]]:
    """Good, strange and hostile lines shuffled, with the refusals expected: line number from 1 -> reason."""
    tout: list[tuple[bytes, str | None]] = [(bonne, None) for bonne in bonnes]
    tout += [(etrange, None) for etrange, _ in ETRANGES]
    tout += HOSTILES
    random.Random(graine).shuffle(tout)
    raisons = {position: raison for position, (_, raison) in enumerate(tout, 1) if raison is not None}
    return [octets for octets, _ in tout], raisons


async def produire_directement(bootstrap: str, bonnes: Sequence[bytes]) -> Counter[str]:
    """Write to the topic as other programs would; the rejects expected, by reason.

    Good events without ``recordedtime`` and with a timestamp of 1970 (the broker puts its own), with a key or not,
    under every compression of Kafka, in transactions that commit and in one that does not; others in a partition
    that is not theirs; bytes that are no event, or nothing at all.
    """
    part = -(-len(bonnes) // (len(CODECS) + 1))
    for rang, codec in enumerate(CODECS):
        await _produire(bootstrap, bonnes[rang * part : (rang + 1) * part], compression_type=codec)
    dernieres = bonnes[len(CODECS) * part :]
    await _produire(bootstrap, dernieres, transactional_id="essai-valide")
    with contextlib.suppress(_Abandon):
        avortees = [ligne(f"avortee-{i}") for i in range(100)]
        await _produire(bootstrap, avortees, abandon=True, transactional_id="essai-abandon")
    async with _producteur(bootstrap) as producteur:
        egaree = ligne("egaree")
        ailleurs = set(range(PARTITIONS)) - {partition_de(_cle(egaree), PARTITIONS)}
        for partition in ailleurs:
            await producteur.send(TOPIC, egaree, _cle(egaree), partition)
        dechets = (None, b"", b"\x00", os.urandom(1_000), b"{" * 500_000, b"\xff" * 990_000)
        for rang, dechet in enumerate(dechets):
            await producteur.send(TOPIC, dechet, b"dechet", rang % PARTITIONS)
        await producteur.flush()
    return Counter(mauvaise_partition=len(ailleurs), json_invalide=len(dechets))


async def _produire(bootstrap: str, lignes: Sequence[bytes], *, abandon: bool = False, **reglages: str | None) -> None:
    async with _producteur(bootstrap, **reglages) as producteur:
        transaction = producteur.transaction() if "transactional_id" in reglages else contextlib.nullcontext()
        async with transaction:
            for rang, octets in enumerate(lignes):
                key = _cle(octets)
                partition = partition_de(key, PARTITIONS)
                await producteur.send(TOPIC, octets, key if rang % 2 else None, partition, timestamp_ms=0)
            await producteur.flush()
            if abandon:
                raise _Abandon


@asynccontextmanager
async def _producteur(bootstrap: str, **reglages: str | None) -> AsyncIterator[AIOKafkaProducer]:
    producteur = AIOKafkaProducer(bootstrap_servers=bootstrap, max_request_size=2_000_000, **reglages)
    await producteur.start()
    try:
        yield producteur
    finally:
        await producteur.stop()


class _Abandon(Exception):
    """Ends a transaction without committing it."""


def _cle(octets: bytes) -> bytes:
    evenement = msgspec.json.decode(octets)
    process = evenement["type"].split(".")[1]
    return cle(process, evenement.get("namespace", evenement["source"]), evenement["subject"])
