"""The repartition topic in the AsyncAPI document: what Vigie tells itself of one person's contacts and files.

Written and read by ``shared.dossiers.derives``; documented so that an operator knows what is on the log.
"""

from typing import Any

from shared.events.contrat import CAUSES, MEDIA_UN, PSEUDONYME

TOPIC_PERSONNES = "vigie.personnes.v1"
"""Where a dossier service announces, by pseudonym, the contacts and files that make chains."""

CANAL = "personnes"
CLE = r"^reiteration\|vigie\|k"

Document = dict[str, Any]

_JALONS = {"contact": ("contact",), "dossier": ("ouvert", "clos"), "retrait": ()}
"""Kind of announcement -> its milestones."""

_QUOI = {
    "contact": "Un contact d'une personne : quand, sur quel motif, par quel canal, avec quelle issue.",
    "dossier": "Un dossier d'une personne : ouvert quand, clos quand.",
    "retrait": "Ce qui avait été annoncé sous cet identifiant ne vaut plus, ou relève d'une autre personne.",
}


def messages() -> dict[str, Document]:
    """Name of each message -> its contract but for the key's binding."""
    return {
        f"personne_{genre}": {
            "name": f"personne_{genre}",
            "title": f"Chaînes d'une personne : {genre}",
            "contentType": MEDIA_UN,
            "payload": {"$ref": f"#/components/schemas/personne_{genre}"},
            "examples": [{"name": genre, "payload": _exemple(genre)}],
        }
        for genre in _JALONS
    }


def schemas() -> dict[str, Document]:
    """Name of each message -> its schema (draft 7)."""
    return {f"personne_{genre}": _schema(genre) for genre in _JALONS}


def _schema(genre: str) -> Document:
    instant = {"description": "Secondes Unix.", "type": "integer"}
    organisme = {"description": "Code d'organisme.", "type": "integer", "minimum": 0}
    return {
        "description": _QUOI[genre],
        "type": "object",
        "required": ["specversion", "id", "source", "type", "subject", "revision", "recordedtime", "data"],
        "additionalProperties": False,
        "properties": {
            "specversion": {"const": "1.0"},
            "id": {"description": "Clé du dossier d'origine.", "type": "string", "minLength": 1},
            "source": {"type": "string", "pattern": "^urn:vigie:service:"},
            "type": {"const": f"vigie.personne.{genre}.v1"},
            "subject": {"description": "Pseudonyme de la personne.", "type": "string", "pattern": f"^{PSEUDONYME}$"},
            "revision": {"description": "Version du dossier d'origine.", "type": "integer", "minimum": 0},
            "recordedtime": {"description": "Minuit, à Paris, du jour enregistré : secondes Unix.", "type": "integer"},
            "data": {
                "type": "object",
                "required": ["cause"],
                "additionalProperties": False,
                "properties": {
                    "cause": {"enum": list(CAUSES)},
                    "jalons": {
                        "type": "object",
                        "additionalProperties": False,
                        "properties": dict.fromkeys(_JALONS[genre], instant),
                    },
                    "caisse": organisme,
                    "productrice": organisme,
                    "plateforme": {"type": "string"},
                    "attributs": {"type": "object", "additionalProperties": {"type": "string"}},
                },
            },
        },
    }


def _exemple(genre: str) -> Document:
    donnees: Document = {"cause": "normal"}
    if genre != "retrait":
        donnees |= {"jalons": {nom: 1_793_700_000 + 86_400 * i for i, nom in enumerate(_JALONS[genre])}, "caisse": 751}
    return {
        "specversion": "1.0",
        "id": "appel|urn:vigie:source:telephonie-idf|A-20261103-000123",
        "source": "urn:vigie:service:contacts",
        "type": f"vigie.personne.{genre}.v1",
        "subject": "k1.Zm9vYmFyYmF6cXV4cXV1eA",
        "revision": 1,
        "recordedtime": 1_793_660_400,
        "data": donnees,
    }
