"""What a letter and the minutes are made of: plain data, checked before anything is pinned or printed.

Unknown fields are ignored: the comité may keep more in a row than a template prints.
"""

import datetime as dt
from collections.abc import Mapping
from typing import Annotated, Any, Literal

import msgspec

from services.alerts.comite.lettre import Modele
from shared.catalogue.indicateurs import IndicateurInconnu, indicateur

Texte = Annotated[str, msgspec.Meta(min_length=1, max_length=4_000)]
Mot = Annotated[str, msgspec.Meta(min_length=1, max_length=300)]


class ContenuInvalide(ValueError):
    """The data cannot make this letter; ``str()`` is a French sentence that says what and where."""


class Organisme(msgspec.Struct, frozen=True):
    slug: Mot
    nom: Mot


class Interlocuteur(msgspec.Struct, frozen=True):
    """Who to answer, and how."""

    nom: Mot = "secrétariat du comité d'alerte"
    moyen: Texte = "par la boîte de réception de Vigie, en rappelant la référence de ce courrier"


class Adaptee(msgspec.Struct, frozen=True):
    """An évocation adapted the target for a time: until when, when it was decided, by which one."""

    au: dt.date
    decidee_le: dt.date
    evocation: int


class Cible(msgspec.Struct, frozen=True):
    objectif: float | None = None
    socle: float | None = None
    seuil_alerte: float | None = None
    convention: str | None = None
    annee: int | None = None
    hypothese: bool = False
    adaptee: Adaptee | None = None


class Point(msgspec.Struct, frozen=True):
    """One month of a series; ``valeur`` None: not measured."""

    du: dt.date
    au: dt.date
    valeur: float | None = None


class Part(msgspec.Struct, frozen=True):
    """Mean days of a file with one holder, and its share of all the time in %."""

    jours: float
    part: float | None = None


class Constat(msgspec.Struct, frozen=True):
    """One indicator of the letter. ``vue``: on whose account the work is counted; ``executante``: who did it, when
    another did. ``detenteurs``: time by holder, None when the process does not tell it. ``contestee``: the sentence
    on a contestation that waits for its answer; ``reserve``: the one on the events that did not come."""

    code: Mot
    libelle: Mot
    unite: Mot
    verdict: Mot
    n: Annotated[int, msgspec.Meta(ge=0)]
    valeur: float | None = None
    intervalle: tuple[float | None, float | None] | None = None
    seuil: float | None = None
    cible: Cible | None = None
    serie: tuple[Point, ...] = ()
    detenteurs: dict[str, Part] | None = None
    formule: str | None = None
    sens: Literal["haut", "bas", "neutre"] | None = None
    du: dt.date | None = None
    au: dt.date | None = None
    vue: Literal["responsable", "executante", "productrice"] = "responsable"
    executante: Organisme | None = None
    contestee: Texte | None = None
    reserve: Texte | None = None


class Aide(msgspec.Struct, frozen=True):
    """Entraide's provisional plan for this caisse and a process. ``unite``: of ``volume``; the two forecasts are
    sentences, over the same weeks."""

    processus: Mot
    volume: float
    unite: Mot
    du: dt.date
    au: dt.date
    aidantes: tuple[Organisme, ...] = ()
    etp: float | None = None
    sans_aide: str | None = None
    avec_aide: str | None = None


class Courrier(msgspec.Struct, frozen=True):
    """A letter to one caisse. No ``aides`` in a letter that proposes entraide: the plan was not there in time."""

    mois: Mot
    mois_en_clair: Mot
    caisse: Organisme
    indicateurs: Annotated[tuple[Constat, ...], msgspec.Meta(min_length=1)]
    date: dt.date
    motifs: tuple[Texte, ...] = ()
    consigne: Texte | None = None
    president: Mot = "le président du comité d'alerte"
    echeance: dt.date | None = None
    empreinte: str | None = None
    repondre_a: Interlocuteur = Interlocuteur()
    precedents: tuple[Texte, ...] = ()
    aides: tuple[Aide, ...] = ()


class Membre(msgspec.Struct, frozen=True):
    nom: Mot
    qualite: str | None = None
    present: bool = True


class Dissentiment(msgspec.Struct, frozen=True):
    membre: Mot
    motif: Texte | None = None


class Decision(msgspec.Struct, frozen=True):
    """What became of one measure. ``retenue``: the one kept, None when it was set aside."""

    caisse: Organisme
    mesure: Mot
    issue: Literal["acceptee", "amendee", "ecartee", "ajoutee"]
    retenue: str | None = None
    indicateurs: tuple[str, ...] = ()
    motif: Texte | None = None
    dissentiments: tuple[Dissentiment, ...] = ()


class ProcesVerbal(msgspec.Struct, frozen=True):
    """The minutes of one comité. ``empreinte``: digest of the snapshot it judged, taken at ``pris_le``."""

    mois: Mot
    mois_en_clair: Mot
    date: dt.date
    president: Mot
    empreinte: Annotated[str, msgspec.Meta(min_length=8)]
    membres: tuple[Membre, ...] = ()
    quorum: int | None = None
    pris_le: dt.datetime | None = None
    catalogue: str | None = None
    caisses_examinees: int | None = None
    decisions: tuple[Decision, ...] = ()
    fausses_attendues: float | None = None
    observations: tuple[Texte, ...] = ()


Contenu = Courrier | ProcesVerbal


def completer(donnees: Mapping[str, Any]) -> dict[str, Any]:
    """The data with what the catalogue says of each indicator today (formula, direction), to be pinned with them."""
    constats = donnees.get("indicateurs")
    if not isinstance(constats, list | tuple):
        return dict(donnees)
    return {**donnees, "indicateurs": [_avec_definition(c) for c in constats]}


def _avec_definition(constat: Any) -> Any:
    if not isinstance(constat, Mapping) or not isinstance(constat.get("code"), str):
        return constat
    try:
        defini = indicateur(constat["code"])
    except IndicateurInconnu:
        return constat
    detenteurs = constat.get("detenteurs")
    if isinstance(detenteurs, Mapping) and isinstance(detenteurs.get("detenteurs"), Mapping):
        constat = {**constat, "detenteurs": detenteurs["detenteurs"]}
    return {"formule": defini.formule, "sens": defini.sens, **{c: v for c, v in constat.items() if v is not None}}


def lire(modele: Modele, donnees: Mapping[str, Any]) -> Contenu:
    """The content of a document. Raises ContenuInvalide."""
    attendu: Any = ProcesVerbal if modele == "proces_verbal" else Courrier
    try:
        contenu: Contenu = msgspec.convert(donnees, attendu, strict=False)
    except msgspec.ValidationError as exc:
        raise ContenuInvalide(f"Données du document « {modele} » : {exc}.") from None
    return contenu
