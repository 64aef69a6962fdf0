"""What a closed loop is told: ``reglages.yaml``, checked."""

from datetime import date
from functools import cache
from pathlib import Path
from typing import Any

import msgspec
import yaml

from simulator.jumeau.monde import Monde, creer
from simulator.jumeau.parametres import Parametres, parametres
from simulator.jumeau.scenario import Scenario, verifier

FICHIER = Path(__file__).with_name("reglages.yaml")


class Reglages(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Meanings and units in ``reglages.yaml``. ``scenario``: in the language of the twin; its first incident names the
    caisse that is looked at."""

    graine: int
    debut: date
    jours: int
    fraction: int
    process: str
    norme: float
    scenario: dict[str, Any]

    @property
    def crise(self) -> Scenario:
        """Raises ScenarioInvalide."""
        return verifier(self.scenario, FICHIER.name)

    @property
    def caisse(self) -> str:
        """The caisse the crisis is injected in."""
        return self.crise.incidents[0].caisses[0]

    def monde(self) -> Monde:
        """The world of the run: the injected crisis and no other incident. The same at each call."""
        return creer(self.graine, self.debut, self.jours, self.crise, ordinaire=False, reglages=self._jumeau())

    def _jumeau(self) -> Parametres:
        base = parametres()
        vise = msgspec.structs.replace(base.dossiers[self.process], norme=self.norme)
        return msgspec.structs.replace(base, dossiers={**base.dossiers, self.process: vise})


@cache
def reglages() -> Reglages:
    """The settings as shipped."""
    return msgspec.convert(yaml.safe_load(FICHIER.read_text(encoding="utf-8")), Reglages)
