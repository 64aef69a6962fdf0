"""The demonstration, bounded: replay on a simulated clock through HTTP, verification, one JSON document."""

import json
from pathlib import Path

import pytest

from tests.support.commande import Vigie

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(280)]


def test_a_bounded_demonstration_measures_every_caisse_and_verifies(foyer: Path) -> None:
    vigie = Vigie(foyer)
    document = json.loads(
        vigie("demo", "--once", "--json", "--mois", "2", "--fraction", "400", "--fin", "2026-10-31", delai=270)
    )
    assert document["caisses"] == 107
    assert document["verify"] == "ok"
    assert document["rejets"] == 0
    assert document["events"] > 20_000
    assert document["events_per_s"] > 0
    appels = document["indicateurs"]["taux_decroche"]
    assert appels["caisses_mesurees"] > 100
    assert 80 < appels["valeur"] < 97
    assert document["indicateurs"]["stock_cmuc_acs"]["n"] > 0
    comite = document["comite"]
    assert comite["mois"] == "2026-09"
    assert comite["courriers"] == sum(comite["mesures"].values())
    assert Path(comite["pv"]).read_bytes().startswith(b"%PDF")


def test_an_unknown_indicator_is_a_sentence_with_the_closest_names(foyer: Path) -> None:
    dit = Vigie(foyer)("kpi", "--indicateur", "taux_decrochee", "--du", "2026-10-01", "--au", "2026-10-31", code=2)
    assert "taux_decroche" in dit
    assert "Traceback" not in dit
