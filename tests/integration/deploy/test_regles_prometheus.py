"""The alerting rules about Vigie itself, on series whose outcome is worked out by hand."""

import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.support.metriques_du_code import metriques_du_code

RACINE = Path(__file__).parents[3]
REGLES = sorted((RACINE / "deploy/prometheus/regles").glob("*.yml"))
LUES = [
    regle
    for fichier in REGLES
    for groupe in yaml.safe_load(fichier.read_text(encoding="utf-8"))["groups"]
    for regle in groupe["rules"]
]
ALERTES = {regle["alert"]: regle for regle in LUES if "alert" in regle}

pytestmark = pytest.mark.skipif(shutil.which("promtool") is None, reason="promtool absent (paquet prometheus)")


def serie(texte: str, valeurs: str) -> dict[str, str]:
    return {"series": texte, "values": valeurs}


REQUETES = 'vigie_http_request_duration_seconds_count{route="/v1/events",status="%s",job="claims-api"}'

# Name of the case: series a minute apart, alert, when it is asked, labels it fires with (None: it does not).
CAS: dict[str, tuple[list[dict[str, str]], str, str, dict[str, str] | None]] = {
    "a process that answers no more": (
        [serie('up{job="claims-api",instance="c1"}', "1x3 0x20")],
        "VigieProcessusAbsent",
        "8m",
        {"job": "claims-api", "instance": "c1"},
    ),
    "a process that was away for a minute": (
        [serie('up{job="claims-api",instance="c1"}', "1x3 0x0 1x20")],
        "VigieProcessusAbsent",
        "8m",
        None,
    ),
    "a lane that stands still": (
        [serie('vigie_journal_sans_progres_secondes{groupe="claims",partition="2"}', "0x4 60+60x20")],
        "VigieConsommateurBloque",
        "10m",
        {"groupe": "claims"},
    ),
    "a lane that waits for nothing": (
        [serie('vigie_journal_sans_progres_secondes{groupe="claims",partition="2"}', "0x30")],
        "VigieConsommateurBloque",
        "10m",
        None,
    ),
    "events put aside by a fault of ours": (
        [serie('vigie_journal_rejets_internes_total{groupe="claims"}', "0x4 3x20")],
        "VigieRejetsInternes",
        "8m",
        {"groupe": "claims"},
    ),
    "an API whose gauges went away": (
        [
            serie('up{job="claims-api",instance="a"}', "1x60"),
            serie('vigie_indicateur_rafraichissement_secondes{job="claims-api",service="claims"}', "2x3 stale"),
        ],
        "VigieChiffresPerimes",
        "15m",
        {"job": "claims-api"},
    ),
    "an API whose gauges are fresh": (
        [
            serie('up{job="claims-api",instance="a"}', "1x60"),
            serie('vigie_indicateur_rafraichissement_secondes{job="claims-api",service="claims"}', "2x60"),
        ],
        "VigieChiffresPerimes",
        "15m",
        None,
    ),
    "an evaluation that does not come": (
        [serie("vigie_alertes_age_evaluation_secondes", "0+60x60")],
        "VigieEvaluationEnRetard",
        "20m",
        {},
    ),
    "letters that wait for hours": (
        [serie('vigie_notifications_attente_secondes{canal="courriel"}', "3000+60x60")],
        "VigieNotificationsEnRetard",
        "30m",
        {"canal": "courriel"},
    ),
    "a night that was missed": (
        [serie('vigie_entretien_dernier_succes_secondes{service="claims"}', "0x3000")],
        "VigieEntretienEnRetard",
        "36h1m",
        {"service": "claims"},
    ),
    "a register whose end came back, on replicas that read it at different times": (
        [
            serie('vigie_audit_lignes{service="claims",instance="a"}', "100x10 140x10 stale"),
            serie('vigie_audit_lignes{service="claims",instance="b"}', "100x12 140x8 90x40"),
        ],
        "VigieRegistreRaccourci",
        "40m",
        {"service": "claims"},
    ),
    "a register pruned, and replicas that read it late": (
        [
            serie('vigie_audit_lignes{service="claims",instance="a"}', "100x10 141x10 stale"),
            serie('vigie_audit_lignes{service="claims",instance="b"}', "100x24 141x40"),
        ],
        "VigieRegistreRaccourci",
        "40m",
        None,
    ),
    "one answer in twenty is a server error: fifty times the margin": (
        [serie(REQUETES % "202", "0+95x90"), serie(REQUETES % "500", "0+5x90")],
        "VigieMargeConsommeeVite",
        "70m",
        {"slo": "ingestion"},
    ),
    "no error at all": ([serie(REQUETES % "202", "0+100x90")], "VigieMargeConsommeeVite", "70m", None),
    "no request at all": ([], "VigieMargeConsommeeVite", "70m", None),
    "one try in ten does not get through, all day": (
        [
            serie('vigie_notifications_envois_total{canal="webhook",issue="remise"}', "0+9x500"),
            serie('vigie_notifications_envois_total{canal="webhook",issue="passager"}', "0+1x500"),
        ],
        "VigieMargeConsommee",
        "400m",
        {"slo": "notifications"},
    ),
}


def promtool(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(["promtool", *arguments], check=False, capture_output=True, text=True)


@pytest.mark.parametrize("cas", CAS)
def test_a_rule_fires_when_it_must_and_not_otherwise(cas: str, tmp_path: Path) -> None:
    series, alerte, quand, etiquettes = CAS[cas]
    regle = ALERTES[alerte]
    attendues: list[dict[str, Any]] = []
    if etiquettes is not None:
        attendues = [{"exp_labels": regle["labels"] | etiquettes}]
    essai = {
        "interval": "1m",
        "input_series": series,
        "alert_rule_test": [{"eval_time": quand, "alertname": alerte, "exp_alerts": attendues}],
    }
    # The sentences are for people: their figures are looked at elsewhere.
    copies = []
    for fichier in REGLES:
        lu = yaml.safe_load(fichier.read_text(encoding="utf-8"))
        for groupe in lu["groups"]:
            for r in groupe["rules"]:
                r.pop("annotations", None)
        copie = tmp_path / fichier.name
        copie.write_text(yaml.safe_dump(lu), encoding="utf-8")
        copies.append(str(copie))
    fichier = tmp_path / "essai.yaml"
    fichier.write_text(
        yaml.safe_dump({"rule_files": copies, "evaluation_interval": "1m", "tests": [essai]}), encoding="utf-8"
    )
    fini = promtool("test", "rules", fichier)
    assert fini.returncode == 0, fini.stdout + fini.stderr


def test_every_rule_has_a_case() -> None:
    assert {alerte for _, alerte, _, attendues in CAS.values() if attendues is not None} == set(ALERTES)


def test_prometheus_accepts_the_rules_and_alertmanager_its_routes() -> None:
    for fichier in REGLES:
        fini = promtool("check", "rules", fichier)
        assert fini.returncode == 0, fini.stdout + fini.stderr
    if amtool := shutil.which("amtool"):
        fichier = RACINE / "deploy/alertmanager/alertmanager.yml"
        fini = subprocess.run([amtool, "check-config", fichier], check=False, capture_output=True, text=True)
        assert fini.returncode == 0, fini.stdout + fini.stderr


def test_rules_speak_of_metrics_that_the_code_has() -> None:
    declarees = metriques_du_code()
    assert {nom for regle in LUES for nom in re.findall(r"\bvigie_\w+", regle["expr"])} <= declarees


@pytest.mark.parametrize("alerte", ALERTES)
def test_an_alert_says_in_french_what_happens_and_where_to_read_what_to_do(alerte: str) -> None:
    annotations = ALERTES[alerte]["annotations"]
    assert annotations.keys() == {"summary", "description", "runbook_url"}
    assert annotations["runbook_url"] == f"docs/runbooks.md#{alerte.lower()}"


def test_each_alert_has_its_section_and_each_section_its_alert() -> None:
    texte = (RACINE / "docs/runbooks.md").read_text(encoding="utf-8")
    sections = dict(re.findall(r"^## (\w+)\n(.*?)(?=^## |\Z)", texte, re.MULTILINE | re.DOTALL))
    assert sections.keys() == ALERTES.keys()
    for nom, section in sections.items():
        parties = re.findall(r"^\*\*([\w ]+)\.\*\*", section, re.MULTILINE)
        assert parties == ["Pour les caisses", "Regarder", "Faire", "Prévenir"], nom
