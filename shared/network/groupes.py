"""Groups of comparable caisses: for each, those most like it in size, volumes and mix of files.

Every caisse has a group of its own, in which it stands in the middle rather than at an edge. Deterministic: equal
distances are settled by organism code.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from math import log1p
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from shared.network.lecture import lire_donnees

Activite = Mapping[tuple[str, str], int]
"""(process, stratum) -> items of a caisse."""

_CRITERES = ("taille", "volumes", "composition")


@dataclass(frozen=True, slots=True)
class Criteres:
    """How caisses are compared (``groupes.yaml``). ``jours``: days of activity looked at."""

    nombre: int
    jours: int
    poids: Mapping[str, float]


class Comparable(NamedTuple):
    """One member of a group. ``distance``: 0 for the caisse itself."""

    caisse: int
    distance: float


@lru_cache(maxsize=1)
def charger_criteres() -> Criteres:
    """The criteria packaged with Vigie."""
    return criteres_de(lire_donnees("groupes.yaml"))


def criteres_de(document: Mapping[str, Any]) -> Criteres:
    """Criteria from the content of ``groupes.yaml``. Raises ValueError, in a French sentence."""
    poids = {nom: float(valeur) for nom, valeur in document["poids"].items()}
    if set(poids) != set(_CRITERES) or min(poids.values()) < 0 or not any(poids.values()):
        raise ValueError(f"Groupes comparables : donnez un poids, positif ou nul, à {', '.join(_CRITERES)}.")
    if document["nombre"] < 2 or document["jours"] < 1:
        raise ValueError("Groupes comparables : il faut au moins deux caisses et un jour.")
    return Criteres(int(document["nombre"]), int(document["jours"]), poids)


def comparables(caisse: int, activites: Mapping[int, Activite], criteres: Criteres) -> list[Comparable]:
    """The group of a caisse, nearest first, itself first of all; empty when it has no activity.

    ``activites``: by organism code; a caisse without any is in no group. Each trait is standardised over the
    network, so that none counts more for its unit; a trait that all share counts for nothing.
    """
    actives = {code: a for code, a in sorted(activites.items()) if sum(a.values()) > 0}
    if caisse not in actives:
        return []
    codes = list(actives)
    carres = np.zeros(len(codes))
    ici = codes.index(caisse)
    for critere, traits in zip(_CRITERES, _traits(list(actives.values())), strict=True):
        if traits.shape[1] and criteres.poids[critere]:
            ecarts = _standardises(traits)
            carres += criteres.poids[critere] * np.mean((ecarts - ecarts[ici]) ** 2, axis=1)
    # Rounded, so that two caisses alike but for the last bit are settled by their codes.
    distances = np.round(np.sqrt(carres / sum(criteres.poids.values())), 9)
    ordre = sorted(range(len(codes)), key=lambda i: (i != ici, distances[i], codes[i]))
    return [Comparable(codes[i], float(distances[i])) for i in ordre[: criteres.nombre]]


def _traits(activites: list[Activite]) -> tuple[NDArray[np.float64], ...]:
    """Size, volumes and mix: one row per caisse. Sizes and volumes count by ratio, hence their logarithms."""
    couples = sorted({couple for a in activites for couple in a})
    processus = sorted({process for process, _ in couples})
    volumes = [{p: sum(n for (q, _), n in a.items() if q == p) for p in processus} for a in activites]
    parts = [
        [a.get((p, s), 0) / v[p] if v[p] else 0.0 for p, s in couples] for a, v in zip(activites, volumes, strict=True)
    ]
    return (
        np.array([[log1p(sum(v.values()))] for v in volumes]),
        np.array([[log1p(v[p]) for p in processus] for v in volumes]),
        np.array(parts),
    )


def _standardises(traits: NDArray[np.float64]) -> NDArray[np.float64]:
    ecarts = traits.std(axis=0)
    centres: NDArray[np.float64] = traits - traits.mean(axis=0)
    reduits: NDArray[np.float64] = np.divide(centres, ecarts, out=np.zeros_like(centres), where=ecarts > 1e-12)
    return reduits
