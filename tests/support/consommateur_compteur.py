"""One consumer process that counts, to be killed: arguments database_url bootstrap|- topic groupe lot_max.

Writes a first line when it will stop cleanly on SIGTERM.
"""

import asyncio
import signal
import sys

from shared.database.connexion import creer_pool, fermer_pool
from shared.log.consommateur import Consommateur, ReglagesConsommateur
from shared.log.fabrique import ouvrir_journal
from shared.log.types import ReglagesGroupe
from tests.support.compteur import SCHEMA, Compteur


async def principal(database_url: str, bootstrap: str, topic: str, groupe: str, lot_max: str) -> None:
    journal = await ouvrir_journal(database_url, None if bootstrap == "-" else bootstrap)
    pool = await creer_pool(database_url, 4, "consommateur-compteur")
    reglages = ReglagesConsommateur(
        lot_max=int(lot_max), attente=0.2, groupe=ReglagesGroupe(session=2.0, rebalance=5.0, drain=3.0)
    )
    consommateur = Consommateur(journal, pool, SCHEMA, groupe, topic, Compteur(), reglages)
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, consommateur.arreter)
    sys.stdout.write("prêt\n")
    sys.stdout.flush()
    try:
        await consommateur.executer()
    finally:
        await journal.fermer()
        await fermer_pool(pool)


if __name__ == "__main__":
    asyncio.run(principal(*sys.argv[1:]))
