import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from deploy.grafana import generer
from deploy.grafana.elements import LARGEUR
from deploy.grafana.reseau import FENETRES
from tests.support.metriques_du_code import metriques_du_code

RACINE = Path(__file__).parents[3]
GRAFANA = RACINE / "deploy/grafana"
TABLEAU: dict[str, Any] = json.loads((GRAFANA / "tableaux/reseau.json").read_text(encoding="utf-8"))
PANNEAUX = [p for p in TABLEAU["panels"] if p["type"] != "row"]
VARIABLES = {v["name"]: v for v in TABLEAU["templating"]["list"]}


def expressions() -> Iterator[str]:
    for panneau in PANNEAUX:
        yield from (cible["expr"] for cible in panneau["targets"])
    yield from (v["definition"] for v in VARIABLES.values() if v["type"] == "query")


METRIQUES = sorted({nom for expr in expressions() for nom in re.findall(r"\bvigie_[a-z0-9_]+", expr)})


def test_the_dashboard_is_what_its_definition_gives() -> None:
    assert generer.perimes() == []


def test_a_dashboard_changed_by_hand_is_told(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(generer, "TABLEAUX", tmp_path)
    assert generer.main(["--verifier"]) == 1
    assert generer.main([]) == 0
    assert generer.main(["--verifier"]) == 0
    (tmp_path / "reseau.json").write_text("{}", encoding="utf-8")
    assert generer.main(["--verifier"]) == 1


@pytest.mark.parametrize("metrique", METRIQUES)
def test_every_metric_shown_is_declared_by_the_code(metrique: str) -> None:
    declarees = metriques_du_code()
    famille = re.match(r"vigie_[a-z]+", metrique)
    assert famille
    if metrique not in declarees and not any(nom.startswith(famille[0]) for nom in declarees):
        pytest.skip(f"aucune métrique {famille[0]}_* n'est encore déclarée")
    assert metrique in declarees


def test_ids_are_unique_and_panels_stay_within_the_grid() -> None:
    panneaux = TABLEAU["panels"]
    assert len({p["id"] for p in panneaux}) == len(panneaux)
    for p in panneaux:
        assert p["gridPos"]["x"] + p["gridPos"]["w"] <= LARGEUR


def test_no_two_panels_overlap() -> None:
    cases = [
        (p["gridPos"]["x"] + dx, p["gridPos"]["y"] + dy)
        for p in TABLEAU["panels"]
        for dx in range(p["gridPos"]["w"])
        for dy in range(p["gridPos"]["h"])
    ]
    assert len(set(cases)) == len(cases)


@pytest.mark.parametrize("panneau", PANNEAUX, ids=lambda p: p["title"])
def test_every_panel_asks_the_provisioned_source_and_names_its_queries(panneau: dict[str, Any]) -> None:
    provision = yaml.safe_load((GRAFANA / "provisioning/datasources/prometheus.yaml").read_text(encoding="utf-8"))
    uids = {source["uid"] for source in provision["datasources"]}
    assert panneau["targets"]
    assert {c["datasource"]["uid"] for c in panneau["targets"]} | {panneau["datasource"]["uid"]} <= uids
    assert len({c["refId"] for c in panneau["targets"]}) == len(panneau["targets"])


def test_every_variable_used_is_offered() -> None:
    textes = [*expressions(), *(p["title"] for p in TABLEAU["panels"])]
    cites = {nom for texte in textes for nom in re.findall(r"\$(?!__)(\w+)", texte)}
    assert cites == set(VARIABLES) == {"caisse", "indicateur", "fenetre"}
    assert tuple(VARIABLES["fenetre"]["query"].split(",")) == FENETRES


def test_what_an_operator_asks_first_is_there() -> None:
    montrees = " ".join(expressions())
    for metrique in (
        "vigie_indicateur_valeur",
        "vigie_indicateur_effectif",
        "vigie_evenements_acceptes_total",
        "vigie_evenements_refuses_total",
        "vigie_journal_retard",
        "vigie_journal_rejets_internes_total",
    ):
        assert metrique in montrees


def test_grafana_finds_the_dashboards_where_compose_mounts_them() -> None:
    compose = yaml.safe_load((RACINE / "docker-compose.yml").read_text(encoding="utf-8"))
    montages = dict(v.split(":")[:2] for v in compose["services"]["grafana"]["volumes"])
    (fournisseur,) = yaml.safe_load((GRAFANA / "provisioning/dashboards/vigie.yaml").read_text(encoding="utf-8"))[
        "providers"
    ]
    assert montages["./deploy/grafana/tableaux"] == fournisseur["options"]["path"]
    accueil = compose["services"]["grafana"]["environment"]["GF_DASHBOARDS_DEFAULT_HOME_DASHBOARD_PATH"]
    assert accueil == f"{fournisseur['options']['path']}/reseau.json"
