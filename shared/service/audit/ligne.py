"""A row of the register and its digest: pure functions.

The digest of a row is the SHA-256 of the UTF-8 bytes of a JSON array without blanks, of which only ``"``, ``\\`` and
control characters are escaped and objects have their names sorted (what Python writes with ``json.dumps(valeurs,
ensure_ascii=False, separators=(",", ":"), sort_keys=True)``)::

    ["vigie.audit.v1", service, numero, instant, sujet, roles, methode, route, objet, caisse, issue, statut, requete,
     corps, precedente]

``instant`` is UTC to the microsecond (``2026-11-22T10:02:44.123456Z``); ``corps`` and ``precedente`` are in lower-case
hexadecimal; what is not known is ``null``. ``precedente`` is the digest of the row before, 64 zeros for the first. An
exported row has all that it takes to compute its digest again.
"""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Literal

from shared.events.garde import famille_du_nom

VERSION = "vigie.audit.v1"

ORIGINE = bytes(32)
"""What the first row follows."""

TEXTE_MAX = 200
"""Characters of one value of ``objet``: longer ones are not names of ours."""

MASQUE = "(masqué)"
"""Stands for a value that could be personal data, or that no name of ours looks like."""

DANS_L_APPEL = "vigie.audit"
"""Where the trace of a call is, in the scope of its request."""

Issue = Literal["commence", "fait", "rejoue", "lu", "refuse", "echec"]
"""``commence``: written before an act that is not one transaction of ours, its outcome follows. ``rejoue``: the
answer of an earlier call, given again. ``refuse``: 4xx. ``echec``: 5xx."""


@dataclass(frozen=True, slots=True)
class Acte:
    """What someone did. ``sujet``: the principal's stable identifier; None: whoever bore a signed link.

    ``corps``: SHA-256 of the request's body as it was sent. ``objet``: what the call named, by parameter.
    """

    instant: datetime
    sujet: str | None
    roles: Sequence[str]
    methode: str
    route: str
    issue: Issue
    statut: int | None = None
    objet: Mapping[str, str] = field(default_factory=dict)
    caisse: str | None = None
    requete: str | None = None
    corps: bytes | None = None


@dataclass(frozen=True, slots=True)
class Ligne:
    """An act in its place in the chain of a service."""

    service: str
    numero: int
    acte: Acte
    precedente: bytes
    empreinte: bytes

    def intacte(self) -> bool:
        """Whether the row is what its digest was computed of."""
        return empreinte(self.service, self.numero, self.acte, self.precedente) == self.empreinte

    def document(self) -> dict[str, Any]:
        """The row as it is exported, in the order of its columns; bytes in hexadecimal."""
        a = self.acte
        return {
            "service": self.service,
            "numero": self.numero,
            "instant": en_texte(a.instant),
            "sujet": a.sujet,
            "roles": list(a.roles),
            "methode": a.methode,
            "route": a.route,
            "objet": dict(a.objet),
            "caisse": a.caisse,
            "issue": a.issue,
            "statut": a.statut,
            "requete": a.requete,
            "corps": None if a.corps is None else a.corps.hex(),
            "precedente": self.precedente.hex(),
            "empreinte": self.empreinte.hex(),
        }


def empreinte(service: str, numero: int, acte: Acte, precedente: bytes) -> bytes:
    """The digest of a row (32 bytes), as the room's contract says."""
    valeurs = [
        VERSION, service, numero, en_texte(acte.instant), acte.sujet, list(acte.roles), acte.methode, acte.route,
        dict(acte.objet), acte.caisse, acte.issue, acte.statut, acte.requete,
        None if acte.corps is None else acte.corps.hex(), precedente.hex(),
    ]  # fmt: skip
    texte = json.dumps(valeurs, ensure_ascii=False, separators=(",", ":"), sort_keys=True)
    return hashlib.sha256(texte.encode()).digest()


def en_texte(instant: datetime) -> str:
    """UTC, always with six decimals."""
    return instant.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def sans_personne(valeur: str) -> str:
    """The value, or MASQUE: a caller may put anything in an address, a NIR included."""
    sure = len(valeur) <= TEXTE_MAX and valeur.isprintable() and famille_du_nom(valeur) is None
    return valeur if sure else MASQUE
