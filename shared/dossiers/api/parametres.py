"""What the routes read of the parameters they share, and what they say of one they cannot take."""

from datetime import date
from difflib import get_close_matches

from sqlalchemy.ext.asyncio import AsyncConnection

from shared.catalogue.indicateurs import Indicateur, indicateurs_du_service
from shared.dossiers.definitions import indicateur_retire
from shared.dossiers.dictionnaire import Dictionnaire
from shared.dossiers.presentation import NOM_RESEAU
from shared.indicators.statistiques import RESEAU
from shared.network.reseau import CaisseInconnue, charger
from shared.service.erreurs import DonneesInvalides, Introuvable


def parametre_invalide(champ: str, message: str) -> DonneesInvalides:
    """422 that names the query parameter, in the form of every other validation error of the services."""
    return DonneesInvalides(
        f"Paramètre « {champ} » : {message}", erreurs=[{"emplacement": f"requête.{champ}", "message": message}]
    )


def indicateur_nomme(service: str, code: str) -> Indicateur:
    """The computed indicator of this code in a service. Raises Introuvable with the closest codes."""
    connus = {i.code: i for i in indicateurs_du_service(service)}
    if code not in connus:
        proches = get_close_matches(code, connus, n=3)
        suite = f"Proches : {', '.join(proches)}." if proches else "La liste : GET /v1/indicateurs."
        raise Introuvable(f"Le service {service} n'a pas d'indicateur {code!r}. {suite}")
    return connus[code]


async def indicateur_alors(conn: AsyncConnection, service: str, code: str, a_date: date | None) -> Indicateur:
    """As ``indicateur_nomme``; for a past day, one that was withdrawn since can still be named."""
    try:
        return indicateur_nomme(service, code)
    except Introuvable:
        retire = None if a_date is None else await indicateur_retire(conn, service, code)
        if retire is None:
            raise
        return retire


def organisme_nomme(caisse: str | None, champ: str = "caisse") -> int | None:
    """The organism code of a slug or name, ``RESEAU`` for the network, None for none. Raises DonneesInvalides."""
    if caisse is None:
        return None
    if caisse == NOM_RESEAU:
        return RESEAU
    try:
        return charger().caisse(caisse).code
    except CaisseInconnue as exc:
        raise parametre_invalide(champ, str(exc)) from None


def plateforme_nommee(dictionnaire: Dictionnaire, nom: str | None) -> int | None:
    """The code of a telephone platform, None for none. Raises DonneesInvalides with those that are known."""
    if nom is None:
        return None
    code = dictionnaire.connait("plateforme", nom)
    if code is None:
        connues = sorted(dictionnaire.noms("plateforme").values())
        suite = f" Connues : {', '.join(connues[:20])}." if connues else ""
        raise parametre_invalide("plateforme", f"aucun événement n'est encore venu de « {nom[:40]} ».{suite}")
    return code
