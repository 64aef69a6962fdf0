"""A VIGIE_HOME per module, outside pytest's own folders, which the account of PostgreSQL may not enter."""

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from shared.database import embarque
from tests.support.commande import Vigie


@pytest.fixture(scope="module")
def foyer() -> Iterator[Path]:
    """The folder; its embedded PostgreSQL is started once for all the commands of the module."""
    dossier = Path(tempfile.mkdtemp(prefix="vigie-e2e-"))
    embarque.demarrer(dossier / "postgres")
    yield dossier
    embarque.arreter(dossier / "postgres")
    shutil.rmtree(dossier, ignore_errors=True)


@pytest.fixture(scope="module")
def vigie(foyer: Path) -> Vigie:
    """The command under that folder."""
    return Vigie(foyer)
