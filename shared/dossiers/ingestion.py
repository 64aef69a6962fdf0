"""Taking events in: each line read, checked, stamped and appended to the log, or refused with its reason."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

import asyncpg
import msgspec

from shared.clock import Clock
from shared.database.connexion import acquerir
from shared.events.contrat import Refus, cle
from shared.events.lecture import Lecteur
from shared.log.rejets import Origine, Rejet, ecrire
from shared.log.types import Journal


@dataclass(frozen=True, slots=True)
class Resultat:
    """What became of one item: ``position`` from 1 in what was sent; ``refus`` None when accepted."""

    position: int
    id: str | None
    process: str | None
    refus: Refus | None


class Ingestion:
    """The way into one service's topic. Refusals are kept as rejects, in a transaction of their own."""

    def __init__(
        self, schema: str, topic: str, lecteur: Lecteur, journal: Journal, pool: asyncpg.Pool, clock: Clock
    ) -> None:
        self._schema = schema
        self._topic = topic
        self._lecteur = lecteur
        self._journal = journal
        self._pool = pool
        self._clock = clock

    async def accepter(
        self, lignes: Sequence[tuple[int, bytes]], origine: Origine, garder_refus: bool = True
    ) -> list[Resultat]:
        """Append what can be taken; durable when this returns. ``lignes``: (position, one JSON event).

        ``recordedtime`` is stamped here, over whatever the sender wrote. Raises JournalIndisponible: the caller
        sends the same events again, their doubles change nothing.
        """
        maintenant = self._clock.now()
        resultats, items, rejets = self._trier(lignes, maintenant, origine)
        if items:
            await self._journal.ajouter(self._topic, items)
        if rejets and garder_refus:
            async with acquerir(self._pool) as conn, conn.transaction():
                await ecrire(conn, self._schema, rejets)
        return resultats

    async def refuser(self, refus: Refus, contenu: bytes, origine: Origine) -> None:
        """Keep one refusal that was decided before reading (a line too long)."""
        async with acquerir(self._pool) as conn, conn.transaction():
            await ecrire(conn, self._schema, [self._rejet(refus, contenu, self._clock.now(), origine)])

    async def rejouer(self, contenu: bytes) -> Refus | None:
        """Append the content of a reject as it is: a ``recordedtime`` it carries never changes. None: taken."""
        maintenant = self._clock.now()
        try:
            evenement = self._lecteur.lire(contenu, int(maintenant.timestamp()))
        except Refus as refus:
            return refus
        valeur = contenu if b'"recordedtime"' in contenu else timbrer(contenu, maintenant)
        await self._journal.ajouter(
            self._topic, [(cle(evenement.process, evenement.namespace, evenement.subject), valeur)]
        )
        return None

    def _trier(
        self, lignes: Sequence[tuple[int, bytes]], maintenant: datetime, origine: Origine
    ) -> tuple[list[Resultat], list[tuple[bytes, bytes]], list[Rejet]]:
        resultats: list[Resultat] = []
        items: list[tuple[bytes, bytes]] = []
        rejets: list[Rejet] = []
        secondes = int(maintenant.timestamp())
        lire = self._lecteur.lire
        for position, ligne in lignes:
            propre = sans_timbre(ligne)
            try:
                evenement = lire(propre, secondes)
            except Refus as refus:
                resultats.append(Resultat(position, refus.id, None, refus))
                rejets.append(self._rejet(refus, ligne, maintenant, origine))
            else:
                resultats.append(Resultat(position, evenement.contenu.id, evenement.process, None))
                items.append(
                    (cle(evenement.process, evenement.namespace, evenement.subject), timbrer(propre, maintenant))
                )
        return resultats, items, rejets

    def _rejet(self, refus: Refus, contenu: bytes, maintenant: datetime, origine: Origine) -> Rejet:
        return Rejet(
            origine=origine,
            raison=refus.raison,
            message=refus.message,
            recu_le=maintenant,
            topic=self._topic,
            source=refus.source,
            evenement_id=refus.id,
            champ=refus.champ,
            contenu=contenu,
        )


def timbrer(ligne: bytes, instant: datetime) -> bytes:
    """A JSON object with ``recordedtime`` added at its end; the object must not have one."""
    return ligne.rstrip()[:-1] + b',"recordedtime":"' + instant.astimezone(UTC).isoformat().encode() + b'"}'


def sans_timbre(ligne: bytes) -> bytes:
    """The event without any ``recordedtime`` its sender wrote: only Vigie says when it accepted it."""
    if b"recordedtime" not in ligne:
        return ligne
    try:
        brut = msgspec.json.decode(ligne)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return ligne
    if isinstance(brut, dict):
        brut.pop("recordedtime", None)
        return msgspec.json.encode(brut)
    return ligne
