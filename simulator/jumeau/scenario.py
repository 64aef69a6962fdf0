"""The scenario language of the twin: what goes wrong, where, when and how much, as YAML.

``version: 1``, a name, a description and a list of ``incidents``: {type, process, caisses, du, au, intensite}. Dates
are ISO or ``J+n`` (days after the first day simulated), both included. Types are in EFFETS, at the end of the file.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import yaml

from simulator.jumeau.parametres import PROCESS
from simulator.territoire import Reels

VERSION = 1
TOUTES = "toutes"
ABSENTS_PAR_MALADE = 0.3
"""Share of an epidemic's rise in sick leaves that is also missing from every service (hypothesis)."""


class ScenarioInvalide(ValueError):
    """The scenario cannot be played. The message, in French, has one line per fault and names its place."""


class Incident(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One incident. ``process`` and ``caisses``: names, or ``toutes`` (all); ``intensite``: meaning in EFFETS."""

    type: str
    process: tuple[str, ...] | str
    caisses: tuple[str, ...] | str
    du: str
    au: str
    intensite: float


class Scenario(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    version: int
    nom: str
    description: str
    incidents: tuple[Incident, ...]


@dataclass(frozen=True, slots=True)
class Facteurs:
    """What multiplies staff, demand and work per ETP, [process, caisse, jour]; 1 where nothing happens."""

    effectif: Reels
    demande: Reels
    rendement: Reels


AUCUN = Scenario(VERSION, "aucun", "Rien de particulier.", ())


def lire_scenario(chemin: Path) -> Scenario:
    """The scenario of a file, checked. Raises ScenarioInvalide."""
    try:
        brut = yaml.load(chemin.read_text(encoding="utf-8"), Loader=yaml.CSafeLoader)
    except (OSError, UnicodeDecodeError) as exc:
        raise ScenarioInvalide(f"{chemin.name} : illisible ({exc}).") from exc
    except yaml.YAMLError as exc:
        raise ScenarioInvalide(f"{chemin.name} : ce n'est pas du YAML ({exc}).") from exc
    return verifier(brut, chemin.name)


def verifier(brut: Any, lieu: str) -> Scenario:
    """The scenario that plain values stand for. Raises ScenarioInvalide with every fault."""
    if isinstance(brut, Mapping) and brut.get("version") != VERSION:
        raise ScenarioInvalide(f"{lieu} : version {brut.get('version')!r} inconnue (attendu : {VERSION}).")
    try:
        # YAML reads an ISO date as a date; the language writes days as texts.
        scenario = msgspec.convert(_dates_en_texte(brut), Scenario)
    except msgspec.ValidationError as exc:
        raise ScenarioInvalide(f"{lieu} : {exc}") from exc
    fautes = [f for rang, i in enumerate(scenario.incidents, 1) for f in _fautes(i, f"{lieu}, incident {rang}")]
    if fautes:
        raise ScenarioInvalide("\n".join(fautes))
    return scenario


def facteurs(scenario: Scenario, slugs: list[str], debut: date, premier: int, jours: int) -> Facteurs:
    """What a scenario does over ``jours`` days, day ``premier`` being ``debut``. Raises ScenarioInvalide."""
    forme = (len(PROCESS), len(slugs), jours)
    resultat = Facteurs(np.ones(forme), np.ones(forme), np.ones(forme))
    rangs = {slug: i for i, slug in enumerate(slugs)}
    for numero, incident in enumerate(scenario.incidents, 1):
        lieu = f"{scenario.nom}, incident {numero}"
        inconnues = [] if incident.caisses == TOUTES else [c for c in incident.caisses if c not in rangs]
        if inconnues:
            raise ScenarioInvalide(f"{lieu} : caisse inconnue {', '.join(inconnues)}.")
        du, au = (premier + (_date(d, debut) - debut).days for d in (incident.du, incident.au))
        if au < du:
            raise ScenarioInvalide(f"{lieu} : « au » ({incident.au}) vient avant « du » ({incident.du}).")
        caisses = slice(None) if incident.caisses == TOUTES else [rangs[c] for c in incident.caisses]
        tous = incident.process == TOUTES
        process = list(range(len(PROCESS))) if tous else [PROCESS.index(p) for p in incident.process]
        EFFETS[incident.type].jouer(resultat, process, caisses, _Fenetre(du, au + 1, jours), incident.intensite)
    return resultat


@dataclass(frozen=True, slots=True)
class _Fenetre:
    """Days [du, au) of an incident within a run of ``jours`` days; it may stick out of it."""

    du: int
    au: int
    jours: int

    @property
    def tranche(self) -> slice:
        return slice(max(0, self.du), max(0, min(self.au, self.jours)))

    def courbe(self, forme: Callable[[Reels], Reels]) -> Reels:
        """``forme`` over the window's share elapsed, 0 to 1, for the days that are within the run."""
        t = np.arange(max(0, self.du), max(0, min(self.au, self.jours)))
        return forme((t - self.du + 0.5) / (self.au - self.du))


Jeu = Callable[[Facteurs, list[int], Any, _Fenetre, float], None]


def _multiplier(tableau: Reels, process: list[int], caisses: Any, jours: slice, valeurs: Reels | float) -> None:
    for p in process:
        tableau[p, caisses, jours] *= valeurs


def _effectif_en_moins(f: Facteurs, process: list[int], caisses: Any, w: _Fenetre, intensite: float) -> None:
    _multiplier(f.effectif, process, caisses, w.tranche, 1 - intensite)


def _reorganisation(f: Facteurs, process: list[int], caisses: Any, w: _Fenetre, intensite: float) -> None:
    _multiplier(f.rendement, process, caisses, w.tranche, w.courbe(lambda t: 1 - intensite * (1 - t)))


def _transfert(f: Facteurs, process: list[int], caisses: Any, w: _Fenetre, intensite: float) -> None:
    _multiplier(f.demande, process, caisses, w.tranche, 1 + intensite)


def _epidemie(f: Facteurs, process: list[int], caisses: Any, w: _Fenetre, intensite: float) -> None:
    cloche = w.courbe(lambda t: np.sin(np.pi * t) ** 2)
    _multiplier(f.demande, process, caisses, w.tranche, 1 + intensite * cloche)
    absents = np.maximum(0.05, 1 - ABSENTS_PAR_MALADE * intensite * cloche)
    _multiplier(f.effectif, list(range(len(PROCESS))), caisses, w.tranche, absents)


def _pointe_de_conges(f: Facteurs, process: list[int], caisses: Any, w: _Fenetre, intensite: float) -> None:
    creux = w.courbe(lambda t: 1 - intensite * np.minimum(1, 4 * np.minimum(t, 1 - t)))
    _multiplier(f.effectif, process, caisses, w.tranche, creux)


def _derive(f: Facteurs, process: list[int], caisses: Any, w: _Fenetre, intensite: float) -> None:
    _multiplier(f.effectif, process, caisses, w.tranche, w.courbe(lambda t: 1 - intensite * t))
    _multiplier(f.effectif, process, caisses, slice(max(0, min(w.au, w.jours)), None), 1 - intensite)


def _dates_en_texte(valeur: Any) -> Any:
    if isinstance(valeur, Mapping):
        return {cle: _dates_en_texte(v) for cle, v in valeur.items()}
    if isinstance(valeur, list):
        return [_dates_en_texte(v) for v in valeur]
    return valeur.isoformat() if isinstance(valeur, date) else valeur


def _date(texte: str, debut: date) -> date:
    trouve = re.fullmatch(r"J\+(\d+)", texte)
    return debut + timedelta(days=int(trouve[1])) if trouve else date.fromisoformat(texte)


def _fautes(incident: Incident, lieu: str) -> list[str]:
    fautes = []
    effet = EFFETS.get(incident.type)
    if effet is None:
        fautes.append(f"type inconnu {incident.type!r} (attendu : {', '.join(EFFETS)})")
    elif not 0 < incident.intensite <= effet.maximum:
        fautes.append(f"intensite {incident.intensite:g} hors de ]0 ; {effet.maximum:g}] pour {incident.type}")
    if incident.process != TOUTES:
        if isinstance(incident.process, str):
            fautes.append(f"process attend une liste ou « {TOUTES} »")
        else:
            fautes += [
                f"process inconnu {p!r} (attendu : {', '.join(PROCESS)})" for p in incident.process if p not in PROCESS
            ]
            if effet is not None and effet.seulement and set(incident.process) - {effet.seulement}:
                fautes.append(f"{incident.type} ne vaut que pour {effet.seulement}")
    if isinstance(incident.caisses, str) and incident.caisses != TOUTES:
        fautes.append(f"caisses attend une liste ou « {TOUTES} »")
    try:
        _date(incident.du, date(2000, 1, 1)), _date(incident.au, date(2000, 1, 1))
    except ValueError:
        fautes.append("date illisible (attendu : AAAA-MM-JJ ou J+n)")
    return [f"{lieu} : {faute}." for faute in fautes]


@dataclass(frozen=True, slots=True)
class Effet:
    """A type of incident: what it does, the most its intensity can be, the only process it is for, if any."""

    jouer: Jeu
    maximum: float
    seulement: str | None = None


EFFETS: Mapping[str, Effet] = {
    "crise": Effet(_effectif_en_moins, 1.0),
    "panne_telephone": Effet(_effectif_en_moins, 1.0, "appel"),
    "reorganisation": Effet(_reorganisation, 1.0),
    "transfert": Effet(_transfert, 5.0),
    "epidemie": Effet(_epidemie, 3.0),
    "pointe_conges": Effet(_pointe_de_conges, 1.0),
    "derive": Effet(_derive, 1.0),
}
"""``intensite``: share of the staff missing (crise, panne_telephone, pointe_conges at its height, derive once it has
come, for good); share of the work per ETP lost at first and regained little by little (reorganisation); share of demand
that comes on top (transfert of beneficiaries without staff; epidemie at its height)."""
