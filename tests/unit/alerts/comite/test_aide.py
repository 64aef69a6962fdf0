"""Entraide's provisional plan in the letter that proposes it."""

from typing import Any

import pytest
from structlog.testing import capture_logs

from services.alerts.comite.aide import aides
from services.alerts.lettres.contenu import Aide, lire
from tests.unit.alerts.lettres.exemples import COURRIER

PLAN: dict[str, Any] = {
    "caisse": "cpam-75", "process": "ij", "debut": "2026-11-09", "fin": "2026-12-31", "unite": "demande",
    "volume": 2100.0, "volume_apporte": 1800.0, "limite": "capacite", "phrase": "Tous les ETP sont employés.",
    "poles": [
        {"pole": "a", "aidante": "cpam-31", "debut": "2026-11-16", "fin": "2026-11-29", "etp_semaines": 4.0},
        {"pole": "b", "aidante": "cpam-13", "debut": "2026-11-16", "fin": "2026-12-13", "etp_semaines": 4.0},
    ],
    "fin_de_mois": {
        "au": "2026-12-31", "stock": {"sans": 6300.0, "avec": 4500.0}, "retard_objectif": {"sans": 2100.0, "avec": 1.0},
    },
}  # fmt: skip


def test_la_lettre_dit_qui_aiderait_de_combien_et_ce_que_cela_change() -> None:
    (aide,) = aides({"plans": [PLAN]}, ["ij"])
    assert (aide["du"], aide["au"]) == ("2026-11-16", "2026-12-13")
    assert aide["etp"] == 2.0, "huit ETP-semaines sur quatre semaines"
    assert [a["nom"] for a in aide["aidantes"]] == ["CPAM des Bouches-du-Rhône", "CPAM de la Haute-Garonne"]
    assert aide["sans_aide"].startswith("6\u202f300\u00a0demandes en stock, 2\u202f100\u00a0demandes au-delà")
    assert "1\u00a0demande au-delà de l'objectif, au 31\u00a0décembre\u00a02026" in aide["avec_aide"]
    courrier = lire("courrier_entraide", {**COURRIER, "aides": [aide]})
    assert isinstance(courrier.aides[0], Aide)  # type: ignore[union-attr]


def test_sans_pole_la_lettre_dit_le_volume_et_qu_aucune_aidante_n_est_designee() -> None:
    (aide,) = aides({"plans": [{**PLAN, "poles": []}]}, ["ij"])
    assert (aide["aidantes"], aide["etp"], aide["avec_aide"]) == ([], None, None)
    assert (aide["du"], aide["volume"]) == ("2026-11-09", 2100.0)


def test_le_telephone_se_dit_en_part_des_appels() -> None:
    decroche = {"au": "2026-12-31", "decroche": {"sans": 0.703, "avec": 0.85}}
    (aide,) = aides({"plans": [{**PLAN, "process": "appel", "unite": "appel", "fin_de_mois": decroche}]}, ["appel"])
    assert aide["sans_aide"] == "70,3\u202f% des appels décrochés, au 31\u00a0décembre\u00a02026"


@pytest.mark.parametrize("contenu", [None, {"etp": 3.5}, {"plans": [{"process": "ij"}]}, {"plans": [PLAN]}])
def test_sans_plan_pour_le_processus_la_lettre_se_fait_sans_aide(contenu: dict[str, Any] | None) -> None:
    with capture_logs():
        assert aides(contenu, ["fsp"]) == []
