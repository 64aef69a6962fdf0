import re
import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

RACINE = Path(__file__).parents[3]
PROJET = tomllib.loads((RACINE / "pyproject.toml").read_text(encoding="utf-8"))
VERROUS = ("requirements.lock", "requirements-dev.lock")
CONSTRUCTION = ["hatchling", "editables"]
"""What installing the project itself from its source needs."""


def _epingles(verrou: str) -> dict[str, str]:
    """Pinned version by canonical name."""
    lignes = re.findall(r"^([A-Za-z0-9._-]+)==([^ \\;]+)", (RACINE / verrou).read_text(encoding="utf-8"), re.M)
    return {canonicalize_name(nom): version for nom, version in lignes}


@pytest.mark.parametrize("verrou", VERROUS)
def test_every_pin_has_a_hash_and_nothing_names_a_registry_or_a_machine(verrou: str) -> None:
    texte = (RACINE / verrou).read_text(encoding="utf-8")
    assert not re.search(r"https?:|file:|--index|--find-links|(^|\s)/", texte)
    blocs = re.split(r"\n(?=[a-z])", texte.partition("\n")[2])
    assert [b.split("\n")[0] for b in blocs if "==" in b and "--hash=sha256:" not in b] == []


@pytest.mark.parametrize(
    ("verrou", "demandes"),
    [
        ("requirements.lock", PROJET["project"]["dependencies"] + CONSTRUCTION),
        (
            "requirements-dev.lock",
            PROJET["project"]["dependencies"] + PROJET["project"]["optional-dependencies"]["dev"],
        ),
    ],
)
def test_the_lock_holds_what_the_project_asks_for(verrou: str, demandes: list[str]) -> None:
    epingles = _epingles(verrou)
    for demande in map(Requirement, demandes):
        version = epingles.get(canonicalize_name(demande.name))
        assert version is not None, f"{demande.name} manque à {verrou} : lancez make lock"
        assert demande.specifier.contains(version, prereleases=True), f"{demande} : {version} dans {verrou}"


def test_developers_run_what_users_run() -> None:
    dev = _epingles("requirements-dev.lock")
    assert {nom: v for nom, v in _epingles("requirements.lock").items() if dev.get(nom) != v} == {}
