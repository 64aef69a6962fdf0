"""What the tests of dossiers are made with: a small network, hand-made events, and a store kept in memory."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from shared.catalogue.processus import Processus, processus
from shared.dossiers.contributions import DIMENSIONS, MESURES, Lieu
from shared.dossiers.contributions_en_lot import CalculEnLot
from shared.dossiers.effets import Cle, Existant, Groupe, fusionner
from shared.dossiers.gardees import decoder_contributions
from shared.events.contrat import Contenu, Evenement
from shared.network.heure_locale import fuseau

PARIS = ZoneInfo("Europe/Paris")
NORMAL, TARDIF, CORRECTION, RETRAIT = range(4)
CPAM, CGSS, PRENANTE = 751, 974, 594
"""Organism codes of a caisse in Paris, one on La Réunion (four hours ahead or three), and one that helps."""

ZONES = {CPAM: "Europe/Paris", CGSS: "Indian/Reunion", PRENANTE: "Europe/Paris"}


def ts(texte: str, zone: str = "Europe/Paris") -> int:
    """Unix second of a local time written ``2026-03-03 09:00``."""
    return int(datetime.fromisoformat(texte).replace(tzinfo=ZoneInfo(zone)).timestamp())


def jour(texte: str) -> int:
    """Day number of a date written ``2026-03-03``."""
    return (date.fromisoformat(texte) - date(1970, 1, 1)).days


def semaine(j1: int, j2: int) -> int:
    """Mondays to Fridays in [j1, j2), one by one."""
    signe = 1 if j2 >= j1 else -1
    jours = range(min(j1, j2), max(j1, j2))
    return signe * sum((date(1970, 1, 1) + timedelta(days=j)).weekday() < 5 for j in jours)


def lieux(prenantes: Mapping[int, int] | None = None) -> dict[int, Lieu]:
    """The small network; ``prenantes``: caisse -> the one that does all its work."""
    pris = prenantes or {}
    return {
        code: Lieu(
            fuseau(zone), semaine, lambda a, b: b - a, lambda p, j, c=code: pris.get(c, 0), lambda p, c=code: c in pris
        )
        for code, zone in ZONES.items()
    }


class Codes:
    """A dictionary in memory, numbered in the order names come, or from ``premiers``."""

    def __init__(self, *premiers: tuple[str, str]) -> None:
        self._codes: dict[tuple[str, str], int] = {nom: rang for rang, nom in enumerate(premiers, 1)}

    def code(self, genre: str, valeur: str, /) -> int:
        return self._codes.setdefault((genre, valeur), len(self._codes) + 1)

    def nom(self, genre: str, code: int, /) -> str:
        return next((v for (g, v), c in self._codes.items() if (g, c) == (genre, code)), "")


@dataclass(frozen=True)
class Dit:
    """An event as a person would say it. ``jalons`` in Unix seconds; empty with ``retrait``."""

    id: str
    jalons: Mapping[str, int | list[int]] = field(default_factory=dict)
    source: str = "a"
    revision: int = 0
    retrait: bool = False
    temps: int = 0
    caisse: int = CPAM
    productrice: int = 0
    plateforme: str = ""
    nombre: int = 0
    attributs: Mapping[str, str] = field(default_factory=dict)
    subject: str = "D1"
    enregistre: int = 0
    cause: int = NORMAL


def evenement(dit: Dit, codes: Codes, process: str) -> Evenement:
    """The accepted event, its source numbered."""
    source = codes.code("source", dit.source)
    if dit.retrait:
        contenu = Contenu(source, dit.id, dit.revision)
    else:
        instants = [t for v in dit.jalons.values() for t in ([v] if isinstance(v, int) else v)]
        contenu = Contenu(
            source, dit.id, dit.revision, dit.temps or max(instants, default=1), dict(dit.jalons), dit.caisse,
            dit.productrice, dit.plateforme, dit.nombre, dict(dit.attributs),
        )  # fmt: skip
    return Evenement(process, dit.source, "ns", dit.subject, contenu, dit.enregistre, dit.cause)


class CalculEnColonnes(CalculEnLot):
    """In columns from the first dossier on."""

    LOT_MIN = 1


class Magasin:
    """Dossier rows and cells in memory, written as the store writes them."""

    def __init__(
        self, definition: Processus | str, codes: Codes | None = None, reseau: Mapping[int, Lieu] | None = None
    ):
        self.definition = processus(definition) if isinstance(definition, str) else definition
        self.codes = codes or Codes()
        self.reseau = reseau or lieux()
        self.calcul = CalculEnColonnes(self.definition, self.reseau, self.codes)
        self.lignes: dict[Cle, tuple] = {}
        self.cellules: Counter[tuple] = Counter()
        """(kind, dims, recorded day, cause, measure rank) -> amount, zeros included."""

    def redefinir(self, definition: Processus) -> None:
        """From now on the catalogue says otherwise."""
        self.definition = definition
        self.calcul = CalculEnColonnes(definition, self.reseau, self.codes)

    def lot(self, dits: Iterable[Dit]) -> None:
        """One batch."""
        groupes: dict[Cle, Groupe] = {}
        for dit in dits:
            e = evenement(dit, self.codes, self.definition.code)
            version = (dit.enregistre, dit.cause)
            groupes.setdefault((dit.subject, 1), (self.calcul, []))[1].append((version, e.contenu))
        existants: dict[Cle, Existant] = {
            cle: (self.lignes[cle][2], self.lignes[cle][3], self.lignes[cle][7])
            for cle in groupes
            if cle in self.lignes
        }
        effets = fusionner(groupes, existants)
        assert not {(li[1], li[0]) for li in effets.nouvelles} & set(existants)
        assert {(li[1], li[0]) for li in effets.changees} <= set(existants)
        for ligne in (*effets.nouvelles, *effets.changees):
            self.lignes[ligne[1], ligne[0]] = ligne
        for genre, lignes in effets.cellules.items():
            dims, mesures = len(DIMENSIONS[genre]), len(MESURES[genre])
            for ligne in lignes.tolist():
                for rang, montant in enumerate(ligne[-mesures:]):
                    self.cellules[genre, tuple(ligne[:dims]), ligne[dims], ligne[dims + 1], rang] += montant

    def dossiers(self) -> dict[str, tuple[bytes, list]]:
        """Per subject: state, contributions."""
        return {cle[0]: (ligne[2], decoder_contributions(ligne[3])) for cle, ligne in self.lignes.items()}

    def versions(self, jusque: int | None = None) -> dict[tuple, int]:
        """Cells with recorded day and cause, zeros left out; those recorded up to a day when one is given."""
        return {c: n for c, n in self.cellules.items() if n and (jusque is None or c[2] <= jusque)}

    def sommes(self, jusque: int | None = None) -> dict[tuple, int]:
        """Cells summed over recorded day and cause, zeros left out."""
        return additionner((c[0], c[1], c[4], n) for c, n in self.versions(jusque).items())

    def gardees(self) -> dict[tuple, int]:
        """What the rows say they put into the cells, summed."""
        return additionner(
            (genre, dims, rang, montant)
            for _, contributions in self.dossiers().values()
            for genre, dims, montants in contributions
            for rang, montant in enumerate(montants)
        )


def additionner(termes: Iterable[tuple]) -> dict[tuple, int]:
    """Sum of (*key, amount), zeros left out."""
    total: Counter[tuple] = Counter()
    for *cle, montant in termes:
        total[tuple(cle)] += montant
    return {cle: n for cle, n in total.items() if n}


def jouer(definition: Processus | str, lots: Iterable[Sequence[Dit]], **reglages) -> Magasin:
    """A store after these batches."""
    magasin = Magasin(definition, **reglages)
    for lot in lots:
        magasin.lot(lot)
    return magasin


def seules(magasin: Magasin) -> list[tuple[int, tuple[int, ...], tuple[int, ...]]]:
    """Contributions of the only dossier."""
    ((_, contributions),) = magasin.dossiers().values()
    return contributions
