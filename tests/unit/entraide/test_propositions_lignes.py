"""What a proposition takes off its need, state by state."""

from dataclasses import replace

import pytest

from services.entraide.domain.cycle_de_vie import Etat, Proposition, Termes
from services.entraide.propositions.lignes import couvert, rend_un_reste

LUNDI = 20_000 - 20_000 % 7
P = Proposition("1", "cpam-31", "cpam-75", "ij", Termes(LUNDI, (100, 100), 200.0), LUNDI - 3, 12)


@pytest.mark.parametrize(
    ("etat", "pris"),
    [("proposee", 200), ("active", 200), ("terminee", 200), ("declinee", 0), ("expiree", 0), ("annulee", 0)],
)
def test_only_what_is_or_was_to_be_worked_covers_a_need(etat: Etat, pris: float) -> None:
    assert couvert(replace(P, etat=etat), LUNDI + 3) == pris


def test_an_interrupted_mission_covers_what_was_worked_and_a_smaller_agreement_gives_the_rest_back() -> None:
    assert couvert(replace(P, etat="interrompue"), LUNDI + 7) == pytest.approx(100)
    assert rend_un_reste(replace(P, etat="engagee"), 250)
    assert not rend_un_reste(replace(P, etat="proposee"), 250)
