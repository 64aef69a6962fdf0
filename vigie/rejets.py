"""``vigie rejets``: what was refused, and sending one again."""

from typing import Any

from shared.database.connexion import acquerir
from shared.log import rejets as depot
from shared.log.rejets import Etat
from shared.service.reglages import ReglagesInvalides
from vigie.audit import inscrire_commande
from vigie.pile import Base
from vigie.travail import DEFINITIONS, ecouler, service_ouvert

CHAMPS = ("id", "recu_le", "origine", "raison", "champ", "message", "etat")
"""What is shown of a reject."""


async def lister(
    base: Base, service: str | None, etat: Etat | None, raison: str | None, limite: int
) -> list[dict[str, Any]]:
    """The oldest rejects of one service, or of all, at most ``limite`` each."""
    lignes: list[dict[str, Any]] = []
    for nom in _services(service):
        async with service_ouvert(base, DEFINITIONS[nom]) as ouvert, acquerir(ouvert.pool) as conn:
            lus = await depot.lister(conn, nom, 0, limite, etat, raison)
        lignes += [{"service": nom} | {champ: getattr(rejet, champ) for champ in CHAMPS} for rejet in lus]
    return lignes


async def rejouer(base: Base, service: str, identifiant: int) -> str:
    """Send a reject to the log again and wait for it; a French sentence that says what became of it."""
    (nom,) = _services(service)
    async with service_ouvert(base, DEFINITIONS[nom]) as ouvert:
        async with acquerir(ouvert.pool) as conn:
            rejet = await depot.lire(conn, nom, identifiant)
        if rejet is None or rejet.etat != "ouvert" or rejet.contenu is None or rejet.tronque:
            return f"Le rejet {identifiant} ne peut pas être rejoué : absent, déjà traité, ou contenu non gardé."
        refus = await ouvert.ingestion.rejouer(rejet.contenu, rejet.origine)
        if refus is not None:
            return f"Encore refusé : {refus.message}"
        async with acquerir(ouvert.pool) as conn, conn.transaction():
            maintenant = ouvert.clock.now()
            await depot.marquer_rejoue(conn, nom, identifiant, maintenant)
            await inscrire_commande(conn, nom, "vigie rejets", "fait", maintenant, rejouer=str(identifiant))
        await ecouler(ouvert, consommer=not base.pile_en_marche)
    return f"Rejet {identifiant} rejoué."


def _services(service: str | None) -> tuple[str, ...]:
    if service is None:
        return tuple(DEFINITIONS)
    if service not in DEFINITIONS:
        raise ReglagesInvalides(f"Service inconnu : {service!r}. Connus : {', '.join(DEFINITIONS)}.")
    return (service,)
