from datetime import date
from importlib.resources import as_file, files
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from shared.network.reseau import charger
from simulator.jumeau.parametres import PROCESS
from simulator.jumeau.scenario import EFFETS, Facteurs, Scenario, ScenarioInvalide, facteurs, lire_scenario, verifier

DEBUT = date(2017, 1, 1)
SLUGS = ["cpam-33", "cpam-75"]
BON: dict[str, Any] = {
    "type": "crise", "process": ["ij"], "caisses": ["cpam-33"], "du": "J+10", "au": "2017-01-15", "intensite": 0.4,
}  # fmt: skip


def brut(**autres: Any) -> dict[str, Any]:
    return {"version": 1, "nom": "essai", "description": "", "incidents": [{**BON, **autres}]}


def effets(scenario: Scenario, jours: int = 40) -> Facteurs:
    return facteurs(scenario, SLUGS, DEBUT, 5, jours)


@pytest.mark.parametrize(
    ("defaut", "message"),
    [
        ({"type": "greve"}, "essai.yaml, incident 1 : type inconnu 'greve'"),
        ({"process": ["visite"]}, "process inconnu 'visite'"),
        ({"process": "ij"}, "process attend une liste ou « toutes »"),
        ({"caisses": "cpam-33"}, "caisses attend une liste"),
        ({"intensite": 0}, "intensite 0 hors de"),
        ({"intensite": 1.5}, r"hors de \]0 ; 1\] pour crise"),
        ({"type": "panne_telephone"}, "ne vaut que pour appel"),
        ({"du": "hier"}, "date illisible"),
        ({"duree": 3}, "duree"),
    ],
)
def test_a_fault_is_named_with_its_place(defaut: dict[str, Any], message: str) -> None:
    with pytest.raises(ScenarioInvalide, match=message):
        verifier(brut(**defaut), "essai.yaml")


def test_every_fault_is_told_at_once_and_another_version_is_refused() -> None:
    with pytest.raises(ScenarioInvalide, match=r"(?s)type inconnu.*date illisible"):
        verifier(brut(type="greve", au="demain"), "essai.yaml")
    with pytest.raises(ScenarioInvalide, match="version 2 inconnue"):
        verifier({**brut(), "version": 2}, "essai.yaml")
    with pytest.raises(ScenarioInvalide, match="caisse inconnue cpam-99"):
        effets(verifier(brut(caisses=["cpam-99"]), "essai.yaml"))
    with pytest.raises(ScenarioInvalide, match="vient avant"):
        effets(verifier(brut(au="2017-01-02"), "essai.yaml"))


def test_a_crisis_takes_its_share_of_the_staff_on_its_days_only() -> None:
    f = effets(verifier(brut(), "essai.yaml"))
    attendu = np.ones(40)
    attendu[15:20] = 0.6
    assert np.allclose(f.effectif[PROCESS.index("ij"), 0], attendu)
    assert (f.effectif[PROCESS.index("ij"), 1] == 1).all()
    assert (f.demande == 1).all()


def test_a_drift_stays_and_a_reorganisation_passes() -> None:
    ij = PROCESS.index("ij")
    derive = effets(verifier(brut(type="derive"), "essai.yaml")).effectif[ij, 0]
    assert (np.diff(derive) <= 0).all()
    assert derive[-1] == pytest.approx(0.6)
    reorganisation = effets(verifier(brut(type="reorganisation"), "essai.yaml")).rendement[ij, 0]
    assert reorganisation[15] < reorganisation[19] < 1 == reorganisation[20]


def test_an_epidemic_brings_sick_leaves_and_takes_agents_everywhere() -> None:
    f = effets(verifier(brut(type="epidemie"), "essai.yaml"))
    assert f.demande[PROCESS.index("ij"), 0, 17] > 1 == f.demande[PROCESS.index("fsp"), 0, 17]
    assert (f.effectif[:, 0, 17] < 1).all()


def test_the_shipped_examples_can_be_played_and_show_every_effect() -> None:
    vus = set()
    with as_file(files("simulator.jumeau") / "donnees" / "scenarios") as chemin:
        exemples = sorted(Path(chemin).glob("*.yaml"))
        assert len(exemples) == 6
        for exemple in exemples:
            scenario = lire_scenario(exemple)
            facteurs(scenario, [c.slug for c in charger().caisses], DEBUT, 0, 365)
            vus |= {i.type for i in scenario.incidents}
    assert vus == set(EFFETS)


def test_a_file_that_is_not_yaml_says_so(tmp_path: Path) -> None:
    (tmp_path / "faux.yaml").write_text("version: [1", encoding="utf-8")
    with pytest.raises(ScenarioInvalide, match="pas du YAML"):
        lire_scenario(tmp_path / "faux.yaml")
    with pytest.raises(ScenarioInvalide, match="illisible"):
        lire_scenario(tmp_path / "absent.yaml")
