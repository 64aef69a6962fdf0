"""What the page of a caisse reads: its figures, today or as known on a past evening, and what surrounds them."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from services.console.amont import Amont, Bloc, blocs
from services.console.pages.entraide.lecture import entraide_de_caisse
from services.console.releves import (
    Mesure,
    alertes_vivantes,
    surveilles,
    valeurs_de_caisse,
)
from shared.catalogue.indicateurs import Indicateur, charger_indicateurs, indicateur

MOIS_MONTRES = 6
SERVICES = ("contacts", "claims")
_GENRES_STOCK = ("stock", "stock_age_quantile")


@dataclass(frozen=True, slots=True)
class Figure:
    """One watched indicator of the caisse. ``serie``: its last whole months; ``panne``: why it could not be read."""

    indicateur: Indicateur
    mesure: Mesure | None
    serie: Sequence[Mapping[str, Any]]
    panne: str | None


@dataclass(frozen=True, slots=True)
class Stock:
    """The open files of one process: how many, and the age that nine in ten do not exceed."""

    indicateur: Indicateur
    dossiers: Mesure
    age: Mesure | None
    age_unite: str


async def lire_caisse(amont: Amont, slug: str, au: date, a_date: date | None) -> dict[str, Bloc[Any]]:
    """Every part of the page, each readable without the others."""
    return await blocs(
        **{service: _figures(amont, service, slug, au, a_date) for service in SERVICES},
        stocks=_stocks(amont, slug, au),
        alertes=alertes_vivantes(amont, slug),
        courriers=amont.lire("alerts", "/v1/boite", {"caisse": slug, "limite": 50}),
        plans=amont.lire("alerts", "/v1/plans", {"caisse": slug}),
        attendus=amont.lire("alerts", "/v1/plans/attendus", {"caisse": slug}),
        mesures=amont.lire("alerts", "/v1/mesures-decidees", {"caisse": slug}),
        declarations=amont.lire("alerts", "/v1/declarations", {"caisse": slug}),
        reiterations=amont.lire("contacts", "/v1/reiterations", {"caisse": slug}),
        induits=amont.lire("contacts", "/v1/contacts-induits", {"caisse": slug}),
        entraide=entraide_de_caisse(amont, slug),
    )


def figures(lus: Mapping[str, Bloc[Any]]) -> list[Figure]:
    """The watched indicators in the order of the catalogue, those that could not be read among them."""
    rangees = []
    for surveille in surveilles():
        defini = indicateur(surveille.indicateur)
        lu = lus[defini.service]
        mesure, serie = lu.valeur.get(defini.code, (None, ())) if lu.valeur is not None else (None, ())
        rangees.append(Figure(defini, mesure, serie, lu.panne))
    return rangees


async def _figures(
    amont: Amont, service: str, slug: str, au: date, a_date: date | None
) -> dict[str, tuple[Mesure, Sequence[Mapping[str, Any]]]]:
    codes = [s.indicateur for s in surveilles() if indicateur(s.indicateur).service == service]
    if a_date is not None:
        connues = await valeurs_de_caisse(amont, service, slug, codes, au, a_date)
        return {code: (mesure, ()) for code, mesure in connues.items()}
    mesures, series = await asyncio.gather(
        valeurs_de_caisse(amont, service, slug, codes, au), _series(amont, service, slug, codes, au)
    )
    return {code: (mesure, series.get(code, ())) for code, mesure in mesures.items()}


async def _series(
    amont: Amont, service: str, slug: str, codes: Sequence[str], au: date
) -> dict[str, Sequence[Mapping[str, Any]]]:
    fin = au.replace(day=1) - timedelta(days=1)
    debut = fin.replace(day=1)
    for _ in range(MOIS_MONTRES - 1):
        debut = (debut - timedelta(days=1)).replace(day=1)
    options = {"indicateurs": ",".join(codes), "caisse": slug, "du": debut, "au": fin, "pas": "mois"}
    document = await amont.lire(service, "/v1/valeurs", options)
    return {i["indicateur"]: i["valeurs"] for i in document["indicateurs"]}


async def _stocks(amont: Amont, slug: str, au: date) -> list[Stock]:
    """Open files by process, the caisse's own with some first."""
    lus = await asyncio.gather(
        *(valeurs_de_caisse(amont, s, slug, [i.code for i in _de_stock(s)], au) for s in SERVICES)
    )
    mesures = {code: mesure for lu in lus for code, mesure in lu.items()}
    stocks = []
    for defini in (i for service in SERVICES for i in _de_stock(service) if i.genre == "stock"):
        age = next(
            (
                i
                for i in _de_stock(defini.service)
                if i.genre == "stock_age_quantile" and (i.process, i.population) == (defini.process, defini.population)
            ),
            None,
        )
        if mesures[defini.code].valeur:
            stocks.append(
                Stock(defini, mesures[defini.code], mesures[age.code] if age else None, age.unite if age else "")
            )
    return stocks


def _de_stock(service: str) -> list[Indicateur]:
    return [i for i in charger_indicateurs().values() if i.service == service and i.genre in _GENRES_STOCK]
