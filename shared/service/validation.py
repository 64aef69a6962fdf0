"""What the framework refuses, said as problems: validation errors in French, other HTTP exceptions."""

from collections.abc import Mapping, Sequence
from typing import Any

from fastapi import Request
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect

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
}


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
    classe, detail = _REFUS_HTTP[exception.status_code]
    return classe(detail.format(methode=requete.method, prevues=entetes.get("Allow", "")), entetes=entetes)
