import json
import re
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import pytest
import yaml

from deploy.grafana import generer
from deploy.grafana.elements import LARGEUR
from deploy.grafana.mesures import FENETRES
from shared.dossiers.jauges import fenetres
from shared.generes import commande, perimes
from tests.support.metriques_du_code import metriques_du_code

RACINE = Path(__file__).parents[3]
GRAFANA = RACINE / "deploy/grafana"
TABLEAUX: dict[str, dict[str, Any]] = {
    f.stem: json.loads(f.read_text(encoding="utf-8")) for f in sorted((GRAFANA / "tableaux").glob("*.json"))
}
PANNEAUX = [(nom, p) for nom, t in TABLEAUX.items() for p in t["panels"] if p["type"] != "row"]
AU_CHOIX = {"query", "custom"}
"""Variables that change what is asked; a text box only serves links."""


def variables(nom: str) -> dict[str, Any]:
    return {v["name"]: v for v in TABLEAUX[nom]["templating"].get("list", ())}


def requetes(nom: str) -> Iterator[str]:
    for panneau in (p for n, p in PANNEAUX if n == nom):
        yield from (cible.get("expr") or cible["rawSql"] for cible in panneau["targets"])
    yield from (v["query"]["query"] for v in variables(nom).values() if v["type"] == "query")


METRIQUES = sorted({m for nom in TABLEAUX for texte in requetes(nom) for m in re.findall(r"\bvigie_[a-z0-9_]+", texte)})
tous = pytest.mark.parametrize("nom", TABLEAUX)


def test_the_dashboards_are_what_their_definitions_give() -> None:
    assert perimes(generer.produits()) == []


def test_a_dashboard_changed_by_hand_is_told(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(generer, "TABLEAUX", tmp_path)
    assert commande("deploy.grafana.generer", generer.produits(), ["--verifier"]) == 1
    assert commande("deploy.grafana.generer", generer.produits(), []) == 0
    assert commande("deploy.grafana.generer", generer.produits(), ["--verifier"]) == 0
    (tmp_path / "reseau.json").write_text("{}", encoding="utf-8")
    assert commande("deploy.grafana.generer", generer.produits(), ["--verifier"]) == 1


@pytest.mark.parametrize("metrique", METRIQUES)
def test_every_metric_shown_is_declared_by_the_code(metrique: str) -> None:
    assert metrique in metriques_du_code()


@tous
def test_ids_are_unique_and_panels_stay_within_the_grid(nom: str) -> None:
    panneaux = TABLEAUX[nom]["panels"]
    assert len({p["id"] for p in panneaux}) == len(panneaux)
    for p in panneaux:
        assert p["gridPos"]["x"] + p["gridPos"]["w"] <= LARGEUR


@tous
def test_no_two_panels_overlap(nom: str) -> None:
    cases = [
        (p["gridPos"]["x"] + dx, p["gridPos"]["y"] + dy)
        for p in TABLEAUX[nom]["panels"]
        for dx in range(p["gridPos"]["w"])
        for dy in range(p["gridPos"]["h"])
    ]
    assert len(set(cases)) == len(cases)


@pytest.mark.parametrize("panneau", [p for _, p in PANNEAUX], ids=[f"{n}: {p['title']}" for n, p in PANNEAUX])
def test_every_panel_asks_a_provisioned_source_and_names_its_queries(panneau: dict[str, Any]) -> None:
    uids = {
        source["uid"]
        for fichier in (GRAFANA / "provisioning/datasources").glob("*.yaml")
        for source in yaml.safe_load(fichier.read_text(encoding="utf-8"))["datasources"]
    }
    assert panneau["targets"]
    assert {c["datasource"]["uid"] for c in panneau["targets"]} | {panneau["datasource"]["uid"]} <= uids
    assert len({c["refId"] for c in panneau["targets"]}) == len(panneau["targets"])


@tous
def test_every_variable_used_is_offered_and_every_choice_is_used(nom: str) -> None:
    textes = [*requetes(nom), *(p["title"] for p in TABLEAUX[nom]["panels"])]
    cites = {mot for texte in textes for mot in re.findall(r"\$\{?(?!__)([a-z]+)", texte)}
    offertes = variables(nom)
    assert cites == {v for v in offertes if offertes[v]["type"] in AU_CHOIX}
    liens = {mot for lien in TABLEAUX[nom].get("links", ()) for mot in re.findall(r"\$([a-z]+)", lien["url"])}
    assert liens <= set(offertes)


def test_windows_offered_are_those_the_gauges_have() -> None:
    offertes = {
        tuple(sorted(v["query"].split(",")))
        for nom in TABLEAUX
        for v in variables(nom).values()
        if v["name"] == "fenetre"
    }
    assert offertes == {tuple(sorted(fenetres(date(2026, 3, 4))))} == {tuple(sorted(FENETRES))}


def test_grafana_finds_the_dashboards_where_compose_mounts_them() -> None:
    compose = yaml.safe_load((RACINE / "docker-compose.yml").read_text(encoding="utf-8"))
    montages = dict(v.split(":")[:2] for v in compose["services"]["grafana"]["volumes"])
    (fournisseur,) = yaml.safe_load((GRAFANA / "provisioning/dashboards/vigie.yaml").read_text(encoding="utf-8"))[
        "providers"
    ]
    assert montages["./deploy/grafana/tableaux"] == fournisseur["options"]["path"]
    accueil = compose["services"]["grafana"]["environment"]["GF_DASHBOARDS_DEFAULT_HOME_DASHBOARD_PATH"]
    assert accueil == f"{fournisseur['options']['path']}/reseau.json"
