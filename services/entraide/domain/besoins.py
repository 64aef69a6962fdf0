"""Needs: what a caisse lacks on a process, in the process's own unit, and the ETP it takes.

Sizing: the run-off projection gives the volume that must be worked on top each week to hold the objectif with a
reserve; a sourced productivity turns it into ETP-weeks, else the result is marked ``hypothese``.
"""

from dataclasses import dataclass
from typing import Literal

from services.entraide.domain.activites import Productivite, parametres, productivite
from services.entraide.domain.projection import Projection, Situation, a_absorber, avec_reserve, projeter

Motif = Literal["decision_comite", "accumulation", "reorganisation", "adossement", "preparation_comite"]
"""Where a need comes from: the comité, the caisse itself (files piling up, a planned reorganisation), files arriving
from another regime without staff, or the comité's preparation (then it is provisional)."""

PROVISOIRES: frozenset[Motif] = frozenset({"preparation_comite"})

JOURS_PAR_ETP_SEMAINE = 5
"""Working days of an ETP-week."""


@dataclass(frozen=True, slots=True)
class Besoin:
    """A need of a caisse. Days are day numbers, both included.

    ``volume``: to absorb, in the unit of the process. ``voies``: ways in open at the aidée. ``remise``: how files
    are given. ``couloir``: the information system they are in. ``obstacles``: what forbids passing them on.
    ``priorite``: multiplies the cost of what is missing, as the comité decided.
    """

    cle: str
    caisse: str
    process: str
    motif: Motif
    debut: int
    fin: int
    volume: float
    voies: frozenset[str]
    remise: str = "fil_de_l_eau"
    couloir: str = "general"
    obstacles: frozenset[str] = frozenset()
    priorite: int = 1

    @property
    def provisoire(self) -> bool:
        return self.motif in PROVISOIRES


@dataclass(frozen=True, slots=True)
class Dimensionnement:
    """What a need amounts to. ``volume`` and the weekly series are in ``unite``; ETP-weeks are of five working days.

    ``par_semaine``: least volume to work on top each week so as never to be late on the objectif, reserve included;
    ``volume``: its sum. ``manque_*``: volume missing at the end of each week without aid, that of the objectif with
    the reserve; ``projection`` has what is late on the objectif itself.
    """

    process: str
    unite: str
    volume: float
    par_semaine: tuple[float, ...]
    manque_socle: tuple[float, ...]
    manque_objectif: tuple[float, ...]
    etp_semaines: float
    productivite: Productivite
    projection: Projection

    @property
    def hypothese(self) -> bool:
        """Whether the conversion to ETP rests on an assumption."""
        return self.productivite.hypothese

    def etp(self, semaines: int) -> float:
        """ETP to absorb the volume in that many weeks."""
        return self.etp_semaines / semaines


def dimensionner(process: str, situation: Situation) -> Dimensionnement:
    """Size a need of files from a projection. Raises ProductiviteInconnue when nothing converts the volume to ETP."""
    reference = productivite(process)
    visee = avec_reserve(situation, parametres()["reserve"]["aidee"])
    projection, par_semaine = projeter(situation), a_absorber(visee)
    return Dimensionnement(
        process=process,
        unite=reference.unite,
        volume=sum(par_semaine),
        par_semaine=par_semaine,
        manque_socle=projection.retard_socle,
        manque_objectif=projeter(visee).retard_objectif,
        etp_semaines=en_etp_semaines(process, sum(par_semaine)),
        productivite=reference,
        projection=projection,
    )


def en_etp_semaines(process: str, volume: float) -> float:
    """ETP-weeks that a volume of a process takes at the reference productivity. Raises ProductiviteInconnue."""
    return volume / (productivite(process).par_jour * JOURS_PAR_ETP_SEMAINE)


def en_volume(process: str, etp_semaines: float) -> float:
    """The opposite of ``en_etp_semaines``."""
    return etp_semaines * productivite(process).par_jour * JOURS_PAR_ETP_SEMAINE


def fragilite_structurelle(debuts: tuple[int, ...], jour: int, missions: int, jours: int) -> bool:
    """Whether missions to one caisse and process begun in the last ``jours`` days reach the number that flags it.

    PHARE answers no structural weakness: IGAS 2017, tome I [65].
    """
    return sum(jour - jours < debut <= jour for debut in debuts) >= missions
