"""The OpenAPI document with what the service really answers when it refuses: RFC 9457 problems."""

import re
from typing import Any

from shared.service.erreurs import TYPE_MEDIA

_PROBLEME: dict[str, Any] = {
    "title": "Probleme",
    "description": "RFC 9457. D'autres membres précisent certains problèmes.",
    "type": "object",
    "required": ["type", "title", "status", "detail", "retryable"],
    "properties": {
        "type": {"type": "string", "format": "uri", "description": "Le type de problème ; stable."},
        "title": {"type": "string"},
        "status": {"type": "integer", "minimum": 400, "maximum": 599},
        "detail": {"type": "string", "description": "Ce qui ne va pas, où, et que faire."},
        "instance": {"type": "string", "format": "uri", "description": "La requête concernée."},
        "retryable": {"type": "boolean", "description": "Le même appel peut réussir plus tard."},
        "erreurs": {
            "type": "array",
            "description": "Pour des données invalides : chaque faute et sa place.",
            "items": {
                "type": "object",
                "required": ["emplacement", "message"],
                "properties": {"emplacement": {"type": "string"}, "message": {"type": "string"}},
            },
        },
        "incident": {"type": "string", "description": "Pour une erreur interne : le numéro à signaler."},
    },
    "additionalProperties": True,
}
_REPONSE = {
    "description": "Requête refusée ou erreur.",
    "content": {TYPE_MEDIA: {"schema": {"$ref": "#/components/schemas/Probleme"}}},
}
CSV_AUSSI: dict[int | str, dict[str, Any]] = {200: {"content": {"text/csv": {}}}}
"""``responses`` of a route that answers JSON, or CSV to who asks for it."""

_CLE: dict[str, Any] = {
    "required": True,
    "description": "Un identifiant choisi pour cet appel, répété s'il est renvoyé.",
    "schema": {"type": "string", "minLength": 1, "maxLength": 255, "pattern": r"^[\x21-\x7e]+$"},
}
_CREE = "201"
_LIEU: dict[str, Any] = {
    "description": "L'adresse de ce qui vient d'être fait.",
    "schema": {"type": "string", "format": "uri-reference"},
}
_NOMME_PAR = {"pole": "cle", "mois": "mois"}
"""Field of what was made that an address names it by, by parameter; else its ``id``."""

_SCHEMAS_REMPLACES = ("HTTPValidationError", "ValidationError")


def decrire_les_problemes(document: dict[str, Any], *, identifie: bool = False) -> dict[str, Any]:
    """``document`` where every operation's ``default`` answer is a problem, in place of FastAPI's 422, and where the
    key of an unsafe call is required, as it is. ``identifie``: every call under ``/v1/`` bears a token. Changes it.
    """
    schemas = document.setdefault("components", {}).setdefault("schemas", {})
    for nom in _SCHEMAS_REMPLACES:
        schemas.pop(nom, None)
    schemas["Probleme"] = _PROBLEME
    if identifie:
        document["components"]["securitySchemes"] = {"jeton": {"type": "http", "scheme": "bearer"}}
    for adresse, chemin in document.get("paths", {}).items():
        for operation in chemin.values():
            if identifie and adresse.startswith("/v1/"):
                operation["security"] = [{"jeton": []}]
            reponses = operation["responses"]
            reponses.pop("422", None)
            reponses["default"] = _REPONSE
            for parametre in operation.get("parameters", ()):
                if parametre["name"] == "idempotency-key":
                    parametre.update(_CLE)
    _lier(document.get("paths", {}))
    return document


def _lier(chemins: dict[str, Any]) -> None:
    """Where ``POST /things`` makes one, its answer says the address (``Location``) and what can then be called with its
    name: links to every operation of ``/things/{name}`` and below that needs no other name."""
    for adresse, chemin in chemins.items():
        reponse = chemin.get("post", {}).get("responses", {}).get(_CREE)
        suites = [(suite, nom[1]) for suite in chemins if (nom := re.fullmatch(rf"{adresse}/{{(\w+)}}[^{{]*", suite))]
        if reponse is None or not suites or "{" in adresse:
            continue
        reponse["headers"] = {"Location": _LIEU}
        reponse["links"] = {
            operation["operationId"]: {
                "operationId": operation["operationId"],
                "parameters": {f"path.{nom}": f"$response.body#/{_NOMME_PAR.get(nom, 'id')}"},
            }
            for suite, nom in suites
            for operation in chemins[suite].values()
        }
