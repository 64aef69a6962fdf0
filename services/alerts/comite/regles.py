"""Which measures are proposed to the comité, and why: rules that are data, facts that are values. Pure.

Sources: the possible outcomes are those of IGAS 2017, tome I [63], [65], [100] and note 24; no number is.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Literal, cast, get_args

import msgspec
import yaml

from services.alerts.comite.lettre import NOMS
from shared.catalogue.processus import CatalogueInvalide

FICHIER = Path(__file__).parent / "donnees" / "regles.yaml"

JAMAIS = 999
"""Months since a letter that was never sent."""

Fait = Literal[
    "mois_consecutifs", "mois_sur_12", "ecart", "revenu", "part_caisse", "stock_rapport", "retour_projete", "incapable",
    "mois_depuis_courrier", "plan_ouvert", "entraide_en_cours", "missions_12_mois", "phare", "hors_diademe",
    "taille_critique",
]  # fmt: skip
FAITS: tuple[Fait, ...] = get_args(Fait)
Faits = Mapping[Fait, float | bool | None]
"""What is known of one crossing; None or absent: it could not be read."""

Mesure = Literal[
    "preconisation", "courrier_plan_actions", "courrier_entraide", "audit", "delestage_ou_tram", "accompagnement_si",
]  # fmt: skip

MESURES: tuple[Mesure, ...] = (
    "courrier_entraide", "courrier_plan_actions", "preconisation", "audit", "delestage_ou_tram", "accompagnement_si",
)  # fmt: skip
"""In the order they are shown."""


class Condition(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One test of a fact: exactly one of ``au_moins``, ``moins_de`` (numbers) and ``est`` (a yes or no)."""

    fait: Fait
    au_moins: float | None = None
    moins_de: float | None = None
    est: bool | None = None
    si_inconnu: Literal["arrete", "passe"] = "arrete"

    def __post_init__(self) -> None:
        if sum(borne is not None for borne in (self.au_moins, self.moins_de, self.est)) != 1:
            raise ValueError(f"{self.fait}: needs exactly one of au_moins, moins_de, est")

    def remplie(self, faits: Faits) -> bool | None:
        """Whether it holds; None: the fact is not known, and that stops the rule."""
        valeur = faits.get(self.fait)
        if valeur is None:
            return True if self.si_inconnu == "passe" else None
        if self.est is not None:
            return bool(valeur) is self.est
        return valeur >= self.au_moins if self.au_moins is not None else valeur < cast(float, self.moins_de)


class Regle(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Proposes ``mesure`` when all of ``si`` hold; then those of ``remplace`` are not proposed for that indicator."""

    mesure: Mesure
    motif: str
    si: tuple[Condition, ...]
    remplace: tuple[Mesure, ...] = ()


class Preparation(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    jour_ouvre: int


class ReglesSeance(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    quorum: int


class Regles(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """All of the file; see its comments."""

    hypothese: bool
    preparation: Preparation
    seance: ReglesSeance
    echeances: dict[Mesure, int]
    audits_par_an: int
    repit: dict[Mesure, int]
    fin_de_mois: int
    phare: frozenset[str]
    hors_diademe: dict[str, frozenset[str]]
    taille_critique: frozenset[str]
    regles: tuple[Regle, ...]


def charger_regles(fichier: Path | None = None) -> Regles:
    """The rules of a file; None: the defaults. Raises CatalogueInvalide naming the fault."""
    return _charger(fichier or FICHIER)


@cache
def _charger(fichier: Path) -> Regles:
    try:
        regles = msgspec.convert(yaml.load(fichier.read_text(encoding="utf-8"), Loader=yaml.CSafeLoader), Regles)
        for regle in regles.regles:
            _dire(regle.motif, {})
    except (OSError, yaml.YAMLError, ValueError, KeyError, TypeError) as exc:
        raise CatalogueInvalide(f"{fichier.name}: {exc!r}") from exc
    for nom, donnees in (("echeances", regles.echeances), ("repit", regles.repit)):
        if absentes := set(MESURES) - donnees.keys():
            raise CatalogueInvalide(f"{fichier.name}: {nom}: missing {', '.join(sorted(absentes))}")
    return regles


@dataclass(frozen=True, slots=True)
class Franchissement:
    """One *avéré* crossing of an indicator that letters may speak of, and the facts about it.

    ``depuis``: months since each measure was last decided for it; a measure never decided is not there.
    """

    caisse: str
    indicateur: str
    process: str
    faits: Faits
    depuis: Mapping[Mesure, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Proposition:
    """A measure for a caisse: one letter, whatever the number of indicators. ``motifs``: (indicator, why).

    ``rang`` and ``dans_la_capacite``, of an audit: its rank in the network, and whether this year's capacity holds it.
    """

    caisse: str
    mesure: Mesure
    motifs: tuple[tuple[str, str], ...]
    rang: int | None = None
    dans_la_capacite: bool = True

    @property
    def indicateurs(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys(code for code, _ in self.motifs))


@dataclass(frozen=True, slots=True)
class Examen:
    """What the rules say of one crossing. ``arretees``: sentences on the rules that an unknown fact, or the same
    measure decided not long ago, stopped."""

    mesures: Mapping[Mesure, tuple[str, ...]]
    arretees: tuple[str, ...]


def examiner(franchissement: Franchissement, regles: Regles) -> Examen:
    """Apply every rule to one crossing."""
    faits = franchissement.faits
    tenues: list[Regle] = []
    arretees: list[str] = []
    for regle in regles.regles:
        reponses = [condition.remplie(faits) for condition in regle.si]
        ancien, repit = franchissement.depuis.get(regle.mesure, JAMAIS), regles.repit[regle.mesure]
        if all(reponses) and ancien < repit:
            arretees.append(
                f"{NOMS[regle.mesure]} : décidé il y a {ancien} mois, proposé de nouveau au bout de {repit} mois."
            )
        elif all(reponses):
            tenues.append(regle)
        elif None in reponses and False not in reponses:
            inconnus = sorted({c.fait for c, r in zip(regle.si, reponses, strict=True) if r is None})
            arretees.append(f"{NOMS[regle.mesure]} : règle non examinée, faute de connaître {', '.join(inconnus)}.")
    retenues = {regle.mesure for regle in tenues}
    # What is replaced replaces nothing: the widest answers come last in the file and are heard first.
    for regle in reversed(tenues):
        if regle.mesure in retenues:
            retenues -= set(regle.remplace)
    motifs: dict[Mesure, tuple[str, ...]] = {}
    for regle in tenues:
        if regle.mesure in retenues:
            motifs[regle.mesure] = (*motifs.get(regle.mesure, ()), _dire(regle.motif, faits))
    return Examen(motifs, tuple(dict.fromkeys(arretees)))


def proposer(
    franchissements: Iterable[Franchissement], regles: Regles, audits_deja: int = 0
) -> tuple[dict[str, list[Proposition]], dict[str, list[str]]]:
    """The measures of each caisse, in the order of MESURES, and the sentences on what could not be examined.

    Audits are ranked over the network, the most lasting first, and hold within what the year's capacity leaves.
    """
    trouvees = list(franchissements)
    examens = [(f, examiner(f, regles)) for f in trouvees]
    par_cle: dict[tuple[str, Mesure], list[tuple[str, str]]] = {}
    arretees: dict[str, list[str]] = {}
    for franchissement, examen in examens:
        for mesure, phrases in examen.mesures.items():
            motifs = par_cle.setdefault((franchissement.caisse, mesure), [])
            motifs += [(franchissement.indicateur, phrase) for phrase in phrases]
        arretees.setdefault(franchissement.caisse, []).extend(examen.arretees)
    rangs = _rangs_des_audits(trouvees, [caisse for caisse, mesure in par_cle if mesure == "audit"])
    reste = max(0, regles.audits_par_an - audits_deja)
    propositions: dict[str, list[Proposition]] = {}
    for mesure in MESURES:
        for (caisse, voulue), motifs in par_cle.items():
            if voulue == mesure:
                rang = rangs[caisse] if mesure == "audit" else None
                proposition = Proposition(caisse, mesure, tuple(motifs), rang, rang is None or rang <= reste)
                propositions.setdefault(caisse, []).append(proposition)
    return propositions, {caisse: list(dict.fromkeys(p)) for caisse, p in arretees.items() if p}


def _rangs_des_audits(franchissements: Sequence[Franchissement], caisses: Sequence[str]) -> dict[str, int]:
    durees: dict[str, tuple[float, float]] = {}
    for f in franchissements:
        if f.caisse in caisses:
            gravite = (float(f.faits.get("mois_sur_12") or 0), float(f.faits.get("ecart") or 0))
            durees[f.caisse] = max(durees.get(f.caisse, gravite), gravite)
    ordre = sorted(durees, key=lambda caisse: (-durees[caisse][0], -durees[caisse][1], caisse))
    return {caisse: rang for rang, caisse in enumerate(ordre, 1)}


def _dire(motif: str, faits: Faits) -> str:
    return motif.format(**{nom: _en_texte(faits.get(nom)) for nom in FAITS})


def _en_texte(valeur: float | bool | None) -> str:
    return "?" if valeur is None else f"{valeur:.0f}"
