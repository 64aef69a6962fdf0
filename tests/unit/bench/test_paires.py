"""The judge of ``make bench-pairs``: the plan every rival is held to, and the difference it finds."""

import json
from datetime import datetime

import pytest

from bench.charges import charge_a, journee
from bench.paires.commun import decile
from bench.paires.plan import Ecart, Reponse, comparer, planifier
from bench.publier import publier


def test_the_plan_counts_each_file_once_though_some_come_twice() -> None:
    charge = charge_a(2_000)
    plan = planifier(charge, jours_locaux=False)
    assert sum(plan.cellules.values()) == charge.dossiers < charge.n


def test_local_days_differ_from_those_of_the_stamps_overseas_only() -> None:
    charge = charge_a(20_000)
    d_ici, ecrits = (planifier(charge, jours_locaux=locaux).cellules for locaux in (True, False))
    differents = {caisse for caisse, delai in d_ici.keys() | ecrits.keys()
                  if d_ici.get((caisse, delai)) != ecrits.get((caisse, delai))}  # fmt: skip
    assert differents
    assert all("-97" in caisse for caisse in differents)


def test_what_is_missing_is_lost_what_is_beyond_is_doubled_and_a_wrong_decile_is_seen() -> None:
    plan = Reponse({("a", 1): 5, ("b", 2): 3}, {"a": 1, "b": 2})
    assert comparer(plan, plan).juste
    assert comparer(plan, Reponse({("a", 1): 4, ("b", 2): 5}, {"a": 1, "b": 3})) == Ecart(1, 2, 1)


@pytest.mark.parametrize(("delais", "attendu"), [({0: 9, 7: 1}, 0), ({0: 8, 7: 2}, 7), ({3: 1}, 3)])
def test_the_ninth_decile_is_the_nearest_rank(delais: dict[int, int], attendu: int) -> None:
    assert decile(delais) == attendu


def test_a_day_of_the_year_is_paid_on_that_day_and_never_numbered_twice() -> None:
    minuit = int(datetime.fromisoformat("2026-03-02T00:00:00+01:00").timestamp())
    lus = [json.loads(valeur) for lot in journee(6_000, 6_000, minuit) for _, valeur in lot]
    assert {e["data"]["jalons"]["payee"][:10] for e in lus} == {"2026-03-02"}
    assert len(lus) == 6_300
    assert len({e["id"] for e in lus}) == 6_000
    assert min(e["subject"] for e in lus) == "2026-000006000"


def test_a_section_the_page_does_not_have_is_refused() -> None:
    with pytest.raises(ValueError, match="inconnue"):
        publier("inconnue", "corps")
