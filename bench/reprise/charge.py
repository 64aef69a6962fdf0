"""The sources: days of the simulated network sent one after the other, each until it is acknowledged."""

import asyncio
import threading
import time
from collections.abc import Sequence
from datetime import date

import uvloop

from bench.reprise.site import EpreuveRatee, Site
from simulator.envoi import Emetteur, EnvoiImpossible
from simulator.parametres import configurer
from simulator.simulation import Journee, Simulation
from simulator.simulation import derouler as rejouer

PAUSE_S = 0.05
"""Between two days sent, so that a backup and a loss fall in the middle of traffic."""


def journees(fin: date, mois: int, fraction: int) -> list[Journee]:
    """The same days, event for event, each time."""
    return list(rejouer(Simulation(configurer(fin, mois=mois, fraction=fraction))))


class Charge:
    """Sends days to a site from a thread of its own. What is not acknowledged is sent again, wherever the site is
    by then: its addresses stay."""

    def __init__(self, site: Site, jours: Sequence[Journee]) -> None:
        self._site, self._jours = site, jours
        self._fil = threading.Thread(target=self._faire, daemon=True)
        self._faute: BaseException | None = None
        self.acquittes = 0
        """Days acknowledged so far."""
        self.dernier_acquit = 0.0
        """Unix seconds of the last one."""

    def partir(self) -> None:
        self._fil.start()

    def attendre(self, jours: int) -> None:
        """Return once so many days are acknowledged."""
        while self.acquittes < jours:
            if self._faute is not None or not self._fil.is_alive():
                raise EpreuveRatee(f"L'envoi s'est arrêté : {self._faute!r}")
            time.sleep(PAUSE_S / 5)

    def finir(self) -> None:
        """Return once all are."""
        self._fil.join()
        if self._faute is not None:
            raise EpreuveRatee(f"L'envoi s'est arrêté : {self._faute!r}")

    def _faire(self) -> None:
        try:
            with asyncio.Runner(loop_factory=uvloop.new_event_loop) as boucle:
                boucle.run(self._envoyer())
        except BaseException as exc:
            self._faute = exc

    async def _envoyer(self) -> None:
        async with Emetteur(self._site.url("contacts"), self._site.url("claims"), essais=2) as emetteur:
            for journee in self._jours:
                while True:
                    try:
                        await emetteur.envoyer(journee)
                        break
                    except EnvoiImpossible:
                        await asyncio.sleep(0.5)
                self.acquittes += 1
                self.dernier_acquit = time.time()
                await asyncio.sleep(PAUSE_S)
        if emetteur.compte.refuses:
            raise EpreuveRatee(f"{emetteur.compte.refuses} événements refusés : {dict(emetteur.compte.raisons)}")


def renvoyer(site: Site, jours: Sequence[Journee]) -> int:
    """Send these days again, all of them; how many events they hold."""
    charge = Charge(site, jours)
    charge.partir()
    charge.finir()
    return sum(len(j.contacts) + len(j.claims) for j in jours)
