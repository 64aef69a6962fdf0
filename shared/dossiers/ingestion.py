"""Taking events in: each line read, checked, stamped and appended to the log, or refused with its reason."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import asyncpg
import msgspec

from shared.clock import Clock
from shared.database.connexion import acquerir
from shared.dossiers.portee import Juge, juge_de
from shared.events.contrat import LIGNE_RECUE_MAX, Evenement, Refus, cle
from shared.events.illisible import Illisible
from shared.events.lecture import Lecteur
from shared.log.rejets import DONNEES_PERSONNELLES, Origine, Rejet, ecrire, inedits
from shared.log.types import Journal
from shared.service.corps import Ligne, LigneTropLongue
from shared.service.identite import PorteeDeSource

TROP_LONG = "trop_long"


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
        self, lignes: Sequence[Ligne], origine: Origine, portee: PorteeDeSource | None = None
    ) -> list[Resultat]:
        """Append what can be taken; durable when this returns. ``lignes``: (position, one JSON event), or what
        stands for a line too long to be kept. ``portee``: what their sender may send; None: anything.

        ``recordedtime`` is stamped here, over whatever the sender wrote. Raises JournalIndisponible: the caller
        sends the same events again, their doubles change nothing.
        """
        maintenant = self._clock.now()
        resultats, items, rejets = self._trier(lignes, maintenant, origine, juge_de(portee))
        if items:
            await self._journal.ajouter(self._topic, items)
        if rejets:
            async with acquerir(self._pool) as conn, conn.transaction():
                nouveaux = await inedits(conn, self._schema, rejets) if origine == "import" else rejets
                await ecrire(conn, self._schema, nouveaux)
        return resultats

    async def rejouer(self, contenu: bytes, origine: Origine = "http") -> Refus | None:
        """Append the content of a reject, as it was kept or put right. None: taken.

        Only what comes from the log as it is (``origine`` journal) bears a ``recordedtime`` that Vigie wrote: it
        never changes. Any other is stamped now, over whatever its sender wrote.
        """
        maintenant = self._clock.now()
        propre = contenu if origine == "journal" else sans_timbre(contenu)
        try:
            evenement = self._lecteur.lire(propre, int(maintenant.timestamp()))
        except Refus as refus:
            return refus
        valeur = propre if _est_timbre(propre) else timbrer(propre, maintenant)
        await self._journal.ajouter(self._topic, [(_cle(evenement), valeur)])
        return None

    def _trier(
        self, lignes: Sequence[Ligne], maintenant: datetime, origine: Origine, juger: Juge
    ) -> tuple[list[Resultat], list[tuple[bytes, bytes]], list[Rejet]]:
        resultats: list[Resultat] = []
        items: list[tuple[bytes, bytes]] = []
        rejets: list[Rejet] = []
        secondes = int(maintenant.timestamp())
        for ligne in lignes:
            try:
                position, propre = _recue(ligne)
                evenement = self._lecteur.lire(propre, secondes)
                _permettre(evenement, juger)
            except Refus as refus:
                position, contenu = (ligne.position, None) if isinstance(ligne, LigneTropLongue) else ligne
                resultats.append(Resultat(position, refus.id, None, refus))
                rejets.append(self._rejet(refus, contenu, maintenant, origine))
            else:
                resultats.append(Resultat(position, evenement.contenu.id, evenement.process, None))
                items.append((_cle(evenement), timbrer(propre, maintenant)))
        return resultats, items, rejets

    def _rejet(self, refus: Refus, contenu: bytes | None, maintenant: datetime, origine: Origine) -> Rejet:
        # What is too long has not been searched for personal data: nothing of it is kept.
        gardable = refus.raison not in (DONNEES_PERSONNELLES, TROP_LONG)
        return Rejet(
            origine=origine,
            raison=refus.raison,
            message=refus.message,
            recu_le=maintenant,
            topic=self._topic,
            source=refus.source,
            evenement_id=refus.id,
            champ=refus.champ,
            contenu=contenu if gardable else None,
        )


def _cle(evenement: Evenement) -> bytes:
    return cle(evenement.process, evenement.namespace, evenement.subject)


def _permettre(evenement: Evenement, juger: Juge) -> None:
    """Raises Refus, which names the event."""
    try:
        juger(evenement)
    except Refus as refus:
        refus.source, refus.id = evenement.source, evenement.contenu.id
        raise


def _recue(ligne: Ligne) -> tuple[int, bytes]:
    """Position and event without stamp. Raises Refus for a line that was thrown away as it came."""
    if isinstance(ligne, LigneTropLongue):
        raise Refus(TROP_LONG, f"Événement de {ligne.taille} octets : {LIGNE_RECUE_MAX} au plus.")
    position, octets = ligne
    return position, sans_timbre(octets)


def timbrer(ligne: bytes, instant: datetime) -> bytes:
    """A JSON object with ``recordedtime`` added at its end; the object must not have one."""
    return ligne.rstrip()[:-1] + b',"recordedtime":"' + instant.astimezone(UTC).isoformat().encode() + b'"}'


def sans_timbre(ligne: bytes) -> bytes:
    """The event without any ``recordedtime`` its sender wrote: only Vigie says when it accepted it."""
    brut = _objet(ligne)
    if "recordedtime" not in brut:
        return ligne
    del brut["recordedtime"]
    return msgspec.json.encode(brut)


def _est_timbre(ligne: bytes) -> bool:
    return "recordedtime" in _objet(ligne)


def _objet(ligne: bytes) -> dict[str, Any]:
    """The JSON object of a line that may name ``recordedtime``, in letters or escaped; empty for any other line."""
    if b"recordedtime" not in ligne and b"\\" not in ligne:
        return {}
    try:
        brut = msgspec.json.decode(ligne)
    except Illisible:
        return {}
    return brut if isinstance(brut, dict) else {}
