"""What people do in the loop, through the APIs: the comité accepts what is proposed, coordinators accept and order.

Everything else is waited for: needs, sizes, plans, first and last days and measures come of themselves.
"""

import time
from collections.abc import Callable, Mapping, Sequence
from datetime import date, timedelta
from pathlib import Path
from typing import Any, TypeVar

from vigie.appels import Appels, RefusDuService
from vigie.comite import Comite
from vigie.demo_comite import preparer, tenir
from vigie.demo_entraide import accepter

DELAI = 120.0
"""Seconds of real time that a service may take to do by itself what is due: its rounds are seconds apart."""

PAUSE = 0.2

PREAVIS = timedelta(days=1)
"""Before the first day of a mission: by then what was expected of it is kept."""

Mission = Mapping[str, Any]
T = TypeVar("T")


def attendre(lire: Callable[[], T | None], quoi: str) -> T:
    """What ``lire`` gives once it is not None. Raises RefusDuService past the delay."""
    fin = time.monotonic() + DELAI
    while (vu := lire()) is None:
        if time.monotonic() > fin:
            raise RefusDuService(f"{quoi} : rien après {DELAI:.0f} s.")
        time.sleep(PAUSE)
    return vu


class Coordination:
    """The comité and the coordinators of one run. Every method raises RefusDuService and PileEnEchec."""

    def __init__(self, alerts: str, entraide: str, dossier: Path) -> None:
        self._alerts, self._dossier = alerts, dossier
        self.entraide = Appels("entraide", entraide)
        self.missions: Sequence[Mission] = ()
        """As last read."""

    def comite(self, mois: str) -> dict[str, Any]:
        """Hold the comité of a month, its provisional plans known; what came of it, and the needs it made."""
        comite = Comite(self._alerts, mois)
        preparer(comite)
        provisoires = self._plans_provisoires(comite)
        tenu = tenir(self._alerts, mois, self._dossier)
        besoins = self._besoins(mois) if tenu["mesures"].get("courrier_entraide") else []
        return {**tenu, "provisoires": provisoires, "besoins": besoins}

    def _plans_provisoires(self, comite: Comite) -> list[dict[str, Any]]:
        caisses = {m["caisse"] for m in comite.lire()["mesures"] if m["mesure"] == "courrier_entraide"}

        def lire(caisse: str) -> dict[str, Any] | None:
            plan = comite.lire(f"/dossiers/{caisse}")["plan_provisoire"]
            return plan if isinstance(plan, dict) else None

        return [attendre(lambda c=caisse: lire(c), f"Plan provisoire, {caisse}") for caisse in sorted(caisses)]  # type: ignore[misc]

    def _besoins(self, mois: str) -> list[dict[str, Any]]:
        def lire() -> list[dict[str, Any]] | None:
            lus = self.entraide.lire_tout("/v1/besoins", "besoins", {"provisoires": False})
            siens = [b for b in lus if b["mois"] == mois]
            return siens if siens and all(_traite(b) for b in siens) else None

        return attendre(lire, f"Besoins du comité de {mois}")

    def accepter(self) -> list[dict[str, Any]]:
        """Both coordinators accept what waits for them, and the order is given; the propositions as they were."""
        recues = self.entraide.lire_tout("/v1/propositions", "propositions", {"etat": "proposee"})
        for recue in recues:
            accepter(self.entraide, recue["id"])
        self.lire_missions()
        return recues

    def lire_missions(self) -> Sequence[Mission]:
        """All of them."""
        self.missions = self.entraide.lire_tout("/v1/missions", "missions")
        return self.missions

    def a_jour(self, jour: date) -> list[Mission]:
        """The missions that run on ``jour``, once every first and last day that has come was seen by the service."""

        def lire() -> Sequence[Mission] | None:
            lues = self.lire_missions()
            return None if any(_en_retard(m, jour) for m in lues) else lues

        return [m for m in attendre(lire, f"Missions du {jour}") if m["etat"] == "active"]

    def mesurer(self, jour: date) -> None:
        """Wait for every projection and measure that is due on ``jour``."""
        for mission in self.missions:
            if date.fromisoformat(mission["debut"]) - PREAVIS <= jour:
                attendre(lambda m=mission: self._mesuree(m["id"], jour), f"Mesures de la mission {mission['id']}")  # type: ignore[misc]

    def _mesuree(self, numero: int, jour: date) -> bool | None:
        attente = self.effet(numero)["a_mesurer"]
        dues = [a for a in attente if a["attendu"] is None or date.fromisoformat(a["mesurable_le"]) <= jour]
        return None if dues else True

    def effet(self, numero: int) -> dict[str, Any]:
        lu: dict[str, Any] = self.entraide.lire(f"/v1/missions/{numero}/effet")
        return lu

    def suivi(self, numero: int) -> dict[str, Any]:
        lu: dict[str, Any] = self.entraide.lire(f"/v1/missions/{numero}/suivi")
        return lu

    def rendez_vous(self) -> set[date]:
        """Days on which something of the known missions is due."""
        dates: set[date] = set()
        for m in self.missions:
            debut, fin = (date.fromisoformat(m[nom]) for nom in ("debut", "fin"))
            dates |= {debut - PREAVIS, debut, fin + timedelta(days=1)}
            dates |= {date.fromisoformat(a["mesurable_le"]) for a in self.effet(m["id"])["a_mesurer"]}
        return dates


def _traite(besoin: Mapping[str, Any]) -> bool:
    """Sized, and allocated when there is something to absorb."""
    if besoin["etat"] == "a_dimensionner":
        return False
    return besoin["etat"] != "ouvert" or not besoin["volume"] or besoin["alloue_par"] is not None


def _en_retard(mission: Mission, jour: date) -> bool:
    """Whether its clock says otherwise than its state."""
    debut, fin = (date.fromisoformat(mission[nom]) for nom in ("debut", "fin"))
    return (mission["etat"] == "ordonnee" and debut <= jour) or (mission["etat"] == "active" and fin < jour)
