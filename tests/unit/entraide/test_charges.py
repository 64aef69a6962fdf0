"""From what the dossier services say to the situation of a caisse: its paces are its own."""

from datetime import date

import pytest

from services.entraide.besoins.charges import Aide, Bornes, Charge, EnPlus, situation_des_dossiers
from services.entraide.domain.semaines import Horizon
from shared.network.jours import jour_de

LUNDI = date(2018, 4, 16)
HORIZON = Horizon(jour_de(LUNDI), 2)
CHARGE = Charge(((3, 40.0),), 0, 0.0, 0.0, (100.0, 100.0), (90.0, 90.0), (120.0, 120.0))
TENIR = Bornes(20.0, 30.0, hypothese=False)


def test_the_recent_pace_sizes_and_the_best_one_is_what_can_be_worked() -> None:
    s = situation_des_dossiers(CHARGE, TENIR, HORIZON, Aide())
    assert (s.capacite, s.pointe) == ((90.0, 90.0), (120.0, 120.0))


@pytest.mark.parametrize(
    ("aide", "capacite", "pointe"),
    [
        (Aide(recue=30.0), 60.0, 90.0),
        (Aide(donnee=10.0), 100.0, 120.0),
        (Aide(donnee=50.0), 140.0, 140.0),
    ],
)
def test_aid_got_is_no_pace_of_its_own_and_aid_given_is(aide: Aide, capacite: float, pointe: float) -> None:
    s = situation_des_dossiers(CHARGE, TENIR, HORIZON, aide)
    assert s.capacite == (capacite,) * 2
    assert s.pointe == (pointe,) * 2


def test_a_capacity_announced_lost_and_an_aid_agreed_count_at_both_paces() -> None:
    s = situation_des_dossiers(
        CHARGE, TENIR, HORIZON, Aide(a_venir=(0.0, 15.0)), EnPlus({}, {LUNDI: 20.0}), echantillon=2
    )
    assert s.capacite == (160.0, 195.0)
    assert s.pointe == (220.0, 255.0)
