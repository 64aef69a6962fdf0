"""Public data that stands beside the checkout, when it is there."""

from pathlib import Path

import pytest

_DONNEES = Path(__file__).parents[3].parent / "shared" / "data"


@pytest.fixture(scope="session")
def donnees_publiques() -> Path:
    if not _DONNEES.is_dir():
        pytest.skip("les données publiques (../shared/data) ne sont pas à côté du dépôt")
    return _DONNEES
