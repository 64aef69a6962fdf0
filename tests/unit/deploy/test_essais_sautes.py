"""What tests/conftest.py promises: a skip is told by name, and is a failure with STRICT=1."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ESSAIS = """
import pytest

def test_passe():
    pass

@pytest.mark.skip(reason="pas de broker")
def test_marque():
    pass

def test_dedans():
    pytest.skip("pas de serveur")

@pytest.mark.xfail(reason="défaut connu")
def test_defaut_connu():
    assert False
"""


def _lancer(dossier: Path, strict: str) -> tuple[int, str]:
    shutil.copy(Path(__file__).parents[2] / "conftest.py", dossier)
    (dossier / "pytest.ini").write_text("[pytest]\n")
    fini = subprocess.run(
        [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "-rN", str(dossier)],
        check=False,
        capture_output=True,
        text=True,
        env={**os.environ, "STRICT": strict},
        cwd=dossier,
    )
    return fini.returncode, fini.stdout


def test_a_skip_is_told_by_name_with_its_reason(tmp_path: Path) -> None:
    (tmp_path / "test_essais.py").write_text(ESSAIS)
    code, sortie = _lancer(tmp_path, "")
    assert code == 0
    assert "non exécutés ici : 2" in sortie
    assert "test_essais.py::test_marque : pas de broker" in sortie
    assert "test_essais.py::test_dedans : pas de serveur" in sortie


def test_with_strict_a_skip_fails_and_a_known_fault_does_not(tmp_path: Path) -> None:
    (tmp_path / "test_essais.py").write_text(ESSAIS)
    code, sortie = _lancer(tmp_path, "1")
    assert code == 1
    assert "1 failed, 1 passed, 1 xfailed, 1 error" in sortie
    assert "Raison du saut : pas de serveur" in sortie


@pytest.mark.parametrize(("strict", "attendu"), [("", 5), ("1", 2)])
def test_with_strict_a_module_skipped_whole_is_an_error(tmp_path: Path, strict: str, attendu: int) -> None:
    (tmp_path / "test_essais.py").write_text("import pytest\npytest.skip('pas ici', allow_module_level=True)\n")
    code, sortie = _lancer(tmp_path, strict)
    assert code == attendu
    assert "pas ici" in sortie
