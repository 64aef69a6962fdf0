"""A reader with counters of its own, and the good event read or refused with some attributes changed."""

import json
from typing import Any

import pytest

from shared.events.contrat import Evenement, Refus
from shared.events.lecture import Lecteur
from tests.unit.events.atelier import BON, MAINTENANT, Lire, Refuser, lecteur_du_reseau


@pytest.fixture
def lecteur() -> Lecteur:
    return lecteur_du_reseau()


@pytest.fixture
def lire(lecteur: Lecteur) -> Lire:
    """Read the good event with these attributes changed; an attribute given as ... is taken out."""

    def une(**attributs: Any) -> Evenement:
        corps = {nom: valeur for nom, valeur in (BON | attributs).items() if valeur is not ...}
        return lecteur.lire(json.dumps(corps).encode(), MAINTENANT)

    return une


@pytest.fixture
def refuser(lire: Lire) -> Refuser:
    """The refusal of the good event with these attributes changed."""

    def une(**attributs: Any) -> Refus:
        with pytest.raises(Refus) as levee:
            lire(**attributs)
        return levee.value

    return une
