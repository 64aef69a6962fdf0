"""What the simulator is told: volumes, profiles and delays, read from the YAML files beside it and checked.

Each figure's source, or its mark as a hypothesis, stands in the file.
"""

from datetime import date, timedelta
from importlib.resources import files
from typing import Any

import msgspec
import yaml

PROCESSUS = (
    "appel", "courriel", "reclamation", "fse", "fsp", "ij", "cmuc_acs",
    "courrier", "accueil", "ame", "carte_vitale", "supervision", "enquete", "effectif",
)  # fmt: skip
"""In the order of their random streams: a new one goes last, so that the others still draw the same."""
CONTACTS = frozenset({"appel", "courriel", "reclamation", "courrier", "accueil", "supervision", "enquete", "effectif"})
"""Processes of the service ``contacts``; the others belong to ``claims``."""


class Volume(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One process: items a year in the whole network, month and weekday factors, days simulated beforehand."""

    volume: int
    source: str
    saison: tuple[float, ...]
    semaine: tuple[float, ...]
    hypothese: bool = False
    amorce: int = 0


class Telephone(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The telephone platforms; meanings and units in ``telephone.yaml``."""

    ouverture: float
    profil: tuple[float, ...]
    etp: float
    calage: tuple[tuple[float, float], tuple[float, float]]
    rigidite_planning: float
    dispersion_effectif: float
    dispersion_decroche: float
    choc_jour: float
    part_hors_horaires: float
    part_serveur_vocal: float
    part_abandon_court: float
    attente_decroche: float
    attente_abandon: float
    duree: float
    part_niveau_2: float
    part_reiteration: float


class Beneficiaire(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Care sheets of one kind of payee: share, mean delay (calendar days), and how receptions are grouped."""

    part: float
    moyenne: float
    sigma: float
    groupes_max: int
    par_groupe: int


class Feuilles(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    beneficiaires: dict[str, Beneficiaire]
    rejet: float
    dispersion: float


class Part(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A share and the relative delay of what has it."""

    part: float
    facteur: float


class Ij(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    moyenne: float
    sigma: float
    dispersion: float
    subrogee: Part
    risque_at_mp: float
    canaux: dict[str, Part]
    aat_en_ligne: float
    dsij_avant_aat: float
    ecart_pieces: float
    avis_medical: float
    issues: dict[str, float]


class Cmuc(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    moyenne: float
    sigma: float
    dispersion: float
    incomplet: float
    suspension: float
    supports: dict[str, float]
    premiere_demande: float
    issues: dict[str, float]


class Courriel(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    part_48h: float
    dispersion: float
    sans_reponse: float
    retard: float
    transfere: float


class ServiceReclamation(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    part: float
    en_10j: float
    en_21j: float


class Reclamation(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    services: dict[str, ServiceReclamation]
    dispersion: float
    supports: dict[str, float]
    avis_medical: float
    annulee: float


class Demande(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Files opened on ``depart``, closed by one of ``issues``; ``incomplet`` of them wait ``suspension`` days."""

    depart: str
    moyenne: float
    sigma: float
    dispersion: float
    issues: dict[str, float]
    attributs: dict[str, dict[str, float]]
    incomplet: float = 0.0
    suspension: float = 0.0


class Accueil(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    attente: float
    sigma: float
    dispersion: float
    partis: float
    rendez_vous: float
    groupes_max: int


class Supervision(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    points: int
    fiabilite: dict[str, float]


class Effectif(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    presence: float
    occupation: float
    jours: int


class Mesures(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What is measured of the contacts; meanings and units in ``mesures.yaml``."""

    supervision: Supervision
    enquete: dict[str, dict[str, float]]
    effectif: Effectif


class Derive(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    amplitude: float
    periode: float


class Delais(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    fse: Feuilles
    fsp: Feuilles
    ij: Ij
    cmuc_acs: Cmuc
    courriel: Courriel
    reclamation: Reclamation
    courrier: Demande
    ame: Demande
    carte_vitale: Demande
    accueil: Accueil
    derive: Derive


class Volumes(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    processus: dict[str, Volume]
    motifs: dict[str, float]
    regimes: dict[str, float]


class Population(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    hypothese: bool
    milliers: dict[int, int]


class Incident(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One line of a scenario. ``du`` and ``au`` (both included): ISO dates, or ``J-n`` counted from the end."""

    processus: str
    caisse: str
    du: str
    au: str
    effet: str
    facteur: float = 1.0
    productrice: str = ""
    part: float = 0.0


class Aleas(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Shares of events that come as real ones do; ``invalides`` are extra lines that must be refused."""

    tardifs: float = 0.01
    doublons: float = 0.01
    desordre: float = 0.005
    corrections: float = 0.003
    retraits: float = 0.001
    invalides: float = 0.0


class Config(msgspec.Struct, frozen=True, kw_only=True):
    """One run. ``fin`` is the first day not replayed; the replay lasts ``mois`` months before it."""

    fin: date
    graine: int = 1
    mois: int = 8
    fraction: int = 100
    aleas: Aleas = Aleas()
    incidents: tuple[Incident, ...] = ()
    volumes: Volumes
    telephone: Telephone
    delais: Delais
    population: Population
    mesures: Mesures

    @property
    def debut(self) -> date:
        """First day replayed: the same day of the month, ``mois`` months before ``fin``."""
        rang = self.fin.year * 12 + self.fin.month - 1 - self.mois
        premier = date(rang // 12, rang % 12 + 1, 1)
        dernier = (premier + timedelta(days=32)).replace(day=1) - timedelta(days=1)
        return premier.replace(day=min(self.fin.day, dernier.day))


def lire_yaml(nom: str) -> Any:
    """The content of a data file of the simulator."""
    return yaml.load((files("simulator") / "donnees" / nom).read_text(encoding="utf-8"), Loader=yaml.CSafeLoader)


def scenario_demo() -> tuple[Incident, ...]:
    """The incidents of the demonstration."""
    return msgspec.convert(lire_yaml("scenario_demo.yaml"), tuple[Incident, ...])


def configurer(
    fin: date,
    *,
    graine: int = 1,
    mois: int = 8,
    fraction: int = 100,
    aleas: Aleas | None = None,
    incidents: tuple[Incident, ...] | None = None,
) -> Config:
    """A run with the shipped data; ``incidents`` None: those of the demonstration, () for none."""
    return Config(
        fin=fin,
        graine=graine,
        mois=mois,
        fraction=fraction,
        aleas=Aleas() if aleas is None else aleas,
        incidents=scenario_demo() if incidents is None else incidents,
        volumes=msgspec.convert(lire_yaml("volumes.yaml"), Volumes),
        telephone=msgspec.convert(lire_yaml("telephone.yaml"), Telephone),
        delais=msgspec.convert(lire_yaml("delais.yaml"), Delais),
        population=msgspec.convert(lire_yaml("population.yaml"), Population),
        mesures=msgspec.convert(lire_yaml("mesures.yaml"), Mesures),
    )
