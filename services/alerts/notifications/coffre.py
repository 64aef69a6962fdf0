"""Secrets of webhooks at rest: AES-256-GCM under a key that is never in the database.

A sealed secret reads ``v1.<key id>.<base64url of nonce and ciphertext>`` and is bound to its caisse: copied to another
row, it does not open. Two keys open, the present one seals: to rotate, give the new key and the old one as the
previous; what the old one sealed is sealed again by the *facteur* when it starts, and the old one can then go.
"""

import base64
import binascii
import hashlib
import secrets
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from tempfile import NamedTemporaryFile

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from pydantic import SecretStr

from shared.service.reglages import Reglages, ReglagesInvalides

OCTETS = 32
_NONCE = 12
_VERSION = "v1"
_FICHIER = "cle_secrets"


class SecretIllisible(ValueError):
    """No key known here opens it; ``str()`` is a French sentence, with nothing secret in it."""


@dataclass(frozen=True, slots=True, repr=False)
class Coffre:
    """``cles``: by identifier; ``courante``: the one that seals, None when there is none."""

    cles: Mapping[str, bytes]
    courante: str | None

    def sceller(self, secret: str, caisse: str) -> str:
        """Raises SecretIllisible when there is no key."""
        if self.courante is None:
            raise SecretIllisible("VIGIE_CLE_SECRETS manque : un secret de webhook ne peut être gardé.")
        nonce = secrets.token_bytes(_NONCE)
        scelle = nonce + AESGCM(self.cles[self.courante]).encrypt(nonce, secret.encode(), caisse.encode())
        return f"{_VERSION}.{self.courante}.{base64.urlsafe_b64encode(scelle).decode()}"

    def ouvrir(self, scelle: str, caisse: str) -> str:
        """Raises SecretIllisible."""
        version, _, reste = scelle.partition(".")
        identifiant, _, corps = reste.partition(".")
        cle = self.cles.get(identifiant)
        if version != _VERSION or cle is None:
            raise SecretIllisible("Le secret du webhook est scellé par une clé que ce service n'a pas.")
        try:
            octets = base64.urlsafe_b64decode(corps)
            return AESGCM(cle).decrypt(octets[:_NONCE], octets[_NONCE:], caisse.encode()).decode()
        except (InvalidTag, binascii.Error, ValueError):
            raise SecretIllisible("Le secret du webhook ne s'ouvre pas : il a été changé dans la base.") from None

    def est_courant(self, scelle: str) -> bool:
        """Whether the present key sealed it."""
        return self.courante is not None and scelle.startswith(f"{_VERSION}.{self.courante}.")


def coffre_de(reglages: Reglages, cle: SecretStr | None, precedente: SecretStr | None) -> Coffre:
    """The safe the settings describe. Embedded without a key: one is made and kept in a file of VIGIE_HOME, that only
    its owner reads. Raises ReglagesInvalides for a key that is not one."""
    if cle is None and reglages.mode == "embarque":
        cle = SecretStr(_cle_locale(reglages.home))
    presentes = [
        _lire(nom, donnee.get_secret_value())
        for nom, donnee in (("CLE_SECRETS", cle), ("CLE_SECRETS_PRECEDENTE", precedente))
        if donnee is not None
    ]
    return Coffre({_identifiant(c): c for c in presentes}, None if cle is None else _identifiant(presentes[0]))


def _lire(nom: str, texte: str) -> bytes:
    try:
        octets = base64.b64decode(texte.strip(), validate=True)
    except (binascii.Error, ValueError):
        octets = b""
    if len(octets) != OCTETS:
        raise ReglagesInvalides(
            f"VIGIE_{nom} doit être {OCTETS} octets en base64 : par exemple ce que donne « openssl rand -base64 32 »."
        )
    return octets


def _cle_locale(home: Path) -> str:
    fichier = home / _FICHIER
    home.mkdir(parents=True, exist_ok=True)
    with NamedTemporaryFile(dir=home, prefix=_FICHIER) as neuf:  # of its owner alone
        neuf.write(base64.b64encode(secrets.token_bytes(OCTETS)))
        neuf.flush()
        # Whole or not at all, and the first one stays: several processes may start at once.
        with suppress(FileExistsError):
            fichier.hardlink_to(neuf.name)
    return fichier.read_text(encoding="ascii")


def _identifiant(cle: bytes) -> str:
    """Names a key without telling it."""
    return hashlib.sha256(b"vigie.coffre\0" + cle).hexdigest()[:8]
