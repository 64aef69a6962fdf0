"""Walking the chain of a register: whether it is whole, and the first row at fault.

What the chain itself cannot show is told by an anchor, a head noted outside of the database (``vigie audit tete``, the
services' journals): rows cut off the end together with the head the service keeps, or a chain written anew as a whole.
"""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Literal

import asyncpg

from shared.database.connexion import url_asyncpg
from shared.service.audit.ligne import ORIGINE, Ligne
from shared.service.audit.registre import Filtre, Tete, tete, toutes
from shared.service.audit.tables import ELAGAGE

Raison = Literal["alteree", "manquante", "deplacee", "coupee", "ancre"]

_PHRASES: Mapping[Raison, str] = {
    "alteree": "la ligne {n} n'est plus ce qu'elle était : son contenu ne donne pas son empreinte",
    "manquante": "la ligne {n} manque",
    "deplacee": "la ligne {n} ne suit pas la précédente : l'une des deux a été réécrite ou déplacée",
    "coupee": "la ligne {n} manque, et toutes celles qui la suivaient : la fin a été coupée",
    "ancre": "la ligne {n} n'a pas l'empreinte notée en son temps : la chaîne a été réécrite",
}

Ancres = Mapping[int, str]
"""Number of a row -> its digest as it was noted, in hexadecimal, whole or its beginning."""


@dataclass(frozen=True, slots=True)
class Faute:
    """The first row at fault, by its number."""

    numero: int
    raison: Raison

    @property
    def phrase(self) -> str:
        return _PHRASES[self.raison].format(n=self.numero)


@dataclass(slots=True)
class Rapport:
    """What the walk saw. ``elague``: the last row sealed and removed, 0 when none was."""

    service: str
    lignes: int = 0
    elague: int = 0
    tete: Tete = field(default_factory=lambda: Tete(0, ORIGINE))
    faute: Faute | None = None
    ancres_elaguees: list[int] = field(default_factory=list)
    """Anchors that nothing can confirm or deny any more: their rows were removed."""

    @property
    def ok(self) -> bool:
        return self.faute is None


@asynccontextmanager
async def instantane(url: str) -> AsyncIterator[asyncpg.Connection]:
    """A connection in one read-only snapshot of the database, for as long as it takes."""
    conn = await asyncpg.connect(url_asyncpg(url), server_settings={"idle_in_transaction_session_timeout": "0"})
    try:
        async with conn.transaction(isolation="repeatable_read", readonly=True):
            yield conn
    finally:
        await conn.close()


async def existe(conn: asyncpg.Connection, schema: str) -> bool:
    """Whether this service keeps a register in this database."""
    return await conn.fetchval("SELECT to_regclass($1)", f"{schema}.audit_tete") is not None


async def verifier(conn: asyncpg.Connection, schema: str, ancres: Ancres) -> Rapport:
    """Walk the register of ``schema`` up to the first fault. ``conn``: see ``instantane``."""
    rapport = Rapport(schema, tete=await tete(conn, schema))
    scelle = await _scelle(conn, schema)
    rapport.elague = scelle.numero
    marche = _Marche(scelle, ancres)
    async for ligne in toutes(conn, schema, Filtre()):
        rapport.faute = marche.avancer(ligne)
        if rapport.faute is not None:
            return rapport
        rapport.lignes += 1
    rapport.faute = marche.finir(rapport.tete)
    rapport.ancres_elaguees = marche.elaguees
    return rapport


class _Marche:
    """Where the walk is: the row last seen, all being well so far."""

    def __init__(self, scelle: Tete, ancres: Ancres) -> None:
        self._scelle = scelle
        self._ancres = dict(ancres)
        self._vue = scelle if scelle.numero else Tete(0, ORIGINE)
        self._commencee = False
        self.elaguees: list[int] = []

    def avancer(self, ligne: Ligne) -> Faute | None:
        if not self._commencee and (faute := self._commencer(ligne)) is not None:
            return faute
        if ligne.numero != self._vue.numero + 1:
            return Faute(self._vue.numero + 1, "manquante")
        if ligne.precedente != self._vue.empreinte:
            return Faute(ligne.numero, "deplacee")
        if not ligne.intacte():
            return Faute(ligne.numero, "alteree")
        self._vue = Tete(ligne.numero, ligne.empreinte)
        if ligne.numero == self._scelle.numero and ligne.empreinte != self._scelle.empreinte:
            return Faute(ligne.numero, "ancre")
        return self._ancrer()

    def finir(self, tete: Tete) -> Faute | None:
        """All rows seen: whether they end where the service, then the anchors, say."""
        if self._vue.numero < tete.numero:
            return Faute(self._vue.numero + 1, "coupee")
        if self._vue != tete:
            return Faute(self._vue.numero, "ancre")
        restent = sorted(self._ancres)
        self.elaguees = [n for n in restent if n <= self._scelle.numero]
        return Faute(self._vue.numero + 1, "coupee") if len(self.elaguees) < len(restent) else None

    def _commencer(self, premiere: Ligne) -> Faute | None:
        """A chain begins at its first row; or after what was sealed; or, removal interrupted, among what was."""
        self._commencee = True
        if 1 < premiere.numero <= self._scelle.numero:
            self._vue = Tete(premiere.numero - 1, premiere.precedente)
        elif premiere.numero == 1:
            self._vue = Tete(0, ORIGINE)
        return self._ancrer()

    def _ancrer(self) -> Faute | None:
        notee = self._ancres.pop(self._vue.numero, None)
        if notee is not None and not self._vue.empreinte.hex().startswith(notee.lower()):
            return Faute(self._vue.numero, "ancre")
        return None


async def _scelle(conn: asyncpg.Connection, schema: str) -> Tete:
    """What the last pruning sealed, as its row in the chain says; (0, ORIGINE) when there was none."""
    ligne = await conn.fetchrow(
        f"SELECT objet->>'jusqu_a', objet->>'empreinte' FROM {schema}.audit "
        f"WHERE route = '{ELAGAGE}' ORDER BY numero DESC LIMIT 1"
    )
    try:
        return Tete(0, ORIGINE) if ligne is None else Tete(int(ligne[0]), bytes.fromhex(ligne[1]))
    except (ValueError, TypeError):  # a seal that was tampered with seals nothing
        return Tete(0, ORIGINE)
