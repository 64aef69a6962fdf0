"""The dashboards' own queries, run by Prometheus's own tool on series whose answers are worked out by hand."""

import json
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

RACINE = Path(__file__).parents[3]
TABLEAUX = {
    f.stem: json.loads(f.read_text(encoding="utf-8")) for f in (RACINE / "deploy/grafana/tableaux").glob("*.json")
}
CHOIX = {
    "$__rate_interval": "1m",
    "$indicateur": "taux_decroche",
    "$fenetre": "jour",
    "$caisse": "(cpam-75|reseau)",
    "${dossier}": "fse",
}

pytestmark = pytest.mark.skipif(shutil.which("promtool") is None, reason="promtool absent (paquet prometheus)")


def _expression(cible: dict[str, Any]) -> str:
    expr: str = cible["expr"]
    for variable, valeur in CHOIX.items():
        expr = expr.replace(variable, valeur)
    return expr


EXPRESSIONS = {
    f"{nom} : {p['title']} {cible['refId']}": _expression(cible)
    for nom, tableau in TABLEAUX.items()
    for p in tableau["panels"]
    for cible in p.get("targets", ())
    if "expr" in cible
}


def _promtool(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(["promtool", *arguments], check=False, capture_output=True, text=True)


def test_prometheus_accepts_its_configuration() -> None:
    fini = _promtool("check", "config", RACINE / "deploy/prometheus/prometheus.yml")
    assert fini.returncode == 0, fini.stdout + fini.stderr


def test_prometheus_accepts_every_query_of_the_dashboards(tmp_path: Path) -> None:
    regles = [{"record": f"requete:{rang}", "expr": expr} for rang, expr in enumerate(EXPRESSIONS.values())]
    fichier = tmp_path / "regles.yml"
    fichier.write_text(yaml.safe_dump({"groups": [{"name": "tableau", "rules": regles}]}), encoding="utf-8")
    fini = _promtool("check", "rules", fichier)
    assert fini.returncode == 0, fini.stdout + fini.stderr


def _gauge(nom: str, valeur: float, **etiquettes: str) -> dict[str, str]:
    texte = ",".join(f'{cle}="{v}"' for cle, v in etiquettes.items())
    return {"series": f"{nom}{{{texte}}}", "values": f"{valeur}+0x60"}


def _compteur(nom: str, par_pas: int, **etiquettes: str) -> dict[str, str]:
    texte = ",".join(f'{cle}="{v}"' for cle, v in etiquettes.items())
    return {"series": f"{nom}{{{texte}}}", "values": f"0+{par_pas}x60"}


def _indicateur(instance: str, caisse: str, valeur: float, effectif: int) -> list[dict[str, str]]:
    lieu = {"indicateur": "taux_decroche", "fenetre": "jour", "caisse": caisse, "instance": instance}
    return [_gauge("vigie_indicateur_valeur", valeur, **lieu), _gauge("vigie_indicateur_effectif", effectif, **lieu)]


# Two replicas of one API show the same values; a step is 10 s.
SERIES = [
    *(s for api in ("api-1", "api-2") for s in _indicateur(api, "reseau", 90, 3_000)),
    *(s for api in ("api-1", "api-2") for s in _indicateur(api, "cpam-75", 85, 1_000)),
    *(s for api in ("api-1", "api-2") for s in _indicateur(api, "cpam-13", 92.5, 2_000)),
    _gauge("vigie_indicateur_valeur", 12, indicateur="taux_decroche", fenetre="mois", caisse="cpam-75"),
    _compteur("vigie_evenements_acceptes_total", 100, service="claims", process="fse", instance="api-1"),
    _compteur("vigie_evenements_acceptes_total", 50, service="claims", process="fse", instance="api-2"),
    _compteur("vigie_evenements_refuses_total", 10, service="claims", raison="date_absurde"),
    _gauge("vigie_journal_retard", 40, groupe="claims", topic="vigie.claims.v1", partition="0", instance="c-1"),
    _gauge("vigie_journal_retard", 2, groupe="claims", topic="vigie.claims.v1", partition="1", instance="c-2"),
    _gauge("vigie_journal_sans_progres_secondes", 7, groupe="claims", topic="vigie.claims.v1", partition="0"),
    _gauge("vigie_journal_sans_progres_secondes", 0, groupe="claims", topic="vigie.claims.v1", partition="1"),
    _compteur("vigie_journal_lot_secondes_bucket", 0, groupe="claims", le="0.5"),
    _compteur("vigie_journal_lot_secondes_bucket", 10, groupe="claims", le="1"),
    _compteur("vigie_journal_lot_secondes_bucket", 10, groupe="claims", le="+Inf"),
    _compteur("vigie_journal_rejets_internes_total", 1, groupe="claims", topic="vigie.claims.v1"),
    _compteur("vigie_journal_conflits_de_position_total", 0, groupe="claims", topic="vigie.claims.v1"),
]

ATTENDUS = {
    "reseau : Réseau A": {'{caisse="reseau"}': 90},
    "reseau : Effectif du réseau A": {'{caisse="reseau"}': 3_000},
    "reseau : Caisses mesurées A": {"{}": 2},
    "reseau : Étendue entre caisses A": {"{}": 7.5},
    "reseau : Dispersion du réseau A": {"{}": 85.75},
    "reseau : Dispersion du réseau B": {"{}": 88.75},
    "reseau : Dispersion du réseau C": {"{}": 91.75},
    "reseau : Valeur par caisse A": {'{caisse="cpam-75"}': 85, '{caisse="reseau"}': 90},
    "reseau : Toutes les caisses A": {'{caisse="cpam-13"}': 92.5, '{caisse="cpam-75"}': 85, '{caisse="reseau"}': 90},
    "reseau : Toutes les caisses B": {
        '{caisse="cpam-13"}': 2_000,
        '{caisse="cpam-75"}': 1_000,
        '{caisse="reseau"}': 3_000,
    },
    "vigie : Événements acceptés par seconde A": {'{process="fse", service="claims"}': 15},
    "vigie : Événements refusés par seconde A": {'{raison="date_absurde", service="claims"}': 1},
    "vigie : Retard A": {'{groupe="claims", topic="vigie.claims.v1"}': 42},
    "vigie : Temps sans progrès A": {'{groupe="claims"}': 7},
    "vigie : Durée d'un lot A": {'{groupe="claims"}': 0.75},
    "vigie : Incidents du journal A": {'{groupe="claims"}': 6},
    "vigie : Incidents du journal C": {},
}


def test_the_queries_answer_what_was_worked_out_by_hand(tmp_path: Path) -> None:
    essais = [
        {
            "expr": EXPRESSIONS[nom],
            "eval_time": "5m",
            "exp_samples": [{"labels": etiquettes, "value": valeur} for etiquettes, valeur in attendu.items()],
        }
        for nom, attendu in ATTENDUS.items()
    ]
    fichier = tmp_path / "essai.yml"
    essai = {"interval": "10s", "input_series": SERIES, "promql_expr_test": essais}
    fichier.write_text(yaml.safe_dump({"evaluation_interval": "10s", "tests": [essai]}), encoding="utf-8")
    fini = _promtool("test", "rules", fichier)
    assert fini.returncode == 0, fini.stdout + fini.stderr
