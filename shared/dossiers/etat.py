"""The state of a dossier and its merge: a map from (source, id) to the content of its highest revision.

Joining two such maps is commutative, associative and idempotent, and nothing else is ever merged: jalons and
attributes are pure functions of the live contents. Duplicates, disorder, replays and two sources for one
dossier therefore all end in the same state.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from hashlib import blake2b
from itertools import pairwise
from operator import attrgetter
from typing import Any

import msgspec

from shared.events.contrat import Contenu

Etat = dict[tuple[int, str], Contenu]
"""(source code, event id) -> its winning content."""

Valeur = int | list[int]
"""A merged jalon: one Unix second, or the sorted list of all for a ``multiple``."""

_encoder = msgspec.msgpack.Encoder(order="deterministic")
_decoder = msgspec.msgpack.Decoder(list[Contenu])
_temps = attrgetter("temps")


def contenus_de(etat: Etat) -> list[Contenu]:
    """The contents of a state in the order they are stored: by (source, id)."""
    return [etat[cle] for cle in sorted(etat)]


encoder_contenus: Callable[[Sequence[Contenu | tuple[Any, ...]]], bytes] = _encoder.encode
"""The stored form of ``contenus_de``, keys sorted, so that equal states are equal bytes. A content may be given as
the tuple of its fields."""

decoder_contenus: Callable[[bytes], list[Contenu]] = _decoder.decode
"""The inverse of ``encoder_contenus``."""


def decoder_etat(octets: bytes) -> Etat:
    """The state behind its stored form."""
    return {(c.source, c.id): c for c in decoder_contenus(octets)}


def empreinte(contenu: Contenu) -> bytes:
    """Digest that breaks the tie between two contents of equal revision.

    It depends on what the content says alone: neither on the order of its fields nor on the number that this
    database happened to give to the source.
    """
    return blake2b(_encoder.encode(msgspec.structs.replace(contenu, source=0)), digest_size=16).digest()


def joindre(etat: Etat, contenu: Contenu) -> bool:
    """Join one content into ``etat`` in place; whether the state changed.

    The higher revision wins; of two equal ones, the greater digest.
    """
    cle = (contenu.source, contenu.id)
    present = etat.get(cle)
    if present is not None:
        if contenu.revision < present.revision or contenu == present:
            return False
        if contenu.revision == present.revision and empreinte(contenu) <= empreinte(present):
            return False
    etat[cle] = contenu
    return True


def ordre(contenus: Iterable[Contenu], nom_source: Callable[[int], str]) -> list[Contenu]:
    """Contents in the order in which the later one's attributes win: by (time, source, id).

    ``nom_source``: the name behind a source code; names, not codes, break a tie, so that the order does not
    depend on which source this database met first. Asked only when two times are equal.
    """
    tries = sorted(contenus, key=_temps)
    if any(a.temps == b.temps for a, b in pairwise(tries)):
        tries.sort(key=lambda c: (c.temps, nom_source(c.source), c.id))
    return tries


def jalons_de(contenus: Iterable[Contenu], regles: Mapping[str, str]) -> dict[str, Valeur]:
    """Merged jalons of the live contents, by the rule of each: earliest, latest, or the sorted list of all.

    A ``multiple`` that has one instant may stay a number. Contents may have been read under another definition
    of the process: a list of a jalon that is no longer ``multiple`` counts for its earliest or latest.
    """
    fusion: dict[str, Valeur] = {}
    for contenu in contenus:
        for nom, valeur in contenu.jalons.items():
            deja = fusion.get(nom)
            fusion[nom] = valeur if deja is None else _joints(deja, valeur, regles.get(nom))
    return fusion if all(isinstance(v, int) for v in fusion.values()) else _reguliers(fusion, regles)


def _reguliers(jalons: Mapping[str, Valeur], regles: Mapping[str, str]) -> dict[str, Valeur]:
    return {nom: _selon(valeur, regles[nom]) for nom, valeur in jalons.items() if nom in regles}


def _joints(a: Valeur, b: Valeur, regle: str | None) -> Valeur:
    if isinstance(a, int) and isinstance(b, int) and regle != "multiple":
        return max(a, b) if regle == "dernier" else min(a, b)
    return sorted({*_liste(a), *_liste(b)})


def _selon(valeur: Valeur, regle: str) -> Valeur:
    tous = _liste(valeur)
    return tous if regle == "multiple" else tous[-1] if regle == "dernier" else tous[0]


def _liste(valeur: Valeur) -> list[int]:
    return valeur if isinstance(valeur, list) else [valeur]


def synthese(contenus: Sequence[Contenu]) -> Contenu:
    """Attributes, caisse, productrice, platform, number and pseudonym of a dossier: the last one said of each.

    ``contenus`` in the order of ``ordre``; ``jalons`` of the result is not meaningful.
    """
    if len(contenus) == 1:
        return contenus[0]
    fin = Contenu(0, "", 0, attributs={})
    for c in contenus:
        fin.caisse = c.caisse or fin.caisse
        fin.productrice = c.productrice or fin.productrice
        fin.plateforme = c.plateforme or fin.plateforme
        fin.nombre = c.nombre or fin.nombre
        fin.assure = c.assure or fin.assure
        for nom, valeur in c.attributs.items():
            if valeur:
                fin.attributs[nom] = valeur
    return fin
