"""Pieces of the calendar: they cover what is asked exactly, nest, and are few."""

from datetime import date
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from shared.dossiers.noeuds import Noeud, enfants, paver
from shared.network.jours import jour_de

JOURS = st.integers(jour_de(date(1800, 1, 1)), jour_de(date(2045, 12, 31)))


@given(JOURS, JOURS)
def test_les_morceaux_couvrent_exactement_les_jours_demandes(un: int, autre: int) -> None:
    du, fin = min(un, autre), max(un, autre) + 1
    morceaux = paver(du, fin)
    assert (morceaux[0].du, morceaux[-1].fin) == (du, fin)
    assert all(a.fin == b.du for a, b in pairwise(morceaux))
    assert len(morceaux) <= 2 * (7 + 3 + 11 + 9 + 9) + 3


@given(JOURS, JOURS)
def test_un_morceau_est_fait_des_morceaux_qu_il_contient(un: int, autre: int) -> None:
    for morceau in paver(min(un, autre), max(un, autre) + 1):
        dedans = enfants(morceau)
        if morceau.jours == 1:
            assert not dedans
        else:
            assert len(dedans) > 1
            assert (dedans[0].du, dedans[-1].fin) == morceau
            assert all(a.fin == b.du for a, b in pairwise(dedans))
            assert all(paver(*enfant) == [enfant] for enfant in dedans)


def test_un_mois_est_un_morceau_fait_de_huit_jours_en_huit_jours() -> None:
    mars = Noeud(jour_de(date(2026, 3, 1)), jour_de(date(2026, 4, 1)))
    assert paver(*mars) == [mars]
    assert [enfant.jours for enfant in enfants(mars)] == [8, 8, 8, 7]
    assert [n.jours for n in paver(mars.du, mars.du + 19)] == [8, 8, 1, 1, 1]
