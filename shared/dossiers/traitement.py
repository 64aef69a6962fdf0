"""What a dossier service does with a batch of the log: read, merge, write, ring the bell, in one transaction."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import lru_cache
from itertools import compress
from typing import Protocol, cast
from zlib import crc32

import asyncpg

from shared.dossiers.cles_effacees import effacees, porte
from shared.dossiers.cloche import sonner
from shared.dossiers.contributions_en_lot import CalculEnLot
from shared.dossiers.deltas import Version
from shared.dossiers.derives.emission import Emission
from shared.dossiers.dictionnaire import Dictionnaire
from shared.dossiers.effets import Cle, Existant, Groupe, fusionner
from shared.dossiers.jours import journee_paris, minuit_paris
from shared.dossiers.receptions import Receptions
from shared.dossiers.store import Depot
from shared.events.contrat import CAUSES, RAISONS, Contenu, Evenement, Refus, debut_de_cle
from shared.log.rejets import Rejet, ecrire
from shared.log.types import Enregistrement

_ORIGINES_GARDEES = 65_536
"""(process, source, namespace) whose numbers are kept at hand; then they are looked up again."""


@dataclass(slots=True)
class Lot:
    """A batch read, ready to be grouped and merged. ``acceptes``: the record of each event, in the same order."""

    records: Sequence[Enregistrement]
    evenements: Sequence[Evenement]
    acceptes: Sequence[Enregistrement]
    rejets: Sequence[Rejet] = ()


class Lit(Protocol):
    """Reads the records of a topic (shared.events.lecture_en_lot.LecteurEnLot for what sources send)."""

    def lire_lot(self, lignes: Sequence[bytes], recus: Sequence[int], /) -> Sequence[Evenement | Refus]: ...


class TraitementDossiers:
    """The handler a dossier service gives to its consumer.

    ``partitions``: number of partitions of the topic, to check that each record is where its key belongs.
    ``pool`` numbers new names, in transactions of its own while a lane holds a connection: it needs one more
    connection than there are lanes on it.
    """

    def __init__(
        self,
        depot: Depot,
        lecteur: Lit,
        calculs: Mapping[str, CalculEnLot],
        dictionnaire: Dictionnaire,
        pool: asyncpg.Pool,
        partitions: int,
        emission: Emission | None = None,
    ) -> None:
        self._depot = depot
        self._lecteur = lecteur
        self._calculs = calculs
        self._dictionnaire = dictionnaire
        self._receptions = Receptions(depot.schema, dictionnaire)
        self._pool = pool
        self._partitions = partitions
        self._emission = emission
        self._origines: dict[tuple[str, str, str], tuple[int, int, CalculEnLot]] = {}

    def preparer(self, records: Sequence[Enregistrement]) -> Lot:
        """Decode and check each record; what cannot be taken becomes a reject. Pure CPU."""
        lus = self._lecteur.lire_lot([r.value for r in records], [r.horodatage_ms // 1_000 for r in records])
        partitions = self._partitions
        places = [
            -1 if isinstance(e, Refus) else crc32(e.subject.encode(), _debut(e.process, e.namespace)) % partitions
            for e in lus
        ]
        if places == [record.partition for record in records]:
            return Lot(records, cast(Sequence[Evenement], lus), records)
        acceptes: list[tuple[Evenement, Enregistrement]] = []
        rejets: list[Rejet] = []
        for record, e, place in zip(records, lus, places, strict=True):
            if isinstance(e, Refus):
                rejets.append(rejet_de(e, record))
            elif place == record.partition:
                acceptes.append((e, record))
            else:
                rejets.append(rejet_de(_mauvaise_partition(e, place, record.partition), record))
        return Lot(records, [e for e, _ in acceptes], [record for _, record in acceptes], rejets)

    async def appliquer(self, conn: asyncpg.Connection, lot: Lot, partition: int) -> None:
        """Merge and write, in the open transaction of the position."""
        if cles := await effacees(conn, self._depot.schema):
            lot = _sans_les_effaces(lot, cles)
        groupes = await self._grouper(lot)
        existants = await self._depot.lire(conn, groupes)
        horizons = await self._depot.horizons(conn)
        rejets = [*lot.rejets, *self._ecarter(groupes, existants, horizons, lot)] if horizons else lot.rejets
        effets = fusionner(groupes, existants)
        if self._dictionnaire.manquants:
            await self._dictionnaire.completer(self._pool)
            effets = fusionner(groupes, existants)
        await self._depot.ecrire(conn, effets, partition)
        await self._receptions.ecrire(conn, lot.evenements, partition)
        if self._emission is not None:
            await self._emission.publier(conn, groupes, existants, effets)
        if rejets:
            await ecrire(conn, self._depot.schema, rejets)
        if lot.records:
            dernier = lot.records[-1]
            await sonner(
                conn,
                self._depot.schema,
                self._dictionnaire,
                effets.touchees,
                f"{dernier.topic}-{dernier.partition}-{dernier.suivant}",
                datetime.fromtimestamp(dernier.horodatage_ms / 1_000, UTC),
                {"topic": dernier.topic, "partition": dernier.partition, "next": dernier.suivant},
            )

    async def _grouper(self, lot: Lot) -> dict[Cle, Groupe]:
        """The batch's contents by dossier; what is not named yet is given a number first."""
        groupes = self._ranger(lot)
        if groupes is None:
            await self._dictionnaire.completer(self._pool)
            groupes = self._ranger(lot)
        assert groupes is not None
        return groupes

    def _ranger(self, lot: Lot) -> dict[Cle, Groupe] | None:
        """None when a source or a series has no number yet: all of them are noted as missing."""
        groupes: dict[Cle, Groupe] = {}
        connues, complet = self._origines, True
        minuit = lendemain = 0
        versions: Sequence[Version] = ()
        for e in lot.evenements:
            if not minuit <= e.enregistre < lendemain:
                minuit, lendemain, jour = journee_paris(e.enregistre)
                versions = [(jour, cause) for cause in range(len(CAUSES))]
            origine = connues.get((e.process, e.source, e.namespace)) or self._origine(e)
            if origine is None:
                complet = False
                continue
            contenu = e.contenu
            contenu.source, serie, calcul = origine
            groupe = groupes.get((e.subject, serie))
            if groupe is None:
                groupes[e.subject, serie] = (calcul, [(versions[e.cause], contenu)])
            else:
                groupe[1].append((versions[e.cause], contenu))
        return groupes if complet else None

    def _origine(self, e: Evenement) -> tuple[int, int, CalculEnLot] | None:
        source = self._dictionnaire.code("source", e.source)
        serie = self._dictionnaire.code("serie", f"{e.process}|{e.namespace}")
        if not source or not serie:
            return None
        if len(self._origines) >= _ORIGINES_GARDEES:
            self._origines.clear()
        origine = self._origines[e.process, e.source, e.namespace] = (source, serie, self._calculs[e.process])
        return origine

    def _ecarter(
        self, groupes: dict[Cle, Groupe], existants: Mapping[Cle, Existant], horizons: Mapping[str, int], lot: Lot
    ) -> list[Rejet]:
        """Take out of ``groupes`` the events older than the horizon whose dossier is not there: it may have been
        purged, and would be counted twice. Read in the batch's own transaction, so that no purge is missed."""
        limites = {process: minuit_paris(jour) for process, jour in horizons.items()}
        ecartes: set[int] = set()
        for cle_ in [c for c, g in groupes.items() if c not in existants and g[0].processus.code in limites]:
            calcul, suite = groupes[cle_]
            limite = limites[calcul.processus.code]
            debut = next((i for i, (_, c) in enumerate(suite) if not hors_horizon(c, limite)), len(suite))
            ecartes.update(id(contenu) for _, contenu in suite[:debut])
            del suite[:debut]
            if not suite:
                del groupes[cle_]
        return [
            rejet_de(_situe(Refus("hors_horizon", RAISONS["hors_horizon"], "time"), e), record)
            for e, record in zip(lot.evenements, lot.acceptes, strict=True)
            if id(e.contenu) in ecartes
        ]


def _sans_les_effaces(lot: Lot, cles: frozenset[str]) -> Lot:
    """The batch less the events that bear a pseudonym of an erased key: rejects, whose content is not kept."""
    bons = [not porte(e.contenu, cles) for e in lot.evenements]
    if all(bons):
        return lot
    rejets = [
        replace(rejet_de(_situe(Refus("cle_effacee", RAISONS["cle_effacee"], "data.assure"), e), record), contenu=None)
        for e, record, bon in zip(lot.evenements, lot.acceptes, bons, strict=True)
        if not bon
    ]
    return Lot(
        lot.records, list(compress(lot.evenements, bons)), list(compress(lot.acceptes, bons)), [*lot.rejets, *rejets]
    )


@lru_cache(_ORIGINES_GARDEES)
def _debut(process: str, namespace: str) -> int:
    return crc32(debut_de_cle(process, namespace))


def _mauvaise_partition(evenement: Evenement, attendue: int, trouvee: int) -> Refus:
    quoi = f"Le dossier appartient à la partition {attendue} (crc32 de la clé), reçu dans {trouvee}."
    return _situe(Refus("mauvaise_partition", quoi), evenement)


def hors_horizon(contenu: Contenu, limite: int) -> bool:
    """Whether all that an event says happened before ``limite``; a retraction says nothing of when."""
    dates = [t if isinstance(t, int) else t[-1] for t in contenu.jalons.values()] or [contenu.temps]
    return 0 < max(dates) < limite


def _situe(refus: Refus, evenement: Evenement) -> Refus:
    refus.source, refus.id = evenement.source, evenement.contenu.id
    return refus


def rejet_de(refus: Refus, record: Enregistrement) -> Rejet:
    """The reject that keeps a record the log holds and the service refuses."""
    return Rejet(
        origine="journal",
        raison=refus.raison,
        message=refus.message,
        champ=refus.champ,
        source=refus.source,
        evenement_id=refus.id,
        contenu=record.value,
        topic=record.topic,
        partition=record.partition,
        offset=record.offset,
    )
