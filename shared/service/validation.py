"""What the framework refuses, said as problems: validation errors in French, other HTTP exceptions."""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date
from decimal import Decimal
from typing import Any
from urllib.parse import parse_qsl

from fastapi import Request
from fastapi.exceptions import RequestValidationError
from pydantic_core import PydanticCustomError
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect
from starlette.routing import BaseRoute, Match, Route
from starlette.types import Scope

from shared.service.erreurs import (
    AccesRefuse,
    DonneesInvalides,
    ErreurHttp,
    Introuvable,
    MethodeNonPrevue,
    NonIdentifie,
    Probleme,
    RequeteMalformee,
    TypeNonPrisEnCharge,
)

_LIEUX = {"body": "corps", "query": "requête", "path": "chemin", "header": "en-tête", "cookie": "cookie"}

# pydantic's error types (https://docs.pydantic.dev/latest/errors/validation_errors/), with the fields of
# their ctx.
_MESSAGES: Mapping[str, str] = {
    "missing": "Champ obligatoire absent.",
    "extra_forbidden": "Champ inconnu.",
    "string_type": "Un texte est attendu.",
    "string_too_short": "Au moins {min_length} caractère(s) attendu(s).",
    "string_too_long": "Au plus {max_length} caractère(s) attendu(s).",
    "string_pattern_mismatch": "Le texte ne suit pas la forme attendue : {pattern}",
    "int_type": "Un nombre entier est attendu.",
    "int_parsing": "Un nombre entier est attendu.",
    "int_from_float": "Un nombre entier est attendu, sans décimale.",
    "float_type": "Un nombre est attendu.",
    "float_parsing": "Un nombre est attendu.",
    "finite_number": "Un nombre fini est attendu.",
    "decimal_parsing": "Un nombre décimal est attendu.",
    "bool_type": "true ou false est attendu.",
    "bool_parsing": "true ou false est attendu.",
    "greater_than": "La valeur doit être supérieure à {gt}.",
    "greater_than_equal": "La valeur doit être supérieure ou égale à {ge}.",
    "less_than": "La valeur doit être inférieure à {lt}.",
    "less_than_equal": "La valeur doit être inférieure ou égale à {le}.",
    "enum": "Valeur attendue : {expected}.",
    "literal_error": "Valeur attendue : {expected}.",
    "date_type": "Une date est attendue, AAAA-MM-JJ.",
    "date_parsing": "Une date est attendue, AAAA-MM-JJ.",
    "date_from_datetime_parsing": "Une date est attendue, AAAA-MM-JJ.",
    "datetime_type": "Un instant est attendu, ISO 8601.",
    "datetime_parsing": "Un instant est attendu, ISO 8601.",
    "datetime_from_date_parsing": "Un instant est attendu, ISO 8601.",
    "timezone_aware": "L'instant doit porter son fuseau, par exemple +01:00 ou Z.",
    "uuid_parsing": "Un identifiant UUID est attendu.",
    "url_parsing": "Une adresse URL est attendue.",
    "list_type": "Une liste est attendue.",
    "dict_type": "Un objet JSON est attendu.",
    "model_type": "Un objet JSON est attendu.",
    "model_attributes_type": "Un objet JSON est attendu.",
    "dataclass_type": "Un objet JSON est attendu.",
    "too_short": "Au moins {min_length} élément(s) attendu(s), {actual_length} reçu(s).",
    "too_long": "Au plus {max_length} élément(s) attendu(s).",
    "union_tag_invalid": "Valeur attendue pour {discriminator} : {expected_tags}.",
    "union_tag_not_found": "Le champ {discriminator} est obligatoire.",
    "none_required": "null est attendu.",
    "date_from_datetime_inexact": "Une date est attendue, AAAA-MM-JJ.",
    "string_unicode": "Le texte n'est pas de l'Unicode : un demi-caractère (surrogate) est seul.",
    "texte_illisible": "Le texte contient un caractère nul, ou un demi-caractère (surrogate) seul.",
    "date_en_nombre": "Une date est attendue, AAAA-MM-JJ, ou un instant ISO 8601, pas un nombre.",
    "date_trop_ancienne": "Cette date est d'avant l'an 1000 : vérifiez l'année.",
}


_ILLISIBLES = re.compile("[\0\ud800-\udfff]")

PREMIERE_ANNEE = 1000
"""No day of before is meant by anybody, and years can be taken away from all those after."""


def valeur_recevable(recue: object, lue: object) -> None:
    """What no field takes, though its type would: texts that PostgreSQL cannot hold, numbers for dates, which pydantic
    takes for seconds since 1970, numbers for booleans, booleans for numbers, days before ``PREMIERE_ANNEE``. ``lue``:
    what ``recue`` was read as. Raises PydanticCustomError."""
    if isinstance(lue, date) and not isinstance(recue, date) and _est_un_nombre(recue):
        raise PydanticCustomError("date_en_nombre", "a date, not a number")
    if isinstance(lue, date) and lue.year < PREMIERE_ANNEE:
        raise PydanticCustomError("date_trop_ancienne", "a date of another age")
    if isinstance(lue, bool) and not isinstance(recue, bool | str):
        raise PydanticCustomError("bool_type", "a boolean, not a number")
    if isinstance(recue, bool) and isinstance(lue, int | float | Decimal) and not isinstance(lue, bool):
        raise PydanticCustomError("float_type", "a number, not a boolean")
    if _illisible(lue):
        raise PydanticCustomError("texte_illisible", "NUL or lone surrogate")


def _est_un_nombre(recue: object) -> bool:
    if not isinstance(recue, str):
        return True
    try:
        float(recue)
    except ValueError:
        return False
    return True


def _illisible(valeur: object) -> bool:
    match valeur:
        case str():
            return _ILLISIBLES.search(valeur) is not None
        case Mapping():
            return any(_illisible(c) or _illisible(v) for c, v in valeur.items())
        case list() | tuple() | set() | frozenset():
            return any(_illisible(v) for v in valeur)
    return False


def verifier_adresse(scope: Scope) -> None:
    """No address has a NUL: no name that a service keeps can. Raises DonneesInvalides, naming the parameter."""
    if "\0" in scope["path"]:
        raise _nul("chemin")
    if b"%00" in scope["query_string"] or b"\0" in scope["query_string"]:
        recus = parse_qsl(scope["query_string"].decode("latin-1"), keep_blank_values=True)
        raise _nul(next((f"requête.{nom}" for nom, valeur in recus if "\0" in valeur), "requête"))


def _nul(ou: str) -> DonneesInvalides:
    message = "Le texte contient un caractère nul (%00)."
    return DonneesInvalides(
        f"Une donnée est invalide : {ou}. {message}", erreurs=[{"emplacement": ou, "message": message}]
    )


def hors_bornes() -> DonneesInvalides:
    """422 for a value that went through every check, and that the database cannot hold."""
    return DonneesInvalides(
        "Une valeur de l'appel ne peut pas être gardée : un nombre trop grand, une date hors du calendrier, ou un "
        "texte avec un caractère nul. Corrigez-la, puis renvoyez l'appel."
    )


def message_francais(type_erreur: str, contexte: Mapping[str, Any]) -> str:
    """The French sentence for one pydantic error; it never quotes the value received."""
    modele = _MESSAGES.get(type_erreur)
    if modele is None:
        return f"Valeur refusée ({type_erreur})."
    try:
        return modele.format_map({c: str(v).replace(" or ", " ou ") for c, v in contexte.items()})
    except KeyError:
        return f"Valeur refusée ({type_erreur})."


def emplacement(lieu: Sequence[str | int]) -> str:
    """``("body", "lignes", 3, "date")`` -> ``corps.lignes[3].date``."""
    tete, *reste = lieu or ("body",)
    texte = _LIEUX.get(str(tete), str(tete))
    for pas in reste:
        texte += f"[{pas}]" if isinstance(pas, int) else f".{pas}"
    return texte


def donnees_invalides(erreurs: Sequence[Mapping[str, Any]]) -> DonneesInvalides:
    """422 from pydantic's errors: ``erreurs: [{emplacement, message}]``."""
    liste = [
        {
            "emplacement": emplacement(e["loc"]),
            "message": message_francais(e["type"], e.get("ctx") or {}),
        }
        for e in erreurs
    ]
    compte = "Une donnée est invalide" if len(liste) == 1 else f"{len(liste)} données sont invalides"
    return DonneesInvalides(f"{compte} : {liste[0]['emplacement']}. {liste[0]['message']}", erreurs=liste)


def depuis_validation(requete: Request, exception: RequestValidationError) -> Probleme:
    """400 for a body that is not JSON, 415 for a body in another type than JSON, 422 for the rest."""
    erreurs = exception.errors()
    for erreur in erreurs:
        if erreur["type"] == "json_invalid":
            position = erreur["loc"][-1]
            return RequeteMalformee(f"Le corps n'est pas du JSON : erreur au caractère {position}.", position=position)
    type_media = requete.headers.get("content-type", "")
    corps_refuse = any(tuple(e["loc"]) == ("body",) and e["type"] != "missing" for e in erreurs)
    if corps_refuse and "json" not in type_media:
        return type_non_pris(type_media, ["application/json"])
    return donnees_invalides(erreurs)


def type_non_pris(recu: str, acceptes: Sequence[str]) -> TypeNonPrisEnCharge:
    """415 that says which content types are taken."""
    absent = "Le corps est envoyé sans Content-Type" if not recu else "Ce Content-Type n'est pas pris en charge"
    return TypeNonPrisEnCharge(f"{absent} : envoyez {' ou '.join(acceptes)}.", acceptes=list(acceptes))


_REFUS_HTTP: Mapping[int, tuple[type[Probleme], str]] = {
    400: (RequeteMalformee, "Le corps de la requête ne peut être lu."),
    401: (NonIdentifie, "Identifiez-vous pour appeler ce service."),
    403: (AccesRefuse, "Vous n'avez pas le droit de faire cet appel."),
    404: (Introuvable, "Aucune ressource à cette adresse."),
    405: (MethodeNonPrevue, "La méthode {methode} n'est pas prévue à cette adresse ; prévue(s) : {prevues}."),
}


def depuis_http(requete: Request, exception: HTTPException) -> Probleme:
    """A problem from what the framework raised.

    A ``Probleme`` it met while reading the body, and wrapped, comes back; so does ``ClientDisconnect``, raised.
    """
    match exception.__cause__:
        case Probleme() as probleme:
            return probleme
        case ClientDisconnect() as depart:
            raise depart
    entetes = dict(exception.headers or {})
    if exception.status_code not in _REFUS_HTTP:
        return ErreurHttp(exception.status_code, "La requête est refusée.", entetes=entetes)
    if exception.status_code == 405:
        entetes["Allow"] = ", ".join(_methodes_prevues(requete)) or entetes.get("Allow", "")
    classe, detail = _REFUS_HTTP[exception.status_code]
    return classe(detail.format(methode=requete.method, prevues=entetes.get("Allow", "")), entetes=entetes)


def _methodes_prevues(requete: Request) -> list[str]:
    """Every method this address answers to (RFC 9110, 10.2.1): the framework names those of one route only."""
    routes = _routes(requete.app.routes)
    siennes = [route.methods or () for route in routes if route.matches(requete.scope)[0] is not Match.NONE]
    return sorted({methode for methodes in siennes for methode in methodes})


def _routes(routes: Iterable[BaseRoute]) -> Iterator[Route]:
    """Those of an application, and of the routers it includes: FastAPI keeps these as one route each."""
    for route in routes:
        if isinstance(route, Route):
            yield route
        elif (inclus := getattr(route, "original_router", None)) is not None:
            yield from _routes(inclus.routes)
