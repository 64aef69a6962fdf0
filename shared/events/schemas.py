"""JSON Schemas (2020-12) of events, built from the process definitions and ``contrat``.

A schema accepts what ``lecture.Lecteur`` accepts, but for what a schema cannot say: the personal-data guard, the
bounds of dates, days that do not exist, the size and depth of a line, ``1.0`` written for an integer, code points
that Unicode has not assigned, and that two pseudonyms of a person are of two keys. Every schema stands alone: its
references are to its own ``$defs``.
"""

from collections.abc import Iterable, Mapping
from typing import Any

from shared.catalogue.processus import AUTRE, Processus
from shared.events.contrat import (
    ASSURES_MAX,
    INSTANT,
    NOMBRE_MAX,
    PLATEFORME_MAX,
    PSEUDONYME,
    REVISION_MAX,
    TEXTE_MAX,
    TYPE_CHANGE,
    TYPE_DOSSIER,
    TYPE_RETRAIT,
)

Schema = dict[str, Any]

DIALECTE = "https://json-schema.org/draft/2020-12/schema"
LOCAL = "#/$defs/"
GENRES = ("jalon", TYPE_DOSSIER, TYPE_RETRAIT)

_NON_IMPRIMABLE = (
    r"\u0000-\u001f\u007f-\u00a0\u00ad\u0600-\u0605\u061c\u1680\u180e\u2000-\u200f\u2028-\u202f\u205f-\u206f\u3000"
    r"\ue000-\uf8ff\ufeff\ufff9-\uffff"
)
_VIDE: Schema = {"anyOf": [{"type": "null"}, {"type": "array", "items": {"type": "null"}}]}
_SCALAIRE = ["string", "number", "boolean", "null"]


def fichiers(processus: Iterable[Processus], slugs: Iterable[str]) -> dict[str, Schema]:
    """Every schema by file name."""
    communs = definitions(slugs)
    envoi = {"enveloppe.json": _document("Enveloppe d'un événement", communs["enveloppe"], _sans(communs))}
    for p in processus:
        genres = {genre: evenement(p, genre) for genre in GENRES}
        choix = {"oneOf": [{"$ref": LOCAL + genre} for genre in GENRES]}
        envoi[f"{p.code}.json"] = _document(f"Événement « {p.libelle} »", choix, communs | genres)
    envoi["indicateur_change.json"] = _document("Changement d'indicateurs", changement(), {})
    return envoi


def definitions(slugs: Iterable[str], base: str = LOCAL) -> dict[str, Schema]:
    """What the events of all processes share, by name; references start with ``base``."""
    return {
        "enveloppe": _enveloppe(base),
        "nom": _nom(),
        "instant": {
            "description": "RFC 3339, décalage compris ; la fraction de seconde est ignorée.",
            "type": "string",
            "format": "date-time",
            "pattern": _entier(INSTANT),
            "examples": ["2026-11-03T09:12:44+01:00"],
        },
        "caisse": {"description": "Slug d'une caisse du réseau.", "type": "string", "enum": sorted(slugs)},
        "pseudonyme": {
            "description": "k<clé>.<HMAC-SHA256 à la clé du réseau, en base64url>",
            "type": "string",
            "pattern": _entier(PSEUDONYME),
        },
        "assure": {
            "description": "Pseudonyme ; pendant la rotation de la clé, le présent puis le précédent.",
            "anyOf": [
                {"$ref": f"{base}pseudonyme"},
                {
                    "type": "array",
                    "items": {"$ref": f"{base}pseudonyme"},
                    "minItems": 1,
                    "maxItems": ASSURES_MAX,
                    "uniqueItems": True,
                },
            ],
        },
        "plateforme": {"type": "string", "minLength": 1, "maxLength": PLATEFORME_MAX, **_sauf(_NON_IMPRIMABLE)},
        "nombre": {
            "description": "L'événement vaut pour autant d'unités semblables.",
            "type": "integer",
            "minimum": 1,
            "maximum": NOMBRE_MAX,
        },
    }


def evenement(p: Processus, genre: str, base: str = LOCAL) -> Schema:
    """The events of one process and genre: one milestone, a whole dossier, or a retraction."""
    corps = {"jalon": _jalon, TYPE_DOSSIER: _dossier, TYPE_RETRAIT: _retrait}[genre](p, base)
    return {"title": f"{p.libelle} : {genre}", "allOf": [{"$ref": f"{base}enveloppe"}], **corps}


def types_de(p: Processus, genre: str) -> list[str]:
    """The event types of one genre of a process."""
    noms = p.jalons if genre == "jalon" else (genre,)
    return [f"vigie.{p.code}.{nom}.v1" for nom in noms]


def changement() -> Schema:
    """The bell of a dossier service: which caisses' cells moved, and up to where of the log they now stand."""
    position = {
        "description": "Jusqu'où du journal les valeurs sont à jour (position suivante).",
        "type": "object",
        "required": ["topic", "partition", "next"],
        "properties": {
            "topic": {"type": "string"},
            "partition": {"type": "integer", "minimum": 0},
            "next": {"type": "integer", "minimum": 0},
        },
    }
    caisses = {
        "description": "Processus -> codes d'organisme des caisses dont un indicateur a pu changer.",
        "type": "object",
        "minProperties": 1,
        "additionalProperties": {"type": "array", "minItems": 1, "items": {"type": "integer"}},
    }
    return {
        "type": "object",
        "required": ["specversion", "id", "source", "type", "time", "data"],
        "properties": {
            "specversion": {"const": "1.0"},
            "id": {"type": "string", "minLength": 1},
            "source": {"type": "string", "pattern": "^urn:vigie:service:"},
            "type": {"const": TYPE_CHANGE},
            "time": {"type": "string", "format": "date-time"},
            "data": {
                "type": "object",
                "required": ["caisses"],
                "properties": {"caisses": caisses, "position": position},
            },
        },
    }


def _enveloppe(base: str) -> Schema:
    nom, instant = {"$ref": f"{base}nom"}, {"$ref": f"{base}instant"}
    proprietes: Schema = {
        "specversion": {"const": "1.0"},
        "id": {"description": "Avec source, désigne l'événement.", **_selon(nom)},
        "source": {"description": "Qui l'envoie, par exemple urn:vigie:source:telephonie-idf.", **_selon(nom)},
        "type": {"description": "vigie.<processus>.<jalon, dossier ou retrait>.v1", "type": "string"},
        "subject": {"description": "Identifiant du dossier ou du contact.", **_selon(nom)},
        "time": {"description": "Quand le jalon a eu lieu.", **_ou_null(instant)},
        "recordedtime": {"description": "Quand Vigie a accepté l'événement : posé par Vigie.", **_ou_null(instant)},
        "revision": {
            "description": "La plus haute remplace les autres du même source et id ; 0 si absente.",
            "type": ["integer", "null"],
            "minimum": 0,
            "maximum": REVISION_MAX,
        },
        "namespace": {
            "description": "À qui est la numérotation de subject ; source si absent.",
            "anyOf": [{"type": "null"}, {"const": ""}, nom],
        },
        "datacontenttype": _ou_null(nom),
        "data": {"type": "object"},
    }
    return {
        "type": "object",
        "required": ["specversion", "id", "source", "type", "subject", "data"],
        "properties": proprietes,
    }


def _jalon(p: Processus, base: str) -> Schema:
    donnees = _donnees(p, base) | {"jalons": {"type": "null"}, "cible": {"type": "null"}}
    return {
        "required": ["time"],
        "properties": {
            "type": {"enum": types_de(p, "jalon")},
            "time": {"$ref": f"{base}instant"},
            "data": {"properties": donnees},
        },
    }


def _dossier(p: Processus, base: str) -> Schema:
    jalons = {nom: _dates(regle, {"$ref": f"{base}instant"}) for nom, regle in p.jalons.items()}
    objet = {"type": ["object", "null"], "properties": jalons, "additionalProperties": False}
    date_de_jalon = {"type": "object", "not": {"additionalProperties": _VIDE}}
    return {
        "properties": {
            "type": {"enum": types_de(p, TYPE_DOSSIER)},
            "data": {"properties": _donnees(p, base) | {"jalons": objet, "cible": {"type": "null"}}},
        },
        "anyOf": [
            {"required": ["time"], "properties": {"time": {"type": "string"}}},
            {"properties": {"data": {"required": ["jalons"], "properties": {"jalons": date_de_jalon}}}},
        ],
    }


def _retrait(p: Processus, base: str) -> Schema:
    cible = {"description": "id de l'événement retiré, de la même source.", **_selon({"$ref": f"{base}nom"})}
    donnees = {"cible": cible, "assure": _ou_null({"$ref": f"{base}assure"})}
    return {
        "properties": {
            "type": {"enum": types_de(p, TYPE_RETRAIT)},
            "data": {"required": ["cible"], "properties": donnees},
        },
    }


def _donnees(p: Processus, base: str) -> Schema:
    communs = ("caisse", "productrice", "plateforme", "assure", "nombre")
    noms = {"productrice": "caisse"}
    champs = {champ: _ou_null({"$ref": base + noms.get(champ, champ)}) for champ in communs}
    entiers = {nom: _grandeur(maximum) for nom, maximum in p.grandeurs.items()}
    return champs | {nom: _attribut(valeurs) for nom, valeurs in p.attributs.items()} | entiers


def _attribut(valeurs: tuple[str, ...]) -> Schema:
    """A closed list that takes anything: what it does not have becomes ``autre``."""
    connues = list(dict.fromkeys((*valeurs, AUTRE)))
    autre = {"description": f"Toute autre valeur devient « {AUTRE} », et est comptée.", "type": _SCALAIRE}
    return {"anyOf": [{"enum": connues}, autre]}


def _grandeur(maximum: int) -> Schema:
    return {"description": "Quantité relevée.", "type": ["integer", "null"], "minimum": 0, "maximum": maximum}


def _dates(regle: str, instant: Schema) -> Schema:
    if regle != "multiple":
        return _ou_null(instant)
    return {"anyOf": [{"type": "null"}, instant, {"type": "array", "items": _ou_null(instant)}]}


def _nom() -> Schema:
    return {"type": "string", "minLength": 1, "maxLength": TEXTE_MAX, **_sauf(_NON_IMPRIMABLE + "|")}


def _sauf(classe: str) -> Schema:
    return {"not": {"pattern": f"[{classe}]"}}


def _entier(motif: str) -> str:
    """A pattern for the whole text; ``$`` alone lets a final newline through in some engines."""
    return f"^(?:{motif})$(?!\\n)"


def _ou_null(schema: Schema) -> Schema:
    return {"anyOf": [{"type": "null"}, schema]}


def _selon(reference: Schema) -> Schema:
    return {"allOf": [reference]}


def _sans(communs: Mapping[str, Schema]) -> dict[str, Schema]:
    return {nom: communs[nom] for nom in ("nom", "instant")}


def _document(titre: str, schema: Schema, definitions_: Mapping[str, Schema]) -> Schema:
    entete: Schema = {"$schema": DIALECTE, "title": titre}
    return entete | schema | ({"$defs": dict(definitions_)} if definitions_ else {})
