"""Reading cells back as arrays, summed over recorded day, cause and shard: what the statistics work on."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from shared.dossiers.dictionnaire import Dictionnaire

Vue = Literal["responsable", "productrice"]
"""From which side: the caisse responsible for the file, or the one that did the work."""

Entiers = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Filtre:
    """Which cells to read. ``strates``: stratum codes kept, None for all; ``caisse`` and ``plateforme`` likewise."""

    process: int
    vue: Vue
    strates: tuple[int, ...] | None = None
    caisse: int | None = None
    plateforme: int | None = None


class Cellier:
    """Reader of one schema's cells over a SQLAlchemy connection."""

    def __init__(self, schema: str) -> None:
        self._schema = schema

    async def flux(self, conn: AsyncConnection, filtre: Filtre, du: int, au: int) -> dict[str, Entiers]:
        """Arrivals by caisse, jour, issue."""
        return await self._lire(conn, "flux", ("jour", "issue"), filtre, "jour BETWEEN :du AND :au", du, au)

    async def attentes(
        self, conn: AsyncConnection, filtre: Filtre, du: int, au: int, issues: Sequence[int]
    ) -> dict[str, Entiers]:
        """Waits of the given outcomes by caisse, jour, secondes."""
        condition = "jour BETWEEN :du AND :au AND issue = ANY(:issues)"
        return await self._lire(conn, "attentes", ("jour", "secondes"), filtre, condition, du, au, issues=list(issues))

    async def clos(
        self,
        conn: AsyncConnection,
        filtre: Filtre,
        du: int,
        au: int,
        dimensions: Sequence[str] = (),
        sommes: Sequence[str] = (),
    ) -> dict[str, Entiers]:
        """Files closed from ``du`` to ``au`` by caisse, jour (closed) and ``dimensions``."""
        lu = await self._lire(
            conn, "clos", ("jour_clos", *dimensions), filtre, "jour_clos BETWEEN :du AND :au", du, au, sommes
        )
        lu["jour"] = lu.pop("jour_clos")
        return lu

    async def ouverts(
        self, conn: AsyncConnection, filtre: Filtre, du: int, au: int, dimensions: Sequence[str] = ()
    ) -> dict[str, Entiers]:
        """Files opened from ``du`` to ``au`` by caisse, jour and ``dimensions``."""
        return await self._lire(
            conn, "ouverts", ("jour", *dimensions), filtre, "jour BETWEEN :du AND :au", du, au, a_productrice=False
        )

    async def _lire(
        self,
        conn: AsyncConnection,
        table: str,
        dimensions: Sequence[str],
        filtre: Filtre,
        condition: str,
        du: int,
        au: int,
        sommes: Sequence[str] = (),
        a_productrice: bool = True,
        **parametres: Any,
    ) -> dict[str, Entiers]:
        cote = "productrice" if filtre.vue == "productrice" and a_productrice else "caisse"
        conditions = ["process = :process", condition]
        liaisons: dict[str, Any] = {"process": filtre.process, "du": du, "au": au, **parametres}
        if filtre.strates is not None and table != "attentes":
            conditions.append("strate = ANY(:strates)")
            liaisons["strates"] = list(filtre.strates)
        if filtre.caisse is not None:
            conditions.append(f"{cote} = :caisse")
            liaisons["caisse"] = filtre.caisse
        if filtre.plateforme is not None and a_productrice:
            conditions.append("plateforme = :plateforme")
            liaisons["plateforme"] = filtre.plateforme
        mesures = ("n", *sommes)
        requete = (
            f"SELECT {', '.join((cote, *dimensions))}, {', '.join(f'sum({m})::bigint' for m in mesures)} "
            f"FROM {self._schema}.{table} WHERE {' AND '.join(conditions)} "
            f"GROUP BY {', '.join(str(i + 1) for i in range(len(dimensions) + 1))}"
        )
        lignes = (await conn.execute(text(requete), liaisons)).fetchall()
        return _colonnes(("caisse", *dimensions, *mesures), lignes)


def _colonnes(noms: Sequence[str], lignes: Sequence[Any]) -> dict[str, Entiers]:
    if not lignes:
        return {nom: np.empty(0, dtype=np.int64) for nom in noms}
    tableau = np.array([tuple(ligne) for ligne in lignes], dtype=np.int64)
    return {nom: tableau[:, rang] for rang, nom in enumerate(noms)}


def strates_de(dictionnaire: Dictionnaire, population: Mapping[str, str]) -> tuple[int, ...] | None:
    """Codes of the strata where every attribute of ``population`` has its value; None for an empty population."""
    if not population:
        return None
    voulus = {f"{nom}={valeur}" for nom, valeur in population.items()}
    return tuple(code for code, nom in dictionnaire.noms("strate").items() if voulus <= set(nom.split(";")))
