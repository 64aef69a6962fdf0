"""Pseudonyms of persons: HMAC with the one network key, so that one person has one pseudonym in every source."""

import hashlib
import hmac
from base64 import urlsafe_b64encode
from collections.abc import Callable, Mapping
from functools import lru_cache
from pathlib import Path

from vigie.importation.erreurs import CleManquante

VARIABLE = "VIGIE_CLE_PSEUDONYME"
VARIABLE_PRECEDENTE = "VIGIE_CLE_PSEUDONYME_PRECEDENTE"
"""The key before, while the network's rotates: persons then leave under both."""
FICHIER = "_FICHIER"
"""Ends the name of a variable that names a file which holds the key."""
CLE_MIN = 16
"""Shortest key taken, in bytes; 32 random bytes are advised."""

SANS_CLE = (
    "Ce mapping pseudonymise des personnes (attributes.assure) et aucune clé de réseau n'est configurée. "
    f"Donnez-la dans la variable {VARIABLE}, ou dans un fichier nommé par {VARIABLE}{FICHIER} "
    "(la même pour tout le réseau ; pour en créer une : openssl rand -base64 32), "
    "ou écrivez « assure: null » dans le mapping pour ne pas envoyer d'assuré."
)


def lire_cle(environnement: Mapping[str, str], variable: str = VARIABLE) -> bytes | None:
    """The network key of an environment, None when there is none.

    Raises CleManquante when the file named cannot be read or the key is shorter than CLE_MIN bytes.
    """
    texte = environnement.get(variable, "").strip().encode()
    fichier = environnement.get(variable + FICHIER, "").strip()
    if not texte and fichier:
        try:
            texte = Path(fichier).read_bytes().strip()
        except OSError as exc:
            raise CleManquante(f"{variable}{FICHIER} : {fichier} ne se lit pas ({exc.strerror}).") from None
    if not texte and not fichier:
        return None
    if len(texte) < CLE_MIN:
        raise CleManquante(f"La clé de pseudonymes est trop courte : {len(texte)} octets, il en faut {CLE_MIN}.")
    return texte


def pseudonymiseur(cle: bytes) -> Callable[[str], str]:
    """``k<key id>.<22 base64url characters>`` for an identifier; case and blanks in it do not matter.

    The key id is derived from the key (6 hex digits): it tells two keys apart and says nothing of them.
    """
    prefixe = "k" + hashlib.sha256(b"vigie cle de pseudonymes|" + cle).hexdigest()[:6] + "."

    @lru_cache(8_192)
    def pseudonymiser(identifiant: str) -> str:
        canonique = "".join(identifiant.split()).upper().encode()
        condensat = hmac.digest(cle, canonique, "sha256")[:16]
        return prefixe + urlsafe_b64encode(condensat)[:22].decode()

    return pseudonymiser


def pseudonymiseur_double(cle: bytes, precedente: bytes | None) -> Callable[[str], str | list[str]]:
    """``pseudonymiseur``; with the key before, both pseudonyms, the present one first."""
    present = pseudonymiseur(cle)
    if precedente is None:
        return present
    avant = pseudonymiseur(precedente)
    return lambda identifiant: [present(identifiant), avant(identifiant)]
