"""Retention of the chains of persons: those nobody has added to for long are forgotten, their figures are sealed.

A chain is never closed: it goes when all its contacts and closed files are older than the horizon, and it holds no
open file.
"""

import asyncpg

from shared.catalogue.derives import REITERATION
from shared.dossiers.derives.fiches import CLOS, OUVERT
from shared.dossiers.jours import minuit_paris
from shared.dossiers.retention import Purge, balayer
from shared.dossiers.traitement import hors_horizon
from shared.events.contrat import Contenu


def encore_ouvert(contenu: Contenu) -> bool:
    """Whether it is a file that has not been closed."""
    return OUVERT in contenu.jalons and CLOS not in contenu.jalons


async def oublier(pool: asyncpg.Pool, schema: str, avant: int) -> Purge:
    """Forget the chains of which nothing was recorded, nor happened, since the day ``avant``, and nothing is open.

    Keep more days than the longest gap, or a contact would find no former one. It can be stopped anywhere and run
    again.
    """
    limite = minuit_paris(avant)

    def oubliable(contenu: Contenu) -> bool:
        return hors_horizon(contenu, limite) and not encore_ouvert(contenu)

    return await balayer(pool, schema, REITERATION, avant, "enregistre", oubliable)
