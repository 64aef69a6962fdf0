"""Readings that several pages share: values of the watched indicators, living alerts, what a value is."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any, Literal

from services.console.amont import Amont, Lu
from services.console.mots import PARIS, VERDICTS, Verdict
from shared.catalogue.indicateurs import indicateur
from shared.catalogue.seuils import Surveille, charger_seuils

FENETRE = 28
"""Days of the figures shown: those the alerts are judged on, today included."""

ALERTES_MAX = 500
"""The most alerts that one question brings."""

Tendance = Literal["mieux", "moins_bien", "stable"]
Document = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Mesure:
    """One value as the service that owns it gives it. ``bas``, ``haut``: at 95 %, None where there is no bound."""

    valeur: float | None
    n: int
    verdict: Verdict
    bas: float | None
    haut: float | None
    cible: Document | None
    completude: float | None
    provisoire: bool
    tendance: Tendance | None = None

    @property
    def en_pourcent_de_complet(self) -> int | None:
        return None if self.completude is None else round(100 * self.completude)


def surveilles() -> Sequence[Surveille]:
    """The watched indicators of the active lists (``listes_actives``), in the order of the catalogue."""
    return tuple(charger_seuils().surveilles.values())


def aujourdhui_de(amont: Amont) -> date:
    """The day it is in Paris, by the console's clock."""
    return amont.clock.now().astimezone(PARIS).date()


def fenetre(au: date) -> tuple[date, date]:
    """First and last day of the figures of a day."""
    return au - timedelta(days=FENETRE - 1), au


async def valeurs_du_reseau(amont: Amont, service: str, au: date | None = None) -> Lu:
    """Every caisse and the network, on every watched indicator of a service, over the window that ends on ``au``."""
    codes = [s.indicateur for s in surveilles() if indicateur(s.indicateur).service == service]
    du, fin = fenetre(au or aujourdhui_de(amont))
    return await amont.lire_avec_etag(service, "/v1/valeurs", {"indicateurs": ",".join(codes), "du": du, "au": fin})


async def valeurs_de_caisse(
    amont: Amont, service: str, caisse: str, codes: Sequence[str], au: date, a_date: date | None = None
) -> Mapping[str, Mesure]:
    """One caisse (or « reseau »), by indicator, over the window that ends on ``au``; as it was known on the evening of
    ``a_date``, judged by the targets of that day."""
    du, fin = fenetre(au)
    options = {"indicateurs": ",".join(codes), "du": du, "au": fin, "caisse": caisse, "a_date": a_date}
    document = await amont.lire(service, "/v1/valeurs", options)
    return {i["indicateur"]: lire_mesure(i["valeurs"][0]) for i in document["indicateurs"]}


async def alertes_vivantes(amont: Amont, caisse: str | None = None) -> Any:
    """The living alerts (``alertes``) and what the last evaluation was (``controle``)."""
    return await amont.lire("alerts", "/v1/alertes", {"limite": ALERTES_MAX, "caisse": caisse})


def lire_mesure(ligne: Document, evolution: Tendance | None = None) -> Mesure:
    """A row of values; ``evolution``: what ``tendance`` says of it."""
    bas, haut = ligne["intervalle"] or (None, None)
    part = ligne.get("completude") or {}
    taux = part.get("taux")
    return Mesure(
        ligne["valeur"],
        ligne["n"],
        VERDICTS[ligne["verdict"]],
        bas,
        haut,
        ligne["cible"],
        taux,
        taux is not None and not part.get("complet", True),
        evolution,
    )


def tendance(ligne: Document, avant: Document | None, sens: str) -> Tendance | None:
    """Whether the value of the window before is outside the 95 % interval of this one, and on which side.

    None when one of the two is not measured, or when the series breaks between them.
    """
    if avant is None or ligne["valeur"] is None or avant["valeur"] is None or ligne["rupture"]:
        return None
    bas, haut = ligne["intervalle"] or (None, None)
    if (bas is None or avant["valeur"] >= bas) and (haut is None or avant["valeur"] <= haut):
        return "stable"
    monte = ligne["valeur"] > avant["valeur"]
    return "mieux" if monte == (sens == "haut") else "moins_bien"
