"""What people do in the loop, through the APIs: the comité accepts what is proposed, coordinators accept and order.

Everything else is waited for: needs, sizes, plans, first and last days and measures come of themselves.
"""

import time
from collections.abc import Callable, Mapping, Sequence
from datetime import date, datetime, timedelta
from datetime import time as minuit
from pathlib import Path
from typing import Any, TypeVar

from vigie.appels import Appels, RefusDuService
from vigie.boucle.reseau import PARIS
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

    def revoir(self, jour: date) -> None:
        """Wait for every open need to have been sized again this week, and allocated if it grew."""

        def lire() -> bool | None:
            lus = self.entraide.lire_tout("/v1/besoins", "besoins", {"provisoires": False, "etat": "ouvert"})
            return True if all(_revu(b, jour) and _traite(b) for b in lus) else None

        attendre(lire, f"Besoins du {jour}")

    def suites(self, jour: date) -> list[Mission]:
        """What the service says on a Monday is left to do by each mission that began before it."""

        def lire() -> list[Mission] | None:
            vues: list[Mission] = self.entraide.lire("/v1/coordination")["suites"]
            dues = {m["id"] for m in self.missions if m["etat"] == "active" and m["debut"] < str(jour)}
            return vues if dues <= {s["id"] for s in vues if s["lundi"] == str(jour)} else None

        return attendre(lire, f"Suite des missions, {jour}")

    def liberer(self, numero: int) -> None:
        """The aidée lets a team go, as the service says it can."""
        chemin = f"/v1/propositions/{numero}"
        lue = self.entraide.lire(chemin)
        corps = {"pour": lue["aidee"], "motif": "La projection tient l'objectif sans la suite de l'aide."}
        self.entraide.acter(chemin, f"{chemin}/liberation", corps)

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


def _revu(besoin: Mapping[str, Any], jour: date) -> bool:
    """Whether it was sized in the week of that Monday."""
    vu = besoin["dimensionne_le"]
    return vu is not None and datetime.fromisoformat(vu) >= datetime.combine(jour, minuit(), PARIS)


def _traite(besoin: Mapping[str, Any]) -> bool:
    """Sized, and allocated when there is something to absorb."""
    if besoin["etat"] == "a_dimensionner":
        return False
    return besoin["etat"] != "ouvert" or not besoin["volume"] or besoin["alloue_par"] is not None


def _en_retard(mission: Mission, jour: date) -> bool:
    """Whether its clock says otherwise than its state."""
    debut, fin = (date.fromisoformat(mission[nom]) for nom in ("debut", "fin"))
    return (mission["etat"] == "ordonnee" and debut <= jour) or (mission["etat"] == "active" and fin < jour)
