"""A binary copy is read back as it was written, and nothing else is taken for one."""

import numpy as np
import pytest

from shared.dossiers.copie import ecrire_copie, lire_copie

TYPES = ("smallint", "integer", "bigint")
LIGNES = np.array([[-1, 2**31 - 1, -(2**62)], [7, 0, 3]], dtype=np.int64)


@pytest.mark.parametrize("lignes", [LIGNES, LIGNES[:0]])
def test_what_was_written_is_read_back(lignes: np.ndarray) -> None:
    assert (lire_copie(ecrire_copie(lignes, TYPES), TYPES) == lignes).all()


def test_a_copy_cut_short_is_refused() -> None:
    with pytest.raises(ValueError, match="not a whole binary copy"):
        lire_copie(ecrire_copie(LIGNES, TYPES)[:-2], TYPES)


def test_columns_of_other_types_are_refused() -> None:
    octets = ecrire_copie(LIGNES[1:, :2], ("integer", "smallint"))
    with pytest.raises(ValueError, match="column 0"):
        lire_copie(octets, ("smallint", "integer"))
