"""Lines that are not an envelope: what to save of them, and the sentence that says what is wrong.

Off the hot path. A refused line is kept with its refusal unless it holds personal data, so everything in it is
searched, understood or not.
"""

import re
from typing import Any

import msgspec

from shared.events.contrat import LIGNE_MAX, LIGNE_RECUE_MAX, TEXTE_MAX, Enveloppe, Refus
from shared.events.garde import donnee_personnelle, famille_du_nom, famille_personnelle, personnelle

_CONNUS = frozenset(Enveloppe.__struct_fields__)
_NOMS = ("id", "source", "subject", "namespace")
_MANQUE = re.compile(r"missing required field `(\w+)`$")
_CHAMP = re.compile(r" - at `\$\.(\w+)")
_OCTET = re.compile(r"\(byte (\d+)\)$")
_ATTENDU = {
    "specversion": "doit être « 1.0 »",
    "data": "doit être un objet JSON",
    "revision": "doit être un entier",
    "time": "doit être une date en texte, par exemple 2026-11-03T09:12:44+01:00",
    "recordedtime": "doit être une date en texte, par exemple 2026-11-03T09:12:44+01:00",
}

Illisible = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)
"""What decoding bytes that come from anywhere may raise."""


def verifier_taille(ligne: bytes) -> None:
    """Refuse a line above LIGNE_RECUE_MAX, or LIGNE_MAX once it is stamped."""
    if len(ligne) > LIGNE_MAX or b'"recordedtime"' not in ligne:
        raise Refus("trop_long", f"Événement de {len(ligne)} octets : {LIGNE_RECUE_MAX} au plus.")


def repecher(ligne: bytes) -> Enveloppe:
    """The envelope of a line whose only fault is to have attributes Vigie does not know. Raises Refus."""
    brut = _objet(ligne)
    trouve = donnee_personnelle({k: v for k, v in brut.items() if k not in _CONNUS}, "")
    if trouve is not None:
        raise situer(personnelle(*trouve), brut)
    try:
        return msgspec.convert({k: v for k, v in brut.items() if k in _CONNUS}, Enveloppe)
    except msgspec.ValidationError as exc:
        refus = _enveloppe_invalide(str(exc))
    raise situer(refus, brut)


def _objet(ligne: bytes) -> dict[str, Any]:
    try:
        brut = msgspec.json.decode(ligne)
    except Illisible as exc:
        brut = exc
    if isinstance(brut, dict):
        return brut
    if isinstance(brut, Exception):
        raise _pas_json(ligne, brut)
    trouve = donnee_personnelle(brut, "ligne")
    raise personnelle(*trouve) if trouve else Refus("enveloppe_invalide", "L'événement doit être un objet JSON.")


def situer(refus: Refus, brut: dict[str, Any]) -> Refus:
    """``refus`` with the source and id of its event; replaced when the event holds personal data anywhere.

    ``brut``: the members of the envelope, of any JSON type.
    """
    refus = _cachee(brut) or refus
    refus.source, refus.id = _propre(brut.get("source")), _propre(brut.get("id"))
    return refus


def _cachee(brut: dict[str, Any]) -> Refus | None:
    for champ in _NOMS:
        texte = brut.get(champ)
        famille = famille_du_nom(texte) if isinstance(texte, str) else None
        if famille is not None:
            return personnelle(champ, famille)
    reste = {k: None if k in _NOMS or k == "data" else v for k, v in brut.items()}
    trouve = donnee_personnelle(reste, "") or donnee_personnelle(brut.get("data"), "data")
    return personnelle(*trouve) if trouve else None


def _propre(valeur: Any) -> str | None:
    """An id fit to be kept with a refusal: never a personal datum, never a control character."""
    if not isinstance(valeur, str):
        return None
    if famille_du_nom(valeur) is not None:
        return "(masqué)"
    return "".join(c if c.isprintable() else "?" for c in valeur[:TEXTE_MAX])


def _pas_json(ligne: bytes, cause: Exception) -> Refus:
    famille = famille_personnelle(ligne.decode(errors="replace"))
    if famille is not None:
        return Refus(
            "donnees_personnelles",
            f"La ligne n'est pas du JSON lisible, et ressemble à une donnée personnelle ({famille}) : à retirer.",
        )
    if isinstance(cause, RecursionError):
        return Refus("json_invalide", "JSON illisible : trop de niveaux imbriqués.")
    if isinstance(cause, UnicodeDecodeError):
        return Refus("json_invalide", "JSON illisible : le texte n'est pas en UTF-8.")
    if isinstance(cause, msgspec.ValidationError):
        return Refus("json_invalide", "JSON illisible : un nombre est trop grand.")
    octet = _OCTET.search(str(cause))
    ou = f"à l'octet {octet[1]}" if octet else "il s'arrête avant sa fin"
    return Refus("json_invalide", f"JSON illisible : {ou}.")


def _enveloppe_invalide(cause: str) -> Refus:
    manque = _MANQUE.search(cause)
    if manque is not None:
        return Refus("enveloppe_invalide", f"L'attribut {manque[1]} manque.", manque[1])
    champ = _CHAMP.search(cause)
    nom = champ[1] if champ else "enveloppe"
    attendu = _ATTENDU.get(nom, "doit être un texte")
    return Refus("enveloppe_invalide", f"{nom} {attendu}.", nom)
