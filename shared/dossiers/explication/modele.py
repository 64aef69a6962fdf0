"""What a value counts and leaves out, as values: shared by those who count it and those who say it."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple


class Compte(NamedTuple):
    """``n`` items of one kind. ``code``: an outcome, or a state named in ``ETATS``."""

    code: str
    n: int


class Comptes(NamedTuple):
    """What makes a value. ``manques`` are parts of the denominator that are not in the numerator."""

    numerateur: int | None
    denominateur: int
    manques: Sequence[Compte]
    exclusions: Sequence[Compte]


HORS_POPULATION, ENCORE_OUVERTS, ATTENTE_INCONNUE = "hors_population", "encore_ouverts", "attente_inconnue"
PAS_ECHUS, CLOS_EN_RETARD, OUVERTS_EN_RETARD, TROP_LONGS = (
    "pas_echus", "clos_en_retard", "ouverts_en_retard", "attente_trop_longue",
)  # fmt: skip
CLOS_DEPUIS, UNE_SOURCE = "clos", "une_seule_source"
SANS_ISSUE, PAS_REPETES, SANS_RETARD = "sans_issue", "pas_repetes", "sans_dossier_en_retard"
SANS_ASSURE, SANS_ASSURE_NI_MOTIF, AUTRE_VALEUR = "sans_assure_connu", "sans_assure_ou_motif", "valeur_inconnue"

ETATS = (
    HORS_POPULATION, ENCORE_OUVERTS, ATTENTE_INCONNUE, PAS_ECHUS, CLOS_EN_RETARD, OUVERTS_EN_RETARD, TROP_LONGS,
    CLOS_DEPUIS, SANS_ISSUE, PAS_REPETES, SANS_RETARD, SANS_ASSURE, SANS_ASSURE_NI_MOTIF, AUTRE_VALEUR,
    UNE_SOURCE,
)  # fmt: skip
"""What is left out or missed for another reason than its outcome."""

ParIssue = Mapping[str, int]
"""Items by outcome."""


def total(comptes: ParIssue, issues: Sequence[str]) -> int:
    return sum(comptes.get(issue, 0) for issue in issues)


def autres(comptes: ParIssue, issues: Sequence[str]) -> list[Compte]:
    """What is of none of these outcomes, the most frequent first."""
    restes = [Compte(issue, n) for issue, n in comptes.items() if issue not in issues and n]
    return sorted(restes, key=lambda compte: (-compte.n, compte.code))


def non_nuls(comptes: Sequence[Compte]) -> list[Compte]:
    return [compte for compte in comptes if compte.n]
