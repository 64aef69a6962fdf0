"""The fields of an event, one check each: a JSON value in, what the dossier keeps out, or a ``Refus``."""

import re
from difflib import get_close_matches
from functools import lru_cache
from typing import Any

from shared.events.contrat import ASSURES_MAX, NOMBRE_MAX, PLATEFORME_MAX, PSEUDONYME, TEXTE_MAX, Refus
from shared.events.garde import donnee_personnelle, famille_du_nom, personnelle

_PSEUDONYME = re.compile(PSEUDONYME)


def nom(texte: str, champ: str, raison: str = "enveloppe_invalide") -> None:
    """Check an id, source, subject or namespace: 1 to TEXTE_MAX printable characters, no ``|``, no person."""
    if not 0 < len(texte) <= TEXTE_MAX:
        raise Refus(raison, f"{champ} doit avoir de 1 à {TEXTE_MAX} caractères.", champ)
    if not texte.isprintable() or "|" in texte:
        raise Refus(raison, f"{champ} contient un caractère interdit (contrôle ou « | »).", champ)
    famille = famille_du_nom(texte)
    if famille is not None:
        raise personnelle(champ, famille)


nom_frequent = lru_cache(4096)(nom)
"""``nom`` for what few values take: sources and namespaces."""


def refus_de(valeur: Any, message: str, champ: str) -> Refus:
    """The refusal of a value of the wrong form; of personal data when it is that."""
    trouve = donnee_personnelle(valeur, champ)
    return personnelle(*trouve) if trouve is not None else Refus("valeur_invalide", message, champ)


def texte_de(valeur: Any) -> str | None:
    """The closed-list value that a number or a boolean stands for: 1 is "1", true is "oui"; None if none."""
    if isinstance(valeur, bool):
        return "oui" if valeur else "non"
    if isinstance(valeur, int | float):
        return str(int(valeur)) if valeur == int(valeur) else None
    return None


def verifier_hors_liste(valeur: Any, champ: str) -> None:
    """Check a value that its closed list does not have, before it becomes ``autre``."""
    if isinstance(valeur, dict | list):
        raise refus_de(valeur, f"{champ} doit être un texte.", champ)
    trouve = donnee_personnelle(valeur, champ)
    if trouve is not None:
        raise personnelle(*trouve)


@lru_cache(4096)
def plateforme_frequente(valeur: str) -> str:
    """A platform's name: 1 to PLATEFORME_MAX printable characters."""
    champ = "data.plateforme"
    trouve = donnee_personnelle(valeur, champ)
    if trouve is not None:
        raise personnelle(*trouve)
    if not 0 < len(valeur) <= PLATEFORME_MAX or not valeur.isprintable():
        raise Refus("valeur_invalide", f"{champ} doit être un texte de 1 à {PLATEFORME_MAX} caractères.", champ)
    return valeur


def plateforme(valeur: Any) -> str:
    """``plateforme_frequente`` for any JSON value."""
    if isinstance(valeur, str):
        return plateforme_frequente(valeur)
    raise refus_de(valeur, f"data.plateforme doit être un texte de 1 à {PLATEFORME_MAX} caractères.", "data.plateforme")


def pseudonyme(valeur: Any) -> str:
    """A pseudonym of the network: ``k<key id>.<HMAC in base64url>``."""
    if isinstance(valeur, str) and _PSEUDONYME.fullmatch(valeur):
        return valeur
    raise refus_de(
        valeur,
        "data.assure doit être un pseudonyme k<clé>.<condensat> (HMAC à la clé du réseau), jamais un identifiant.",
        "data.assure",
    )


def assures(valeur: Any) -> str:
    """The pseudonym of a person; or, while the network's key rotates, the present one and the one before, in an array:
    they are kept in that order, with a blank between."""
    if not isinstance(valeur, list):
        return pseudonyme(valeur)
    lus = [pseudonyme(v) for v in valeur]
    if not 0 < len(lus) <= ASSURES_MAX or len({cle_de(p) for p in lus}) < len(lus):
        raise refus_de(
            valeur,
            f"data.assure porte de 1 à {ASSURES_MAX} pseudonymes, de clés différentes : le présent, puis le précédent.",
            "data.assure",
        )
    return " ".join(lus)


def cle_de(pseudo: str) -> str:
    """The key id of a pseudonym."""
    return pseudo.partition(".")[0]


def nombre(valeur: Any) -> int:
    """How many alike items an event stands for: 1 to NOMBRE_MAX."""
    if isinstance(valeur, int) and not isinstance(valeur, bool) and 0 < valeur <= NOMBRE_MAX:
        return valeur
    raise refus_de(valeur, f"data.nombre doit être un entier de 1 à {NOMBRE_MAX}.", "data.nombre")


def grandeur(valeur: Any, champ: str, maximum: int) -> str:
    """A quantity that was read, as the dossier keeps it: a whole number from 0 to ``maximum``."""
    if isinstance(valeur, int) and not isinstance(valeur, bool) and 0 <= valeur <= maximum:
        return str(valeur)
    raise refus_de(valeur, f"{champ} doit être un entier de 0 à {maximum}.", champ)


def cible(valeur: Any) -> str:
    """The id that a retraction withdraws."""
    if not isinstance(valeur, str):
        message = "Un retrait doit nommer dans data.cible l'id de l'événement retiré."
        raise refus_de(valeur, message, "data.cible")
    nom(valeur, "data.cible", "valeur_invalide")
    return valeur


def caisse_inconnue(valeur: Any, champ: str, slugs: tuple[str, ...]) -> Refus:
    """The refusal of a caisse the network does not have, with the closest slugs."""
    if not isinstance(valeur, str):
        return refus_de(valeur, f"{champ} doit être le slug d'une caisse, par exemple cpam-75.", champ)
    trouve = donnee_personnelle(valeur, champ)
    if trouve is not None:
        return personnelle(*trouve)
    suite = _proches(valeur[:60], slugs) or " Exemple : cpam-75."
    return Refus("caisse_inconnue", f"{champ} : {valeur[:60]!r} n'est pas une caisse du réseau.{suite}", champ)


def type_inconnu(valeur: str, types: tuple[str, ...]) -> Refus:
    """The refusal of a type the catalogue does not have, with the closest types."""
    trouve = donnee_personnelle(valeur, "type")
    if trouve is not None:
        return personnelle(*trouve)
    suite = _proches(valeur[:80], types) or " Attendu : vigie.<processus>.<jalon>.v1."
    return Refus("type_inconnu", f"Type d'événement inconnu : {valeur[:80]!r}.{suite}", "type")


def jalon_inconnu(valeur: str, connus: tuple[str, ...]) -> Refus:
    """The refusal of a milestone the process does not have, with its milestones."""
    message = f"data.jalons : {valeur[:40]!r} n'est pas un jalon. Connus : {', '.join(connus)}."
    return refus_de(valeur, message, "data.jalons")


@lru_cache(4096)
def _proches(valeur: str, connus: tuple[str, ...]) -> str:
    """`` Proches : a, b.``, or nothing. Kept, because a source that errs errs the same way all day."""
    trouves = get_close_matches(valeur, connus, n=3)
    return f" Proches : {', '.join(trouves)}." if trouves else ""
