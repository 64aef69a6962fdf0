"""What the newest version is, told from the files alone, is what Alembic says."""

from pathlib import Path

import pytest

from shared.database.migrations import derniere
from shared.database.montee import tete
from vigie.schemas import EMPLACEMENTS


@pytest.mark.parametrize("schema", EMPLACEMENTS)
def test_the_newest_version_is_read_without_running_a_migration(schema: str) -> None:
    assert derniere(EMPLACEMENTS[schema]) == tete(EMPLACEMENTS[schema])


def test_a_file_that_does_not_say_its_version_plainly_is_left_to_alembic(tmp_path: Path) -> None:
    (tmp_path / "0001_depart.py").write_text('revision = "0001" + "_depart"\n')
    assert not derniere(tmp_path)
