"""What a convention (COG) says of its indicators: rows, targets per year, published results. Values only.

Numbers are exact (``Decimal``), in the unit of their row: a rate of 90 % is ``Decimal("90")``. Whatever the sources
do not give stays a named state; it is never a zero.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Literal

Statut = Literal["ferme", "provisoire", "a_determiner", "absente", "non_applicable"]
"""Of a target: agreed; carried over until revised; announced but not fixed; an empty cell; none by nature."""

Sens = Literal["haut", "bas", "neutre"]
"""Which way is better. ``neutre``: neither, the row cannot be judged."""

Operateur = Literal[">=", "<="]
"""The inclusive bound: a value equal to the target reaches it (IGAS 2017, tome II, L3045: 99,0 for 99,0 is atteint)."""

Statistique = Literal[
    "taux", "moyenne", "quantile 9/10", "nombre", "montant", "evolution", "ecart", "ratio", "note", "seuil", "liste",
    "non_precisee",
]  # fmt: skip
"""What kind of number the row is. Two rows of one name and different statistics are two series."""

TypeDeLigne = Literal["resultat", "suivi", "engagement", "contexte", "non_precise"]
"""``resultat`` and ``suivi`` are the IR and IS of the sources; ``engagement`` is a promise of the text outside any
indicator table; ``contexte`` a figure published beside; ``non_precise``: the table does not say."""

StatutResultat = Literal[
    "mesure", "prevision", "qualitatif", "non_fourni", "abandonne", "non_applicable", "non_significatif"
]
"""``mesure`` and ``prevision`` carry a number, ``qualitatif`` the words of the source, the others nothing."""

VerdictPublie = Literal["atteint", "quasiment_atteint", "non_atteint", "indetermine"]


@dataclass(frozen=True, slots=True)
class Cible:
    """The target of one year, as known since ``connu_le``."""

    annee: int
    statut: Statut
    valeur: Decimal | None
    """The objectif. None unless the target is firm or provisional; None too when it is words (``imprime``)."""
    operateur: Operateur | None
    """None when the row has no better way (``neutre``)."""
    connu_le: date
    """Day from which this target was known: the signature of the convention, or that of an amendment."""
    segment: str | None = None
    """The part of the population it is for; None: all of it."""
    socle: Decimal | None = None
    seuil_alerte: Decimal | None = None
    marge: Decimal | None = None
    """Half-width of the confidence interval printed with a sampled target."""
    base: int | None = None
    """Year against which ``valeur`` is a change; None: ``valeur`` is a level."""
    imprime: str | None = None
    """The words of the source, where a number does not say all."""
    hypothese: bool = False
    """True when the value or its year is not in the sources."""


@dataclass(frozen=True, slots=True)
class Resultat:
    """A result the source publishes for one year."""

    annee: int
    statut: StatutResultat
    valeur: Decimal | None
    segment: str | None = None
    imprime: str | None = None


@dataclass(frozen=True, slots=True)
class VerdictDeSource:
    """A human judgement printed by the source, with who made it and where."""

    verdict: VerdictPublie
    imprime: str
    annee: int
    auteur: str
    reference: str


@dataclass(frozen=True, slots=True)
class Ligne:
    """One indicator row of a convention."""

    code: str
    """Unique within the convention; the same code in two conventions may be two different series."""
    libelle: str
    """As the source prints it."""
    libelle_corrige: str | None
    """What it should be called, when the source mislabels it or has no label of its own."""
    mesure: str
    """One plain sentence."""
    fiche: str
    type: TypeDeLigne
    statistique: Statistique
    unite: str
    sens: Sens
    horloge: str | None
    """The clock in the words of the source, and what it leaves unsaid."""
    calcul: str | None
    """Code of the computed indicator that measures this; None: values are declared."""
    cibles: tuple[Cible, ...]
    resultats: tuple[Resultat, ...]
    verdict: VerdictDeSource | None
    non_transmis: bool
    """The source flags the data as not transmitted."""
    anomalies: tuple[str, ...]
    note: str | None
    lignes: tuple[int, ...]
    """Physical lines of the source text."""

    @property
    def nom(self) -> str:
        """The label to show, with a capital and without the colon the source may leave at its end."""
        nom = (self.libelle_corrige or self.libelle).rstrip(" :")
        return nom[:1].upper() + nom[1:]

    def resultat(self, annee: int, segment: str | None = None) -> Resultat | None:
        """The published result of a year and segment."""
        return next((r for r in self.resultats if r.annee == annee and r.segment == segment), None)


@dataclass(frozen=True, slots=True)
class Jalon:
    """A dated promise of a convention, in its words."""

    libelle: str
    echeance: str
    lignes: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Source:
    """Where a convention was read. ``fichier``: number of the source text."""

    fichier: str
    titre: str
    lignes: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Convention:
    """A convention between the State and a caisse nationale, or a comparison of several (``regime`` None)."""

    code: str
    libelle: str
    organisme: str
    regime: str | None
    du: date
    au: date
    """Last day, included."""
    signature: date
    signature_note: str | None
    """Why the date of signature is an assumption; None when the source prints it."""
    source: Source
    indicateurs_annonces: int | None
    """How many indicators the source says there are."""
    notes: tuple[str, ...]
    anomalies: tuple[str, ...]
    jalons: tuple[Jalon, ...]
    fiches: Mapping[str, str]
    """Code of a fiche, axe or branche -> its title, in the order of the source."""
    lignes: Mapping[str, Ligne]

    def lignes_de(self, fiche: str) -> Iterator[Ligne]:
        """The rows of one fiche, in the order of the source."""
        return (ligne for ligne in self.lignes.values() if ligne.fiche == fiche)
