"""All that a plan is made from, as plain values, and its digest: the same data, the same plan. Pure."""

import hashlib
from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from typing import Any

import msgspec

from services.entraide.domain.montage import regles
from services.entraide.domain.telephone import modele
from services.entraide.plans.contenu import Entree


def donnees_en_clair(entree: Entree) -> dict[str, Any]:
    """Every value that decides, settings included; calendars follow from the caisses."""
    donnees = entree.donnees
    champs = {f.name: en_clair(getattr(donnees, f.name)) for f in fields(donnees) if f.name != "calendriers"}
    return champs | {
        "telephone": en_clair(donnees.telephone or modele()),
        "regles": en_clair(regles()),
        "ecartees": en_clair(entree.ecartees),
        "methode": entree.methode,
    }


def empreinte(clair: object) -> str:
    """BLAKE2b, 128 bits, in hexadecimal."""
    return hashlib.blake2b(msgspec.json.encode(clair, order="sorted"), digest_size=16).hexdigest()


def en_clair(valeur: object) -> Any:
    """Plain values of anything a plan is made from; sets in order, mappings by key (as pairs unless keys are texts)."""
    if is_dataclass(valeur):
        return {"genre": type(valeur).__name__} | {f.name: en_clair(getattr(valeur, f.name)) for f in fields(valeur)}
    if isinstance(valeur, Mapping):
        if all(isinstance(cle, str) for cle in valeur):
            return {cle: en_clair(v) for cle, v in sorted(valeur.items())}
        return [[en_clair(cle), en_clair(v)] for cle, v in sorted(valeur.items())]
    if isinstance(valeur, frozenset):
        return [en_clair(v) for v in sorted(valeur)]
    if isinstance(valeur, tuple | list):
        return [en_clair(v) for v in valeur]
    return valeur
