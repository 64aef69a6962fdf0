"""Documents kept: pinned with their template when they are decided, printed once, and the same ever after."""

import asyncio
import hashlib
from collections.abc import Mapping
from datetime import datetime
from typing import Any

import msgspec
from sqlalchemy import Row, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from services.alerts.comite.lettre import Modele
from services.alerts.lettres.contenu import completer, lire
from services.alerts.lettres.gabarits import dernier, gabarit
from services.alerts.lettres.rendu import pdf
from services.alerts.lettres.tables import documents


class DocumentInconnu(LookupError):
    """No document has this reference; ``str()`` is a French sentence."""


class DocumentDifferent(ValueError):
    """Another document has this reference already; ``str()`` is a French sentence."""


class GabaritChange(RuntimeError):
    """The template was changed in place since the document was pinned to it: a new version was due."""


async def deposer(
    conn: AsyncConnection,
    reference: str,
    modele: Modele,
    destinataire: str,
    donnees: Mapping[str, Any],
    maintenant: datetime,
) -> None:
    """Pin a document to the newest version of its template, in the caller's transaction. No printing: it is quick.

    ``reference``: printed on it, names it for ever (the ``cle`` of a letter of the comité). Deposited again with the
    same data, nothing happens. Raises ContenuInvalide, DocumentDifferent.
    """
    complet = msgspec.to_builtins(completer(donnees))
    lire(modele, complet)
    gardees = msgspec.json.decode(msgspec.json.encode(complet))
    choisi = dernier(modele)
    depot = insert(documents).values(
        reference=reference, modele=modele, gabarit=choisi.version, empreinte_gabarit=choisi.empreinte,
        destinataire=destinataire, donnees=gardees, cree_le=maintenant,
    )  # fmt: skip
    fait = await conn.execute(depot.on_conflict_do_nothing().returning(documents.c.reference))
    if fait.one_or_none() is None:
        present = (await conn.execute(select(documents).where(documents.c.reference == reference))).one()
        if (present.modele, present.destinataire, present.donnees) != (modele, destinataire, gardees):
            raise DocumentDifferent(f"Le document {reference} existe déjà avec un autre contenu.")


async def imprimer(moteur: AsyncEngine, reference: str) -> bytes:
    """The PDF of a document, printed and kept the first time. Raises DocumentInconnu, GabaritChange."""
    async with moteur.connect() as conn:
        ligne = await _lire(conn, reference)
    if ligne.pdf is not None:
        return bytes(ligne.pdf)
    epingle = gabarit(ligne.modele, ligne.gabarit)
    if epingle.empreinte != ligne.empreinte_gabarit:
        raise GabaritChange(f"{reference} : {epingle.nom} n'est plus le modèle {ligne.empreinte_gabarit[:12]}.")
    octets = await asyncio.to_thread(pdf, epingle, reference, ligne.donnees)
    async with moteur.begin() as conn:
        gardes = {"pdf": octets, "empreinte_pdf": hashlib.sha256(octets).hexdigest()}
        await conn.execute(
            update(documents).where(documents.c.reference == reference, documents.c.pdf.is_(None)).values(gardes)
        )
        garde: bytes = (await _lire(conn, reference)).pdf
    return bytes(garde)


async def _lire(conn: AsyncConnection, reference: str) -> Row[Any]:
    ligne = (await conn.execute(select(documents).where(documents.c.reference == reference))).one_or_none()
    if ligne is None:
        raise DocumentInconnu(f"Aucun document n'a la référence {reference}.")
    return ligne
