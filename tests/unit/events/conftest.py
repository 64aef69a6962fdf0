"""A reader of every process for the packaged network, and one good event to start from."""

import json
from collections.abc import Callable
from typing import Any

import pytest

from shared.catalogue.processus import charger_processus
from shared.events.contrat import Evenement, Refus
from shared.events.lecture import Lecteur
from shared.network.reseau import charger

MAINTENANT = 1_793_700_764
"""2026-11-03T10:12:44+01:00, when events without recordedtime are recorded."""


@pytest.fixture(scope="session")
def caisses() -> dict[str, int]:
    return {slug: caisse.code for slug, caisse in charger().par_slug.items()}


@pytest.fixture
def lecteur(caisses: dict[str, int]) -> Lecteur:
    return Lecteur(charger_processus().values(), caisses)


@pytest.fixture
def lire(lecteur: Lecteur) -> Callable[..., Evenement]:
    """Read the good event with these attributes changed; an attribute given as ... is taken out."""

    def une(**attributs: Any) -> Evenement:
        corps = {nom: valeur for nom, valeur in (BON | attributs).items() if valeur is not ...}
        return lecteur.lire(json.dumps(corps).encode(), MAINTENANT)

    return une


@pytest.fixture
def refuser(lire: Callable[..., Evenement]) -> Callable[..., Refus]:
    """The refusal of the good event with these attributes changed."""

    def une(**attributs: Any) -> Refus:
        with pytest.raises(Refus) as levee:
            lire(**attributs)
        return levee.value

    return une


BON: dict[str, Any] = {
    "specversion": "1.0",
    "id": "0192-a",
    "source": "urn:vigie:source:telephonie-pfs-idf",
    "type": "vigie.appel.decroche.v1",
    "subject": "A-20261103-000123",
    "time": "2026-11-03T09:12:44+01:00",
    "data": {"caisse": "cpam-75"},
}
