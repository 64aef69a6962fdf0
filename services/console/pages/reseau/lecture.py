"""What the page of the network reads, and the table it becomes: rows are caisses, columns watched indicators."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from fractions import Fraction
from functools import lru_cache
from typing import Any

from services.console.amont import Amont, Bloc, Lu, blocs, pannes
from services.console.releves import (
    FENETRE,
    Mesure,
    alertes_vivantes,
    aujourdhui_de,
    fenetre,
    lire_mesure,
    surveilles,
    tendance,
    valeurs_du_reseau,
)
from shared.catalogue.indicateurs import Indicateur, indicateur
from shared.catalogue.seuils import Surveille
from shared.indicators.dispersion import Dispersion, dispersion
from shared.network.reseau import charger

RESEAU = "reseau"
SERVICES = ("contacts", "claims")


@dataclass(frozen=True, slots=True)
class Colonne:
    """One watched indicator over the network. ``panne``: why it could not be read, its ``mesures`` being empty."""

    indicateur: Indicateur
    surveille: Surveille
    cible: Mapping[str, Any] | None
    mesures: Mapping[str, Mesure]
    dispersion: Dispersion | None
    panne: str | None = None

    @property
    def code(self) -> str:
        return self.indicateur.code

    @property
    def reseau(self) -> Mesure | None:
        return self.mesures.get(RESEAU)

    def compte(self, *classes: str) -> int:
        """How many caisses are at one of these verdicts."""
        return sum(m.verdict.classe in classes for slug, m in self.mesures.items() if slug != RESEAU)


@dataclass(frozen=True, slots=True)
class EtatReseau:
    """The network over one window, with the living alerts."""

    du: date
    au: date
    colonnes: Sequence[Colonne]
    alertes: Bloc[Any]

    @property
    def pannes(self) -> list[str]:
        """What could not be read, each said once."""
        dites = [*(c.panne for c in self.colonnes if c.panne), *pannes([self.alertes])]
        return list(dict.fromkeys(dites))


async def lire_reseau(amont: Amont) -> EtatReseau:
    """The network today; a service that does not answer leaves its columns empty."""
    au = aujourdhui_de(amont)
    avant = au - timedelta(days=FENETRE)
    lus = await blocs(
        **{service: valeurs_du_reseau(amont, service, au) for service in SERVICES},
        **{f"{service}_avant": valeurs_du_reseau(amont, service, avant) for service in SERVICES},
        alertes=alertes_vivantes(amont),
    )
    colonnes: dict[str, Colonne] = {}
    for service in SERVICES:
        colonnes |= _colonnes_de(service, lus[service], lus[f"{service}_avant"])
    du, _ = fenetre(au)
    return EtatReseau(du, au, [colonnes[s.indicateur] for s in surveilles()], lus["alertes"])


def _colonnes_de(service: str, lus: Bloc[Lu], avant: Bloc[Lu]) -> Mapping[str, Colonne]:
    if lus.valeur is not None:
        return _faire(service, lus.valeur, avant.valeur)
    return {s.indicateur: Colonne(indicateur(s.indicateur), s, None, {}, None, lus.panne) for s in _siens(service)}


def _siens(service: str) -> list[Surveille]:
    return [s for s in surveilles() if indicateur(s.indicateur).service == service]


@lru_cache(maxsize=2 * len(SERVICES))
def _faire(service: str, lus: Lu, avant: Lu | None) -> Mapping[str, Colonne]:
    """The columns of a service: the same answers, which their ETags spare, are not read twice."""
    valeurs = _par_indicateur(lus)
    precedentes = {} if avant is None else _par_indicateur(avant)
    return {
        s.indicateur: _colonne(s, valeurs[s.indicateur], precedentes.get(s.indicateur, {})) for s in _siens(service)
    }


def _par_indicateur(lu: Lu) -> dict[str, dict[str, Any]]:
    return {i["indicateur"]: {v["caisse"]: v for v in i["valeurs"]} for i in lu.document["indicateurs"]}


def _colonne(surveille: Surveille, lignes: Mapping[str, Any], avant: Mapping[str, Any]) -> Colonne:
    defini = indicateur(surveille.indicateur)
    mesures = {
        slug: lire_mesure(ligne, tendance(ligne, avant.get(slug), defini.sens)) for slug, ligne in lignes.items()
    }
    exactes = {
        c.code: None if (v := mesures[c.slug].valeur) is None else Fraction(v)
        for c in charger().caisses
        if c.slug in mesures
    }
    cible = next((m.cible for m in mesures.values() if m.cible), None)
    return Colonne(defini, surveille, cible, mesures, dispersion(exactes, defini.sens))
