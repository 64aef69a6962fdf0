"""Two readings of one figure, as known on two days, and the steps that lead from one to the other.

The steps follow one order (``ETAPES``): first the time that passed (what fell due since, with nothing else recorded),
then what was recorded between the two days, cause by cause, all under the former definition; last, the definition, on
the same cells. Each step starts from where the one before ended, so their effects add up to the difference, exactly:
values are compared as decimals rounded to ``DECIMALES``. A cause is applied whole, whatever the day: between two
steps the figure may be one that no evening has seen.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal

import numpy as np
from sqlalchemy.ext.asyncio import AsyncConnection

from shared.catalogue.indicateurs import Indicateur
from shared.dossiers.cellules import Cellier, Entiers, Filtre, Selection
from shared.dossiers.contributions import DIMENSIONS, MESURES
from shared.dossiers.dictionnaire import Dictionnaire
from shared.dossiers.tables import TABLE
from shared.dossiers.valeurs import Demande, Evaluateur
from shared.events.contrat import CAUSES
from shared.indicators.statistiques import RESEAU, Valeur

DECIMALES = Decimal("0.000001")

TEMPS, DEFINITION = "temps", "definition"

RECONSTRUCTION = CAUSES.index("definition")

CAUSE_DE_L_ETAPE: Mapping[str, int] = {
    **{cause: CAUSES.index(cause) for cause in ("normal", "tardif", "correction", "retrait")},
    "reconstruction": RECONSTRUCTION,
}
"""The cause of the cells that a step brings in."""

ETAPES = (TEMPS, *CAUSE_DE_L_ETAPE, DEFINITION)
"""In the order in which they are applied."""

_COMPTES = ("ajoutes", "retires")

_GENRE = {table: genre for genre, table in TABLE.items()}

_AVANT = -1
"""Stands for the cause of what was known on the first day."""


@dataclass(frozen=True, slots=True)
class Lecture:
    """One of the two readings: Paris recorded day, its present (Unix seconds) and the definition it is read under."""

    jour: int
    maintenant: int
    indicateur: Indicateur


@dataclass(frozen=True, slots=True)
class Etape:
    """One step. ``avant``, ``apres``: the figure on either side, None when not measured; ``n`` likewise.

    ``effet``: what it adds to the figure as last measured; None when it cannot be told (not measured, or another
    unit). ``ajoutes``, ``retires``: items that the cells it brings in add to those the indicator reads, or take out.
    """

    cause: str
    avant: Decimal | None
    apres: Decimal | None
    n_avant: int
    n_apres: int
    effet: Decimal | None
    ajoutes: int = 0
    retires: int = 0


@dataclass(frozen=True, slots=True)
class Comparaison:
    """Both figures and the steps between. ``separable``: False when the cells of the second day no longer hold what
    the former definition asks; there is then a single step, of the definition."""

    a: Lecture
    b: Lecture
    valeur_a: Decimal | None
    valeur_b: Decimal | None
    n_a: int
    n_b: int
    etapes: Sequence[Etape]
    separable: bool

    @property
    def difference(self) -> Decimal | None:
        """None when one is not measured, or when they are not in the same unit."""
        if self.valeur_a is None or self.valeur_b is None or self.a.indicateur.unite != self.b.indicateur.unite:
            return None
        return self.valeur_b - self.valeur_a


class CellierParEtape(Cellier):
    """Cells recorded up to the first day, and since then those of the causes in ``gardees``. Each question is put
    once, whatever causes are kept; ``lues``: what the last questions gave, with the cause of each row."""

    def __init__(self, schema: str, jour_a: int) -> None:
        super().__init__(schema, {})
        self._etape = f"CASE WHEN enregistre <= {jour_a:d} THEN {_AVANT} ELSE cause END"
        self.gardees: tuple[int, ...] = ()
        self.lues: list[Mapping[str, Entiers]] = []

    async def sommer(
        self, conn: AsyncConnection, filtre: Filtre, selections: Sequence[Selection], mesures: Sequence[str]
    ) -> dict[str, Entiers]:
        partagees = [
            replace(s, colonnes={**s.colonnes, "etape": self._etape, **_comptes(s, mesures)}) for s in selections
        ]
        lues = await super().sommer(conn, filtre, partagees, (*mesures, *_COMPTES))
        self.lues.append(lues)
        garde = np.isin(lues["etape"], (_AVANT, *self.gardees))
        return {nom: colonne[garde] for nom, colonne in lues.items() if nom not in ("etape", *_COMPTES)}

    def mouvements(self, cause: int) -> tuple[int, int]:
        """Items added and taken out by the rows of a cause, in what the last questions gave."""
        ajoutes = retires = 0
        for lues in self.lues:
            lignes = lues["etape"] == cause
            ajoutes += int(lues["ajoutes"][lignes].sum())
            retires += int(lues["retires"][lignes].sum())
        return ajoutes, retires

    def _source(self, table: str) -> str:
        """Summed over shards: what folding and sealing move from one to another is no movement."""
        genre = _GENRE[table]
        version = ", ".join((*DIMENSIONS[genre], "enregistre", "cause"))
        sommes = ", ".join(f"sum({m})::bigint AS {m}" for m in MESURES[genre])
        return f"(SELECT {version}, {sommes} FROM {super()._source(table)} GROUP BY {version}) AS {table}"


def _comptes(selection: Selection, mesures: Sequence[str]) -> dict[str, str]:
    n = selection.colonnes[next((nom for nom in ("n", "den") if nom in mesures), mesures[0])]
    return {"ajoutes": f"greatest({n}, 0)", "retires": f"greatest(-({n}), 0)"}


async def comparer(
    conn: AsyncConnection,
    schema: str,
    dictionnaire: Dictionnaire,
    demande: Demande,
    a: Lecture,
    b: Lecture,
    *,
    separable: bool,
) -> Comparaison:
    """The steps from ``a`` to ``b`` for the one caisse (None: the network) and period of ``demande``.

    All is read in the caller's transaction, which must be of one snapshot. ``separable``: the former definition can
    be computed on the cells of the second day. Raises DemandeInvalide as ``Evaluateur.valeurs``.
    """
    cellier = CellierParEtape(schema, a.jour)
    evaluateur = Evaluateur(schema, dictionnaire, cellier)
    demande = replace(demande, connu=b.jour)

    async def lire(lecture: Lecture, indicateur: Indicateur, causes: Sequence[int]) -> tuple[Decimal | None, int]:
        cellier.gardees, cellier.lues = tuple(causes), []
        question = replace(demande, indicateur=indicateur, maintenant=lecture.maintenant)
        return _arrondie(await evaluateur.valeurs(conn, question), demande.caisse)

    toutes = tuple(CAUSE_DE_L_ETAPE.values())
    depart = await lire(a, a.indicateur, ())
    etapes: list[Etape] = []
    chaine = _Chaine(depart)
    if separable:
        etapes.append(chaine.suivre(TEMPS, await lire(b, a.indicateur, ())))
        for rang, (nom, cause) in enumerate(CAUSE_DE_L_ETAPE.items(), 1):
            point = await lire(b, a.indicateur, toutes[:rang])
            etapes.append(chaine.suivre(nom, point, cellier.mouvements(cause)))
    fin = await lire(b, b.indicateur, toutes)
    etapes.append(chaine.suivre(DEFINITION, fin, comparable=a.indicateur.unite == b.indicateur.unite))
    return Comparaison(a, b, depart[0], fin[0], depart[1], fin[1], etapes, separable)


_Point = tuple[Decimal | None, int]


class _Chaine:
    """Goes from figure to figure; an effect is counted from the last one that was measured."""

    def __init__(self, depart: _Point) -> None:
        self._point = depart
        self._mesuree = depart[0]

    def suivre(
        self, cause: str, point: _Point, mouvements: tuple[int, int] = (0, 0), *, comparable: bool = True
    ) -> Etape:
        (avant, n_avant), (apres, n_apres) = self._point, point
        dite = comparable and apres is not None and self._mesuree is not None
        effet = apres - self._mesuree if dite and apres is not None and self._mesuree is not None else None
        self._point = point
        self._mesuree = self._mesuree if apres is None else apres
        return Etape(cause, avant, apres, n_avant, n_apres, effet, *mouvements)


def _arrondie(valeurs: Sequence[Valeur], caisse: int | None) -> _Point:
    trouvee = next((v for v in valeurs if v.caisse == (RESEAU if caisse is None else caisse)), None)
    if trouvee is None or trouvee.valeur is None:
        return None, 0
    return Decimal(trouvee.valeur).quantize(DECIMALES).normalize() + 0, trouvee.n


def utiles(comparaison: Comparaison) -> Iterator[Etape]:
    """The steps that moved something: the figure, the number of items, or items against each other."""
    for etape in comparaison.etapes:
        if etape.avant != etape.apres or etape.n_avant != etape.n_apres or etape.ajoutes or etape.retires:
            yield etape
