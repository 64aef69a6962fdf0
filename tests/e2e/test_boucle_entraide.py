"""The loop closed, through the real services: an injected crisis, and no hand on it but the acceptances."""

import json
from pathlib import Path

import pytest

from tests.support.commande import Vigie

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(280)]

# The last day is the first on which a whole month after the start of the missions can be measured.
DEBUT, JOURS, FRACTION = "2025-05-01", "161", "200"


def test_from_an_injected_crisis_the_need_is_found_sized_allocated_accepted_worked_and_measured(foyer: Path) -> None:
    d = json.loads(
        Vigie(foyer).module(
            "vigie.boucle", "--json", "--debut", DEBUT, "--jours", JOURS, "--fraction", FRACTION, delai=270
        )
    )
    assert d["refuses"] == 0

    besoin = d["besoin"]
    assert besoin["trouve_le"] == "2025-08-07", "le 5e jour ouvré suit le premier mois entier au-delà du seuil"
    assert besoin["plan_provisoire_connu"]
    assert besoin["volume"] > 0
    assert besoin["unite"] == "demande"
    # 4 600 demandes a year and ETP (IGAS 2017, tome II, L2846 and tome I [64]), 251 working days, five a week.
    assert besoin["volume"] / besoin["etp_semaines"] == pytest.approx(4_600 / 251 * 5, rel=0.01)

    missions = d["missions"]
    assert d["acceptees_le"][0] == besoin["trouve_le"]
    assert len(missions) == len(d["proposees"]) >= 1
    # Five working days from Thursday 7 August, the 15th being off: nothing starts before Monday 18.
    assert min(m["debut"] for m in missions) == "2025-08-18"
    assert {m["etat"] for m in missions} == {"terminee"}
    assert all(m["aidante"] != d["caisse"] for m in missions)
    # Payments follow the work by up to a cycle of 14 days, and each aidante keeps less than one event unfinished.
    assert 0.5 < sum(m["livre"] for m in missions) / sum(m["attendu"] for m in missions) < 1.1
    # The caisse recovers before the end agreed: the teams are let go, none of them before.
    assert d["liberees_le"]
    assert min(d["liberees_le"]) >= d["semaines"]["avec"]["retablie"]
    assert all(m["close_le"] <= m["fin"] for m in missions if m["close_le"] in d["liberees_le"])
    assert sum(m["close_le"] in d["liberees_le"] for m in missions) > len(missions) / 2

    (mesure,) = d["effet"]
    assert (mesure["horizon"], mesure["mois"]) == (1, "2025-09")
    assert mesure["projection"]["haut"] < 0, "mieux que projeté avant la mission, au bord près de l'intervalle"
    # Its comparables had no crisis: they cannot say what it would have become.
    assert mesure["conclusion"] == "amelioree"
    assert mesure["comparables"]["bas"] < mesure["comparables"]["valeur"] < mesure["comparables"]["haut"]
    assert all(m["avec"] < besoin["socle"] for a in d["aidantes"] for m in a["mois"]), "nulle aidante sous son socle"

    septembre = next(m for m in d["mois"] if m["mois"] == "2025-09")
    assert septembre["avec"] < septembre["sans"] - 10
    # The services measure what the twin counts, one event for many files.
    assert all(m["service"] == pytest.approx(m["avec"], rel=0.12) for m in d["mois"])
    semaines = d["semaines"]
    assert semaines["avec"]["sous_socle"] < semaines["sans"]["sous_socle"]
    assert semaines["avec"]["retablie"] is not None
    assert semaines["sans"]["retablie"] is None
