"""The second topic of the service that keeps the derived processes: its reader, its handler, its names."""

from collections.abc import Mapping, Sequence

import asyncpg

from shared.catalogue.derives import REITERATION
from shared.catalogue.processus import derives_du_service
from shared.dossiers.contributions import noms_de
from shared.dossiers.contributions_en_lot import CalculEnLot
from shared.dossiers.deltas import Version
from shared.dossiers.derives.messages import ESPACE, LecteurPersonnes
from shared.dossiers.derives.retention import encore_ouvert
from shared.dossiers.dictionnaire import Dictionnaire
from shared.dossiers.receptions import Receptions, Recus
from shared.dossiers.store import Depot
from shared.dossiers.traitement import TraitementDossiers
from shared.events.contrat import Contenu


def tient_les_personnes(service: str) -> bool:
    """Whether the chains of persons are kept by this service."""
    return any(p.code == REITERATION for p in derives_du_service(service))


def groupe_des_personnes(service: str) -> str:
    """The consumer group on the repartition topic: a rebalance of one topic does not stop the other."""
    return f"{service}-personnes"


def noms_des_derives(service: str) -> list[tuple[str, str]]:
    """(genre, name) that must be in the dictionary before the chains are computed."""
    if not tient_les_personnes(service):
        return []
    noms = [nom for p in derives_du_service(service) for nom in noms_de(p)]
    return [*noms, *(("serie", f"{p.code}|{ESPACE}") for p in derives_du_service(service))]


class _SansReceptions(Receptions):
    """Announcements are no news of a source: none is counted."""

    async def ecrire(self, conn: asyncpg.Connection, recus: Sequence[Recus], shard: int) -> None:
        """Write nothing."""


class TraitementPersonnes(TraitementDossiers):
    """The handler of the repartition topic: dossiers as any others, whose key is a person's pseudonym."""

    def __init__(
        self,
        depot: Depot,
        calculs: Mapping[str, CalculEnLot],
        dictionnaire: Dictionnaire,
        pool: asyncpg.Pool,
        partitions: int,
    ) -> None:
        super().__init__(depot, LecteurPersonnes(), calculs, dictionnaire, pool, partitions)
        self._receptions = _SansReceptions(depot.schema, dictionnaire)

    def _oubliable(self, suite: Sequence[tuple[Version, Contenu]]) -> bool:
        """A file still open is never too old: the chain that holds it is not forgotten."""
        return not any(encore_ouvert(contenu) for _, contenu in suite)
