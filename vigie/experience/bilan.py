"""Runs of the same seeds side by side: measures of each policy, paired differences with their intervals."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import sqrt

import numpy as np

from simulator.jumeau.parametres import DOSSIERS, PROCESS
from vigie.experience.besoins import Regle
from vigie.experience.campagne import Resultat

_STUDENT = {
    1: 12.706, 2: 4.303, 3: 3.182, 4: 2.776, 5: 2.571, 6: 2.447, 7: 2.365, 8: 2.306, 9: 2.262, 10: 2.228, 11: 2.201,
    12: 2.179, 13: 2.160, 14: 2.145, 15: 2.131, 16: 2.120, 17: 2.110, 18: 2.101, 19: 2.093, 24: 2.064, 29: 2.045,
    39: 2.023, 59: 2.001, 99: 1.984,
}  # fmt: skip
"""97.5 % quantiles of Student's law by degrees of freedom; between two, the lower one, whose interval is wider."""


@dataclass(frozen=True, slots=True)
class Intervalle:
    """A mean over seeds and its 95 % interval (Student); without a second seed the interval is unknown (NaN)."""

    moyenne: float
    bas: float
    haut: float

    @property
    def distingue(self) -> bool:
        """Whether zero is outside of it."""
        return self.bas > 0 or self.haut < 0


def intervalle(valeurs: Sequence[float]) -> Intervalle:
    """Raises ValueError without a value."""
    if not valeurs:
        raise ValueError("Aucune valeur.")
    moyenne, n = float(np.mean(valeurs)), len(valeurs)
    if n == 1:
        return Intervalle(moyenne, float("nan"), float("nan"))
    quantile = _STUDENT[max(d for d in _STUDENT if d <= n - 1)]
    demi = quantile * float(np.std(valeurs, ddof=1)) / sqrt(n)
    return Intervalle(moyenne, moyenne - demi, moyenne + demi)


@dataclass(frozen=True, slots=True)
class Mesure:
    """One line of the tables: a number of a run, read beside the same seed's run without aid."""

    cle: str
    libelle: str
    lire: Callable[[Resultat, Resultat], float]


def _par_process(champ: str, nom: str) -> list[Mesure]:
    def lire(rang: int) -> Callable[[Resultat, Resultat], float]:
        return lambda r, _: float(getattr(r, champ)[rang].sum())

    return [Mesure(f"{champ}_{p}", f"{nom}, {LIBELLES[p]}", lire(i)) for i, p in enumerate(PROCESS)]


def _retard(process: str) -> Mesure:
    return Mesure(
        f"retard_{process}", f"Dossiers en retard, {LIBELLES[process]} (moyenne des fins de mois)",
        lambda r, _: r.retards[process],
    )  # fmt: skip


LIBELLES = {"appel": "téléphone", "courriel": "courriels", "fsp": "FSP", "ij": "IJ", "cmuc_acs": "CMU-C et ACS"}


def _fait(process: str) -> Callable[[Resultat, Resultat], float]:
    return lambda r, _: float(r.volumes[process])


def _cellules(champ: str) -> Callable[[Resultat, Resultat], float]:
    return lambda r, _: float(getattr(r, champ).sum())


def _caisses_alertees(r: Resultat, _: Resultat) -> float:
    return float(r.en_alerte.any(axis=(0, 2)).sum())


def _regagnes(r: Resultat, base: Resultat) -> float:
    return float((r.aidees & base.sous_socle & ~r.sous_socle).sum())


def _torts(champ: str) -> Callable[[Resultat, Resultat], float]:
    return lambda r, base: float((r.aidantes & getattr(r, champ) & ~getattr(base, champ)).sum())


MESURES: tuple[Mesure, ...] = (
    Mesure("sous_socle", "Caisse-mois sous le socle", _cellules("sous_socle")),
    *_par_process("sous_socle", "… dont"),
    Mesure("sous_objectif", "Caisse-mois sous l'objectif", _cellules("sous_objectif")),
    *_par_process("sous_objectif", "… dont"),
    Mesure("en_alerte", "Caisse-mois au-delà du seuil d'alerte", _cellules("en_alerte")),
    Mesure("caisses_alertees", "Caisses au-delà d'un seuil d'alerte dans la période", _caisses_alertees),
    *(_retard(p) for p in DOSSIERS),
    Mesure("perdus", "Appelants perdus", lambda r, _: float(r.perdus)),
    Mesure("regagnes", "Caisse-mois aidés repassés au-dessus du socle", _regagnes),
    Mesure("torts_objectif", "Caisse-mois d'aidantes passés sous l'objectif", _torts("sous_objectif")),
    Mesure("torts_socle", "Caisse-mois d'aidantes passés sous le socle", _torts("sous_socle")),
    Mesure("aidantes", "Caisse-mois d'aidantes", _cellules("aidantes")),
    Mesure("etp_semaines", "ETP-semaines prêtées", lambda r, _: sum(r.etp_semaines.values())),
    *(Mesure(f"fait_{p}", f"Traitements faits par des aidantes, {LIBELLES[p]}", _fait(p)) for p in DOSSIERS),
    Mesure("missions", "Missions", lambda r, _: float(r.missions)),
    Mesure("besoins", "Besoins reconnus", lambda r, _: float(len(r.besoins))),
    Mesure("lettres", "Lettres d'alerte", lambda r, _: float(r.lettres)),
)

MESURE = {m.cle: m for m in MESURES}


class Appariement:
    """Every run, by (rule, policy, seed). The run without aid is the same under both rules."""

    def __init__(self, resultats: Sequence[Resultat]) -> None:
        self._par_cle = {(r.regle, r.politique, r.graine): r for r in resultats}
        self.graines = tuple(sorted({r.graine for r in resultats}))

    def resultat(self, regle: Regle, politique: str, graine: int) -> Resultat:
        return self._par_cle["comite" if politique == "sans_aide" else regle, politique, graine]

    def valeurs(self, mesure: Mesure, regle: Regle, politique: str) -> list[float]:
        """One value per seed."""
        return [
            mesure.lire(self.resultat(regle, politique, g), self.resultat(regle, "sans_aide", g)) for g in self.graines
        ]

    def niveau(self, mesure: Mesure, regle: Regle, politique: str) -> Intervalle:
        return intervalle(self.valeurs(mesure, regle, politique))

    def difference(self, mesure: Mesure, regle: Regle, politique: str, contre: str) -> Intervalle:
        """``politique`` less ``contre``, seed by seed."""
        paires = zip(self.valeurs(mesure, regle, politique), self.valeurs(mesure, regle, contre), strict=True)
        return intervalle([a - b for a, b in paires])
