"""What Vigie has to assume: alert thresholds, and targets where no convention in force gives one.

Loaded and checked from ``seuils.yaml``. The sources give no alert threshold, and none covers the present: every
number here is a *hypothèse*, and stands apart from the conventions so that none can be taken for theirs.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Any, Literal, cast, get_args

import yaml

from shared.catalogue.champs import Champs, Chargeur
from shared.catalogue.conventions import charger_conventions, lignes_calculees
from shared.catalogue.indicateurs import charger_indicateurs
from shared.catalogue.modele_conventions import Cible, Convention, Ligne
from shared.catalogue.processus import CatalogueInvalide

_FICHIER = Path(__file__).with_name("seuils.yaml")

Vue = Literal["responsable", "productrice"]
Liste = Literal["igas", "hypothese", "gdr"]
"""Who watches: the network itself (IGAS 2017, tome I [63]), Vigie by assumption, or the comparable device of the
processes of gestion du risque (summer 2016, same paragraph), whose indicators no source gives."""


@dataclass(frozen=True, slots=True)
class Surveille:
    """One watched indicator: when an alert opens and when it ends.

    It opens after ``persistance`` days in a row beyond ``seuil`` (the bound is not beyond), on values taken over
    ``fenetre`` days of ``vue``; it ends after ``persistance_retour`` days in a row at ``retour`` or better.
    """

    indicateur: str
    seuil: Decimal
    retour: Decimal
    vue: Vue
    fenetre: int
    persistance: int
    persistance_retour: int
    liste: Liste
    courrier: bool
    """Whether a letter may be proposed to the comité."""
    note: str | None


@dataclass(frozen=True, slots=True)
class CibleSupposee:
    """The target of an indicator that no convention in force has a row for.

    ``reconduite``: the row of an ended convention whose target is continued, with its convention and year.
    """

    indicateur: str
    objectif: Decimal
    socle: Decimal | None
    reconduite: tuple[Convention, Ligne, int] | None


@dataclass(frozen=True, slots=True)
class Seuils:
    """All of the file. ``depuis``: the first day it applies to. ``surveilles``: those of the lists that are active."""

    depuis: date
    cibles: Mapping[str, CibleSupposee]
    surveilles: Mapping[str, Surveille]


@cache
def charger_seuils(fichier: Path = _FICHIER) -> Seuils:
    """The assumptions, by indicator. Raises CatalogueInvalide naming every fault with its place."""
    fautes: list[str] = []
    # A SafeLoader: only plain values come out of it.
    brut = yaml.load(fichier.read_text(encoding="utf-8"), Loader=Chargeur)  # noqa: S506
    champs = Champs(brut, fichier.name, fautes)
    depuis = champs.jour("depuis")
    if depuis is None:
        champs.faute("missing: depuis")
    defauts = champs.prendre("defauts", {})
    cibles = [_cible(c) for c in champs.liste("cibles")]
    surveilles = [
        _surveille(Champs({**defauts, **ligne}, f"{fichier.name}, surveilles {rang}", fautes))
        for rang, ligne in enumerate(champs.prendre("surveilles", []), 1)
    ]
    actives = champs.prendre("listes_actives", list(get_args(Liste)))
    if not isinstance(actives, list) or not set(actives) <= set(get_args(Liste)):
        champs.faute(f"listes_actives: needs some of {', '.join(get_args(Liste))}")
        actives = []
    champs.fermer()
    for quoi, lus in (("cibles", cibles), ("surveilles", surveilles)):
        codes = [lu.indicateur for lu in lus]
        fautes += [f"{fichier.name}, {quoi}: {code} is given twice" for code in set(codes) if codes.count(code) > 1]
    if fautes:
        raise CatalogueInvalide("\n".join(fautes))
    seuils = Seuils(
        depuis or date.max,
        {c.indicateur: c for c in cibles},
        {s.indicateur: s for s in surveilles if s.liste in actives},
    )
    fautes = [f"{fichier.name}: {faute}" for faute in _hors_d_ordre(seuils)]
    if fautes:
        raise CatalogueInvalide("\n".join(fautes))
    return seuils


def _cible(champs: Champs) -> CibleSupposee:
    indicateur, reconduit = _indicateur(champs), champs.prendre("reconduit")
    objectif, socle = champs.nombre("objectif"), champs.nombre("socle")
    reconduite = None
    if reconduit is not None:
        reconduite = _reconduite(Champs(reconduit, f"{champs.lieu}, reconduit", champs.fautes), indicateur)
    if (objectif is None) == (reconduit is None):
        champs.faute("needs either objectif or reconduit")
    if reconduite is not None:
        source = _derniere(reconduite[1], reconduite[2])
        objectif, socle = source.valeur, source.socle if source.socle is not None else socle
    champs.fermer()
    return CibleSupposee(indicateur, objectif or Decimal(0), socle, reconduite)


def _reconduite(champs: Champs, indicateur: str) -> tuple[Convention, Ligne, int] | None:
    code, annee = champs.texte("convention"), champs.entier("annee")
    champs.fermer()
    mesurees = {c.code: (c, ligne) for c, ligne in lignes_calculees().get(indicateur, ())}
    if code not in charger_conventions() or code not in mesurees:
        champs.faute(f"{code} has no row that {indicateur} measures")
        return None
    if annee is None or _derniere(mesurees[code][1], annee).valeur is None:
        champs.faute(f"the row has no number for {annee}")
        return None
    return (*mesurees[code], annee)


def _derniere(ligne: Ligne, annee: int) -> Cible:
    """The target of a year as last amended; *absente* when there is none."""
    connues = [c for c in ligne.cibles if c.annee == annee]
    return max(connues, key=lambda c: c.connu_le) if connues else Cible(annee, "absente", None, None, date.min)


def _surveille(champs: Champs) -> Surveille:
    seuil, retour = champs.nombre("seuil"), champs.nombre("retour")
    jours = {cle: champs.entier(cle) for cle in ("fenetre", "persistance", "persistance_retour")}
    if seuil is None or retour is None:
        champs.faute("missing: seuil or retour")
    for cle, nombre in jours.items():
        if nombre is None or nombre < 1:
            champs.faute(f"{cle}: needs at least one day")
    lu = Surveille(
        indicateur=_indicateur(champs),
        seuil=seuil or Decimal(0),
        retour=retour or Decimal(0),
        vue=cast(Vue, champs.choix("vue", get_args(Vue))),
        liste=cast(Liste, champs.choix("liste", get_args(Liste))),
        courrier=champs.vrai("courrier"),
        note=champs.texte_ou_rien("note"),
        **{cle: nombre or 0 for cle, nombre in jours.items()},
    )
    if lu.liste == "hypothese" and lu.courrier:
        champs.faute("courrier: what is watched by assumption proposes no letter")
    champs.fermer()
    return lu


def _indicateur(champs: Champs) -> str:
    code = champs.texte("indicateur")
    if code not in charger_indicateurs():
        champs.faute(f"{code} is not a computed indicator")
    return code


def _hors_d_ordre(seuils: Seuils) -> list[str]:
    """From best to worst: objectif, socle, retour, seuil."""
    fautes = []
    for code in seuils.cibles.keys() | seuils.surveilles.keys():
        supposee, surveille = seuils.cibles.get(code), seuils.surveilles.get(code)
        bornes: list[Any] = [supposee.objectif, supposee.socle] if supposee else []
        bornes += [surveille.retour, surveille.seuil] if surveille else []
        connues = [b for b in bornes if b is not None]
        if connues != sorted(connues, reverse=charger_indicateurs()[code].sens == "haut"):
            fautes.append(f"{code}: objectif, socle, retour and seuil are not in this order, from best to worst")
    return sorted(fautes)
