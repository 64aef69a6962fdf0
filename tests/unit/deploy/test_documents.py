import re
from pathlib import Path

import pytest

from services.alerts.reglages import ReglagesAlertes
from services.console.reglages import ReglagesConsole
from services.entraide.reglages import ReglagesEntraide
from shared.service.reglages import PREFIXE
from tests.support.metriques_du_code import metriques_du_code

RACINE = Path(__file__).parents[3]
DOCUMENTS = [RACINE / "README.md", RACINE / "CHANGELOG.md", *sorted((RACINE / "docs").rglob("*.md"))]
EXPLOITATION = (RACINE / "docs/exploitation.md").read_text(encoding="utf-8")
DECISIONS = sorted((RACINE / "docs/decisions").glob("0*.md"))


def test_the_runbook_names_every_setting_and_no_other() -> None:
    reglages = {
        PREFIXE + champ.upper()
        for propres in (ReglagesAlertes, ReglagesEntraide, ReglagesConsole)
        for champ in propres.model_fields
    }
    cites = {nom.removesuffix("_FICHIER") for nom in re.findall(r"`(VIGIE_[A-Z_]+)", EXPLOITATION)}
    assert cites == reglages


def test_every_metric_of_the_runbook_is_declared_by_the_code() -> None:
    exposees = metriques_du_code()
    cites = set(re.findall(r"`(vigie_[a-z_]+)`", EXPLOITATION))
    assert {nom for nom in cites if nom not in exposees and f"{nom}_count" not in exposees} == set()


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda d: d.name)
def test_links_between_documents_lead_somewhere(document: Path) -> None:
    liens = re.findall(r"\]\((?!https?:)([^)#]+)", document.read_text(encoding="utf-8"))
    assert [lien for lien in liens if not (document.parent / lien).exists()] == []


@pytest.mark.parametrize("decision", DECISIONS, ids=lambda d: d.name)
def test_a_decision_is_one_page_with_its_five_parts_and_its_place_in_the_list(decision: Path) -> None:
    texte = decision.read_text(encoding="utf-8")
    titres = re.findall(r"^## (.+)$", texte, re.M)
    assert titres == ["Context", "Decision", "Consequences", "Alternatives", "Enforced by"]
    assert len(texte) < 4_000
    assert f"]({decision.name})" in (decision.parent / "README.md").read_text(encoding="utf-8")


def test_files_that_documents_name_exist() -> None:
    """``shared/log/voie.py`` in backquotes is a promise."""
    cites = {
        (document.name, chemin)
        for document in DOCUMENTS
        for chemin in re.findall(
            r"`((?:shared|services|vigie|deploy|tests|simulator)/[\w./-]+)`", document.read_text(encoding="utf-8")
        )
    }
    assert {(nom, chemin) for nom, chemin in cites if not (RACINE / chemin).exists()} == set()
