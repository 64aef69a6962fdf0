"""The state of a dossier and its merge: a map from (source, id) to the content of its highest revision.

Joining two such maps is commutative, associative and idempotent, and nothing else is ever merged: jalons and
attributes are pure functions of the live contents. Duplicates, disorder, replays and two sources for one
dossier therefore all end in the same state.
"""

from collections.abc import Iterable, Mapping, Sequence
from hashlib import blake2b

import msgspec

from shared.events.contrat import Contenu

Etat = dict[tuple[int, str], Contenu]
"""(source code, event id) -> its winning content."""

Valeur = int | list[int]
"""A merged jalon: one Unix second, or the sorted list of all for a ``multiple``."""

_encoder = msgspec.msgpack.Encoder()
_decoder = msgspec.msgpack.Decoder(list[Contenu])


def encoder_etat(etat: Etat) -> bytes:
    """The stored form: contents sorted by (source, id), so that equal states are equal bytes."""
    if len(etat) == 1:
        return _encoder.encode(list(etat.values()))
    return _encoder.encode([etat[cle] for cle in sorted(etat)])


def decoder_etat(octets: bytes) -> Etat:
    """The inverse of ``encoder_etat``."""
    return {(c.source, c.id): c for c in _decoder.decode(octets)}


def empreinte(contenu: Contenu) -> bytes:
    """Digest that breaks the tie between two contents of equal revision, whatever order their maps were built in."""
    ordonne = msgspec.structs.replace(
        contenu,
        jalons=dict(sorted(contenu.jalons.items())),
        attributs=dict(sorted(contenu.attributs.items())),
    )
    return blake2b(_encoder.encode(ordonne), digest_size=16).digest()


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


def ordre(contenus: Iterable[Contenu]) -> list[Contenu]:
    """Contents in the order in which the later one's attributes win: by (time, source, id)."""
    return sorted(contenus, key=lambda c: (c.temps, c.source, c.id))


def jalons_de(contenus: Sequence[Contenu], regles: Mapping[str, str]) -> dict[str, Valeur]:
    """Merged jalons of the live contents: earliest, latest or sorted list, by the rule of each."""
    if len(contenus) == 1:
        return contenus[0].jalons
    fusion: dict[str, Valeur] = {}
    for contenu in contenus:
        for nom, valeur in contenu.jalons.items():
            deja = fusion.get(nom)
            if deja is None:
                fusion[nom] = valeur
            elif isinstance(deja, list) or isinstance(valeur, list):
                fusion[nom] = sorted({*_liste(deja), *_liste(valeur)})
            elif regles.get(nom) == "dernier":
                fusion[nom] = max(deja, valeur)
            else:
                fusion[nom] = min(deja, valeur)
    return fusion


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
