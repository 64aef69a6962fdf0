"""``/caisses/{slug}``: one caisse."""

from datetime import date
from typing import Annotated

from fastapi import Query, Request, Response

from services.console.graphiques.courbe import etincelle
from services.console.graphiques.jauge import jauge
from services.console.page import AmontCourant, LaCaisse, Service, aujourdhui, rendre, routeur
from services.console.pages.caisse.lecture import figures, lire_caisse
from shared.network.calendrier import PREMIER_JOUR
from shared.network.jours import date_de, jour_de
from shared.network.plateformes import charger_plateformes

routes = routeur()


@routes.get("/caisses/{slug}")
async def caisse(
    request: Request,
    service: Service,
    amont: AmontCourant,
    caisse: LaCaisse,
    a_date: Annotated[str, Query()] = "",
    process: str = "",
) -> Response:
    """The figures of a caisse, its alerts, letters and plans; ``a_date``: as known on that evening; ``process``: the
    one whose sources are shown.
    """
    au = aujourdhui(service)
    connu = _jour(a_date, au)
    lus = await lire_caisse(amont, caisse.slug, connu or au, connu)
    contexte = {
        "caisse": caisse,
        "au": connu or au,
        "connu": connu,
        "process": process,
        "figures": figures(lus),
        "plateformes": [p.nom for p in charger_plateformes().de_la_caisse(caisse.code, jour_de(au))],
        "jauge": jauge,
        "etincelle": etincelle,
        **lus,
    }
    return rendre(request, "caisse.html", contexte, rubrique="reseau")


def _jour(texte: str, aujourd_hui: date) -> date | None:
    """A past day of those that figures are known of; anything else is today."""
    try:
        lu = date.fromisoformat(texte)
    except ValueError:
        return None
    return lu if date_de(PREMIER_JOUR) <= lu < aujourd_hui else None
