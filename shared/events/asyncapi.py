"""The AsyncAPI 3.0 document of the log: topics, operations, messages, keys and the partition rule."""

from collections.abc import Iterable
from typing import Any

from shared.catalogue.processus import Processus
from shared.events import personnes
from shared.events.contrat import MEDIA_UN, TOPIC_INDICATEURS, TYPE_CHANGE, topic
from shared.events.exemples import exemple
from shared.events.schemas import GENRES, changement, definitions, evenement

PARTITION = "crc32(clé) % nombre de partitions"
_BASE = "#/components/schemas/"
_VERSION_KAFKA = "0.5.0"

Document = dict[str, Any]


def document(processus: Iterable[Processus], slugs: Iterable[str]) -> Document:
    """The whole document; each process goes to the topic of its service."""
    par_service: dict[str, list[Processus]] = {}
    for p in processus:
        par_service.setdefault(p.service, []).append(p)
    services = dict(sorted(par_service.items()))
    tous = [p for ps in services.values() for p in ps]
    return {
        "asyncapi": "3.0.0",
        "id": "urn:vigie:journal",
        "info": {
            "title": "Journal des événements de Vigie",
            "version": "1.0.0",
            "description": (
                "Événements que Vigie consomme et annonce, en CloudEvents 1.0 (mode structuré, JSON). "
                "Un producteur qui écrit dans Kafka sans passer par HTTP pose la clé et la partition lui-même."
            ),
            "license": {"name": "Apache-2.0"},
        },
        "defaultContentType": MEDIA_UN,
        "channels": {s: _canal(s, ps) for s, ps in services.items()}
        | {"indicateurs": _canal_indicateurs(), personnes.CANAL: _canal_personnes()},
        "operations": {f"consommer_{s}": _consommer(s, ps) for s, ps in services.items()}
        | {"annoncer_indicateurs": _annoncer()}
        | {f"{verbe}_personnes": _sur_les_personnes(verbe) for verbe in _VERBES},
        "components": {
            "messages": {_nom(p, g): _message(p, g) for p in tous for g in GENRES}
            | {"indicateur_change": _cloche()}
            | {
                nom: message | {"bindings": _cle(_CLE_PERSONNES, personnes.CLE)}
                for nom, message in personnes.messages().items()
            },
            "schemas": definitions(slugs, _BASE)
            | {_nom(p, g): evenement(p, g, _BASE) for p in tous for g in GENRES}
            | {"indicateur_change": changement()}
            | personnes.schemas(),
        },
    }


def _nom(p: Processus, genre: str) -> str:
    return f"{p.code}_{genre}"


def _canal(service: str, processus: list[Processus]) -> Document:
    return {
        "address": topic(service),
        "title": f"Événements du service {service}",
        "description": f"Processus : {', '.join(p.code for p in processus)}.",
        "messages": {_nom(p, g): _ref("components/messages", _nom(p, g)) for p in processus for g in GENRES},
        "bindings": _kafka_canal(topic(service)),
    }


def _canal_indicateurs() -> Document:
    return {
        "address": TOPIC_INDICATEURS,
        "title": "Changements d'indicateurs",
        "description": "Quelles caisses ont des indicateurs à relire ; les valeurs se lisent par l'API.",
        "messages": {"indicateur_change": _ref("components/messages", "indicateur_change")},
        "bindings": _kafka_canal(TOPIC_INDICATEURS),
    }


def _canal_personnes() -> Document:
    return {
        "address": personnes.TOPIC_PERSONNES,
        "title": "Contacts et dossiers par personne",
        "description": (
            "Interne à Vigie : ce dont sont faits les réitérations et les contacts induits, regroupé par pseudonyme. "
            "Une source n'y écrit pas."
        ),
        "messages": {nom: _ref("components/messages", nom) for nom in personnes.messages()},
        "bindings": _kafka_canal(personnes.TOPIC_PERSONNES),
    }


_VERBES = {
    "annoncer": ("send", "Les services contacts et claims annoncent ce qu'ils savent d'une personne."),
    "consommer": ("receive", "Le service contacts tient la chaîne de chaque personne."),
}


def _sur_les_personnes(verbe: str) -> Document:
    action, resume = _VERBES[verbe]
    canal = f"channels/{personnes.CANAL}"
    return {
        "action": action,
        "channel": _ref("channels", personnes.CANAL),
        "summary": resume,
        "messages": [_ref(f"{canal}/messages", nom) for nom in personnes.messages()],
    }


_CLE_PERSONNES = f"reiteration|vigie|<pseudonyme>, en UTF-8. Partition : {PARTITION}."


def _kafka_canal(nom: str) -> Document:
    return {
        "kafka": {
            "topic": nom,
            "topicConfiguration": {"cleanup.policy": ["delete"]},
            "bindingVersion": _VERSION_KAFKA,
            "x-partition": PARTITION,
        }
    }


def _consommer(service: str, processus: list[Processus]) -> Document:
    canal = f"channels/{service}/messages"
    return {
        "action": "receive",
        "channel": _ref("channels", service),
        "summary": f"Vigie lit les événements et tient les dossiers du service {service}.",
        "messages": [_ref(canal, _nom(p, g)) for p in processus for g in GENRES],
    }


def _annoncer() -> Document:
    return {
        "action": "send",
        "channel": _ref("channels", "indicateurs"),
        "summary": "Vigie annonce que des indicateurs ont changé.",
        "messages": [_ref("channels/indicateurs/messages", "indicateur_change")],
    }


def _message(p: Processus, genre: str) -> Document:
    return {
        "name": _nom(p, genre),
        "title": f"{p.libelle} : {genre}",
        "contentType": MEDIA_UN,
        "payload": {"$ref": _BASE + _nom(p, genre)},
        "bindings": _cle(
            f"{p.code}|<namespace>|<subject>, en UTF-8 ; namespace : source, s'il est absent. Partition : {PARTITION}.",
            f"^{p.code}\\|[^|]+\\|[^|]+$",
        ),
        "examples": [{"name": genre, "payload": exemple(p, genre)}],
    }


def _cloche() -> Document:
    charge = {
        "specversion": "1.0",
        "id": "vigie.contacts.v1-0-4213",
        "source": "urn:vigie:service:contacts",
        "type": TYPE_CHANGE,
        "time": "2026-11-03T08:12:45Z",
        "data": {
            "caisses": {"appel": [751, 131]},
            "position": {"topic": "vigie.contacts.v1", "partition": 0, "next": 4213},
        },
    }
    return {
        "name": "indicateur_change",
        "title": "Changement d'indicateurs",
        "contentType": MEDIA_UN,
        "payload": {"$ref": f"{_BASE}indicateur_change"},
        "bindings": _cle(f"Nom du service qui annonce. Partition : {PARTITION}.", "^[a-z]+$"),
        "examples": [{"name": "change", "payload": charge}],
    }


def _cle(description: str, motif: str) -> Document:
    cle = {"type": "string", "description": description, "pattern": motif}
    return {"kafka": {"key": cle, "bindingVersion": _VERSION_KAFKA}}


def _ref(ou: str, nom: str) -> Document:
    return {"$ref": f"#/{ou}/{nom}"}
