"""What a dossier service does with a batch of the log: read, merge, write, ring the bell, in one transaction."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import lru_cache
from itertools import chain
from operator import attrgetter
from typing import NamedTuple, Protocol
from zlib import crc32

import asyncpg
import numpy as np
from numpy.typing import NDArray

from shared.dossiers.cles_effacees import effacees, porte
from shared.dossiers.cloche import sonner
from shared.dossiers.contributions_en_lot import CalculEnLot
from shared.dossiers.deltas import Version
from shared.dossiers.derives.emission import Emission
from shared.dossiers.dictionnaire import Dictionnaire
from shared.dossiers.effets import Cle, Existant, Groupe, Neufs, fusionner
from shared.dossiers.jours import jour_paris, jours_paris, minuit_paris
from shared.dossiers.receptions import Receptions, Recus
from shared.dossiers.store import Depot
from shared.dossiers.tri import Dite, Tranche, grouper, trier
from shared.events.colonnes import Colonnes, Lus
from shared.events.contrat import RAISONS, Contenu, Evenement, Refus, cle, debut_de_cle
from shared.log.rejets import Rejet, ecrire
from shared.log.types import Enregistrement, partition_de

Entiers = NDArray[np.int64]

_ORIGINES_GARDEES = 65_536
"""(process, source, namespace) whose numbers are kept at hand; then they are looked up again."""


@dataclass(slots=True)
class Lot:
    """A batch read, ready to be merged: in columns, or one by one with their ranks in ``records``."""

    records: Sequence[Enregistrement]
    colonnes: Sequence[Colonnes]
    seuls: Sequence[tuple[int, Evenement]]
    rejets: Sequence[Rejet] = ()


class _Origine(NamedTuple):
    """What the numbers of a (process, source, namespace) are: of the source, of the series; and who computes it."""

    source: int
    serie: int
    calcul: CalculEnLot


class Lit(Protocol):
    """Reads the records of a topic (shared.events.lecture_en_lot.LecteurEnLot for what sources send)."""

    def lire_lot(self, lignes: Sequence[bytes], recus: Sequence[int], /) -> Lus: ...


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
        self._origines: dict[tuple[str, str, str], _Origine] = {}

    def preparer(self, records: Sequence[Enregistrement]) -> Lot:
        """Decode and check each record; what cannot be taken becomes a reject. Pure CPU."""
        lus = self._lecteur.lire_lot([r.value for r in records], [r.horodatage_ms // 1_000 for r in records])
        seuls = [(rang, e) for rang, e in lus.seuls if not isinstance(e, Refus)]
        rejets = [rejet_de(e, records[rang]) for rang, e in lus.seuls if isinstance(e, Refus)]
        ici = np.array([record.partition for record in records], dtype=np.int64)
        colonnes = []
        for c in lus.colonnes:
            egares = np.flatnonzero(self._places(c) != ici[c.rangs])
            seuls += _en_objets(c, egares)
            colonnes.append(_sauf(c, egares))
        bons: list[tuple[int, Evenement]] = []
        for rang, e in seuls:
            place = partition_de(cle(e.process, e.namespace, e.subject), self._partitions)
            if place == records[rang].partition:
                bons.append((rang, e))
            else:
                rejets.append(rejet_de(_mauvaise_partition(e, place, records[rang].partition), records[rang]))
        return Lot(records, colonnes, bons, sorted(rejets, key=_offset))

    def _places(self, c: Colonnes) -> Entiers:
        """The partition of each row's key."""
        debuts = c.origines.traduire(
            [crc32(debut_de_cle(c.process, espace)) for _, espace in c.origines.valeurs]
        ).liste()
        empreintes = map(crc32, map(str.encode, c.sujets), debuts)
        return np.fromiter(empreintes, np.int64, len(c)) % self._partitions

    async def appliquer(self, conn: asyncpg.Connection, lot: Lot, partition: int) -> None:
        """Merge and write, in the open transaction of the position."""
        if cles := await effacees(conn, self._depot.schema):
            lot = _sans_les_effaces(lot, cles)
        tranches, seules = await self._numeroter(lot)
        existants = await self._depot.lire(conn, {*chain(*(t.cles for t in tranches)), *(d.cle for d in seules)})
        limites = {p: minuit_paris(jour) for p, jour in (await self._depot.horizons(conn)).items()}
        neufs, dites = trier(tranches, seules, existants, limites)
        groupes = grouper(dites)
        rejets = (
            [*lot.rejets, *self._ecarter(groupes, existants, limites, dites, lot.records)] if limites else lot.rejets
        )
        effets = fusionner(groupes, existants, neufs)
        if self._dictionnaire.manquants:
            await self._dictionnaire.completer(self._pool)
            effets = fusionner(groupes, existants, neufs)
        await self._depot.ecrire(conn, effets, partition)
        await self._receptions.ecrire(conn, self._recus(lot, tranches), partition)
        if self._emission is not None:
            await self._emission.publier(conn, groupes, neufs, existants, effets)
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

    async def _numeroter(self, lot: Lot) -> tuple[list[Tranche], list[Dite]]:
        """The batch with the numbers of its sources and series; what has none yet is given one first."""
        noms = {(c.process, *origine) for c in lot.colonnes for origine in c.origines.valeurs}
        noms |= {(e.process, e.source, e.namespace) for _, e in lot.seuls}
        if None in [self._origine(*nom) for nom in noms]:  # all are asked: all that are missing are noted
            await self._dictionnaire.completer(self._pool)
        return [self._tranche(c) for c in lot.colonnes], [self._dite(rang, e) for rang, e in lot.seuls]

    def _dite(self, rang: int, e: Evenement) -> Dite:
        origine = self._connue(e.process, e.source, e.namespace)
        e.contenu.source = origine.source
        jour = _jour_paris(e.enregistre)
        return Dite(rang, (e.subject, origine.serie), origine.calcul, (jour, e.cause), e.contenu)

    def _tranche(self, c: Colonnes) -> Tranche:
        origines = [self._connue(c.process, *origine) for origine in c.origines.valeurs]
        numeros = c.origines.traduire(origines)
        sources, series = numeros.coder(lambda o: o.source), numeros.coder(lambda o: o.serie)
        neufs = Neufs(self._calculs[c.process], c, sources, series, jours_paris(c.enregistres))
        return Tranche(neufs, list(zip(c.sujets, series.tolist(), strict=True)))

    def _origine(self, process: str, source: str, espace: str) -> _Origine | None:
        """None when the source or the series has no number yet, which is noted."""
        connue = self._origines.get((process, source, espace))
        if connue is not None:
            return connue
        codes = self._dictionnaire.code("source", source), self._dictionnaire.code("serie", f"{process}|{espace}")
        if not all(codes):
            return None
        if len(self._origines) >= _ORIGINES_GARDEES:
            self._origines.clear()
        origine = self._origines[process, source, espace] = _Origine(*codes, self._calculs[process])
        return origine

    def _connue(self, process: str, source: str, espace: str) -> _Origine:
        origine = self._origine(process, source, espace)
        assert origine is not None
        return origine

    def _recus(self, lot: Lot, tranches: Sequence[Tranche]) -> list[Recus]:
        """What the batch counts for in the receptions."""
        recus = [
            Recus(c.process, sources, c.enregistres, c.temps, c.caisses)
            for _, c, sources, *_ in (t.neufs for t in tranches)
        ]
        for process in {e.process: None for _, e in lot.seuls}:
            siens = [e for _, e in lot.seuls if e.process == process]
            colonnes = [
                (self._connue(process, e.source, e.namespace).source, e.enregistre, e.contenu.temps, e.contenu.caisse)
                for e in siens
            ]
            recus.append(Recus(process, *np.array(colonnes, dtype=np.int64).T))
        return recus

    def _ecarter(
        self,
        groupes: dict[Cle, Groupe],
        existants: Mapping[Cle, Existant],
        limites: Mapping[str, int],
        dites: Sequence[Dite],
        records: Sequence[Enregistrement],
    ) -> list[Rejet]:
        """Take out of ``groupes`` the events older than the horizon whose dossier is not there: it may have been
        purged, and would be counted twice. Read in the batch's own transaction, so that no purge is missed."""
        ecartes: set[int] = set()
        for cle_, (calcul, suite) in list(groupes.items()):
            limite = limites.get(calcul.processus.code)
            if limite is None or cle_ in existants or not self._oubliable(suite):
                continue
            debut = next((i for i, (_, c) in enumerate(suite) if not hors_horizon(c, limite)), len(suite))
            ecartes.update(id(contenu) for _, contenu in suite[:debut])
            del suite[:debut]
            if not suite:
                del groupes[cle_]
        rejets = []
        for dite in dites:
            if id(dite.contenu) in ecartes:
                refus = Refus("hors_horizon", RAISONS["hors_horizon"], "time")
                refus.source, refus.id = self._dictionnaire.nom("source", dite.contenu.source), dite.contenu.id
                rejets.append(rejet_de(refus, records[dite.rang]))
        return rejets

    def _oubliable(self, suite: Sequence[tuple[Version, Contenu]]) -> bool:
        """Whether a dossier of which the batch says this may have been purged."""
        del suite
        return True


def _sans_les_effaces(lot: Lot, cles: frozenset[str]) -> Lot:
    """The batch less the events that bear a pseudonym of an erased key: rejects, whose content is not kept."""
    ecartes = [(rang, e) for rang, e in lot.seuls if porte(e.contenu.assure, cles)]
    colonnes = []
    for c in lot.colonnes:
        rangs = np.flatnonzero([porte(assure, cles) for assure in c.assures])
        ecartes += _en_objets(c, rangs)
        colonnes.append(_sauf(c, rangs))
    if not ecartes:
        return lot
    rejets = [
        replace(
            rejet_de(_situe(Refus("cle_effacee", RAISONS["cle_effacee"], "data.assure"), e), lot.records[rang]),
            contenu=None,
        )
        for rang, e in ecartes
    ]
    restent = [(rang, e) for rang, e in lot.seuls if not porte(e.contenu.assure, cles)]
    return Lot(lot.records, colonnes, restent, [*lot.rejets, *sorted(rejets, key=_offset)])


_offset = attrgetter("offset")


@lru_cache(1_024)
def _jour_paris(secondes: int) -> int:
    return jour_paris(datetime.fromtimestamp(secondes, UTC))


def _en_objets(c: Colonnes, rangs: Entiers) -> list[tuple[int, Evenement]]:
    """These rows one by one, with their ranks in the batch."""
    return list(zip(c.rangs[rangs].tolist(), c.choisir(rangs).evenements(), strict=True)) if len(rangs) else []


def _sauf(c: Colonnes, rangs: Entiers) -> Colonnes:
    return c.choisir(np.delete(np.arange(len(c)), rangs)) if len(rangs) else c


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
