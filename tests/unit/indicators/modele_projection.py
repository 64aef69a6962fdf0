"""Files drawn from a law that is known: so many a day, closed each day worked with the same probability."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from shared.indicators.periodes import Periode
from shared.indicators.projection.projeter import COMPTEE
from shared.indicators.projection.triangle import JOURS_LUS
from shared.network.calendrier import Calendrier

CALENDRIERS = {75: Calendrier("Métropole"), 67: Calendrier("Alsace-Moselle"), 972: Calendrier("Martinique")}
_PAR_JOUR = {75: 30.0, 67: 12.0, 972: 0.7}
_JAMAIS = 10**6
_JOUR = 86_400

Cellules = dict[str, np.ndarray]


@dataclass(frozen=True, slots=True)
class Fichier:
    """One row per file: caisse, day opened, day closed."""

    caisse: np.ndarray
    ouvert: np.ndarray
    clos: np.ndarray
    arrete: int

    def connues(self, arrete: int | None = None) -> tuple[Cellules, Cellules]:
        """Openings and closings as they are known on the evening of ``arrete``."""
        arrete = self.arrete if arrete is None else arrete
        venus = self.ouvert <= arrete
        partis = self.clos <= arrete
        anciens, recents = partis & (self.clos <= arrete - JOURS_LUS), partis & (self.clos > arrete - JOURS_LUS)
        ouvertures = {
            "caisse": np.concatenate([self.caisse[venus], self.caisse[anciens]]),
            "jour": np.concatenate([self.ouvert[venus], self.ouvert[anciens]]),
            "n": np.concatenate([np.ones(venus.sum(), dtype=np.int64), -np.ones(anciens.sum(), dtype=np.int64)]),
        }
        durees = (self.clos - self.ouvert)[recents]
        clotures = {
            "caisse": self.caisse[recents], "jour_ouvert": self.ouvert[recents], "jour": self.clos[recents],
            "n": np.ones_like(durees), "classe": np.full_like(durees, COMPTEE), "secondes": durees * _JOUR,
        }  # fmt: skip
        return ouvertures, clotures

    def nombre(self, caisse: int) -> int:
        return int((self.caisse == caisse).sum())

    def ouverts(self, caisse: int, soir: int) -> int:
        return int(((self.caisse == caisse) & (self.ouvert <= soir) & (self.clos > soir)).sum())

    def delai_moyen(self, caisse: int, periode: Periode) -> float:
        ici = (self.caisse == caisse) & (self.clos >= periode.du) & (self.clos <= periode.au)
        return float((self.clos - self.ouvert)[ici].mean())


def fichier(
    graine: int,
    arrete: int,
    jours: int,
    risque: float = 0.15,
    par_jour: Mapping[int, float] = _PAR_JOUR,
    arrivee: Mapping[int, int] | None = None,
) -> Fichier:
    """Files of the days up to ``arrete``. ``arrivee``: first day of a caisse that came later."""
    rng = np.random.default_rng(graine)
    colonnes: list[np.ndarray] = []
    for caisse, moyenne in par_jour.items():
        calendrier = CALENDRIERS[caisse]
        debut = (arrivee or {}).get(caisse, arrete - jours + 1)
        dates = np.arange(debut, arrete + 1)
        ouvres = np.diff(calendrier.ouvres_cumul(np.arange(debut, arrete + 2)))
        ouvert = np.repeat(dates, rng.poisson(moyenne * ouvres))
        duree = rng.geometric(risque, len(ouvert)) - 1
        clos = np.array([calendrier.ajouter_ouvres(int(o), int(d)) for o, d in zip(ouvert, duree, strict=True)])
        colonnes.append(np.stack([np.full(len(ouvert), caisse), ouvert, clos]))
    caisses, ouverts, clos = np.concatenate(colonnes, axis=1)
    return Fichier(caisses, ouverts, np.where(clos > arrete, _JAMAIS, clos), arrete)
