"""Pôles: teams of an aidante that can work for others for a while (IGAS 2017, tome I [64])."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from services.entraide.domain.activites import parametres, productivite
from services.entraide.domain.semaines import Horizon, lundi_de


@dataclass(frozen=True, slots=True)
class Pole:
    """One pôle. Days are day numbers.

    ``etp``: ETP it can lend in an ordinary week; ``exceptions``: by Monday, another number for that week.
    ``process``: what it can work on; ``productivites``: its own observed yearly volume per ETP, in the process's own
    unit, where known. ``voies``: ways in it can use; ``remises``: ways of receiving files it accepts;
    ``couloirs``: information systems it reaches, its own included. ``montee``: ramp-up, share of full productivity
    in the first weeks. ``donne``: ETP-weeks given over the last twelve months.
    """

    cle: str
    caisse: str
    process: frozenset[str]
    etp: float
    voies: frozenset[str]
    remises: frozenset[str] = frozenset({"fil_de_l_eau", "complexite"})
    couloirs: frozenset[str] = frozenset({"general"})
    exceptions: Mapping[int, float] = field(default_factory=dict)
    productivites: Mapping[str, float] = field(default_factory=dict)
    montee: tuple[float, ...] | None = None
    donne: float = 0.0

    def rythme(self, process: str) -> float:
        """Its productivity against the reference that sizes needs. Raises ProductiviteInconnue."""
        reference = productivite(process).volume
        return self.productivites.get(process, reference) / reference

    @property
    def acculturation(self) -> tuple[float, ...]:
        return tuple(parametres()["montee_en_charge"]) if self.montee is None else self.montee

    def etp_par_semaine(self, horizon: Horizon) -> tuple[float, ...]:
        """ETP it can lend in each week, before what it already lends."""
        return tuple(max(0.0, self.exceptions.get(horizon.lundi(r), self.etp)) for r in range(horizon.nombre))


@dataclass(frozen=True, slots=True)
class Offre:
    """An unsolicited offer: ETP a pôle puts forward for a process, from ``du`` to ``au`` included."""

    pole: str
    process: str
    etp: float
    du: int
    au: int


def avec_offres(pole: Pole, offres: tuple[Offre, ...], horizon: Horizon) -> Pole:
    """The pôle with what it offers added to its ETP, week by week, and the process offered to its own.

    A week counts when the whole of it is offered.
    """
    siennes = [o for o in offres if o.pole == pole.cle]
    exceptions = dict(pole.exceptions)
    for rang in range(horizon.nombre):
        lundi = horizon.lundi(rang)
        ajout = sum(o.etp for o in siennes if lundi_de(o.du + 6) <= lundi and lundi + 4 <= o.au)
        if ajout:
            exceptions[lundi] = exceptions.get(lundi, pole.etp) + ajout
    return replace(pole, process=pole.process | {o.process for o in siennes}, exceptions=exceptions)
