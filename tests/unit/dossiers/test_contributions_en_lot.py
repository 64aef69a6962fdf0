"""Many dossiers at once count for what each counts for alone."""

from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shared.catalogue.processus import processus
from shared.dossiers.contributions import CLOS, DIMENSIONS, MESURES, OUVERT
from shared.dossiers.contributions_en_lot import CalculEnLot
from shared.dossiers.deltas import Deltas, sommer_lignes
from shared.dossiers.etat import contenus_de, joindre
from shared.dossiers.gardees import (
    decoder_colonnes,
    decoder_contributions,
    encoder_colonnes,
    encoder_contributions,
)
from shared.events.contrat import Contenu
from tests.unit.dossiers.atelier import CPAM, PRENANTE, CalculEnColonnes, Codes, Dit, evenement, lieux
from tests.unit.dossiers.test_fusion_proprietes import JALONS, dits

ENTIERS = st.integers(-(2**40), 2**40)


def etats(calcul: CalculEnLot, codes: Codes, histoires: Sequence[Sequence[Dit]]) -> list[list[Contenu]]:
    """The contents of one dossier per history."""
    lus = []
    for histoire in histoires:
        etat = {}
        for dit in histoire:
            joindre(etat, evenement(dit, codes, calcul.processus.code).contenu)
        lus.append(contenus_de(etat))
    return lus


@pytest.mark.parametrize("process", JALONS)
@pytest.mark.parametrize("prenantes", [{}, {CPAM: PRENANTE}])
@given(donnees=st.data())
@settings(deadline=None)
def test_en_lot_comme_un_par_un(process: str, prenantes: dict[int, int], donnees: st.DataObject) -> None:
    histoires = donnees.draw(st.lists(st.lists(dits(process), min_size=1, max_size=4), max_size=8))
    codes = Codes()
    calcul = CalculEnColonnes(processus(process), lieux(prenantes), codes)
    contenus = etats(calcul, codes, histoires)
    attendues = [calcul.contributions(c) for c in contenus]
    calculees = calcul.contributions_en_lot(contenus)
    assert [decoder_contributions(o) for o in calculees.gardees] == attendues
    assert [encoder_contributions(a) for a in attendues] == list(calculees.gardees)
    des_blocs = sorted(
        (rang, genre, tuple(ligne))
        for genre, rangs, lignes in calculees.blocs
        for rang, ligne in zip(rangs.tolist(), lignes.tolist(), strict=True)
    )
    assert des_blocs == sorted((r, g, (*d, *m)) for r, cs in enumerate(attendues) for g, d, m in cs)


def test_un_jalon_devenu_unique_se_lit_par_la_regle_d_aujourd_hui() -> None:
    codes = Codes()
    calcul = CalculEnColonnes(processus("fse"), lieux(), codes)
    autrefois = [Contenu(1, "x", 0, 1, {"recue": [1_700_000_000, 1_700_086_400]}, CPAM)]
    simple = [Contenu(1, "y", 0, 1, {"recue": 1_700_000_000}, CPAM)]
    calculees = calcul.contributions_en_lot([autrefois, simple])
    assert calculees.gardees[0] == calculees.gardees[1] == encoder_contributions(calcul.contributions(simple))
    tous_en_liste = [[Contenu(1, "x", 0, 1, {"recue": [1_700_000_000]}, CPAM)]] * 2
    assert calcul.contributions_en_lot(tous_en_liste).gardees == [calculees.gardees[1]] * 2


@st.composite
def colonnes(draw: st.DrawFn, genre: int):
    dims = st.tuples(*[st.integers(-1, 32_000)] * len(DIMENSIONS[genre]))
    montants = st.tuples(*[ENTIERS] * len(MESURES[genre]))
    return draw(st.lists(st.tuples(dims, montants), max_size=5))


@pytest.mark.parametrize("genre", DIMENSIONS)
@given(donnees=st.data())
@settings(deadline=None)
def test_la_forme_gardee_redonne_ce_qu_elle_garde(genre: int, donnees: st.DataObject) -> None:
    contributions = [(genre, d, m) for d, m in donnees.draw(colonnes(genre))]
    assert decoder_contributions(encoder_contributions(contributions)) == contributions
    lignes = np.array([(*d, *m) for _, d, m in contributions], dtype=np.int64)
    lignes = lignes.reshape(-1, len(DIMENSIONS[genre]) + len(MESURES[genre]))
    un_par_un = [encoder_contributions([c]) for c in contributions]
    assert encoder_colonnes(genre, lignes) == un_par_un
    relues = decoder_colonnes([*un_par_un, b""])
    if contributions:
        rangs, retour = relues[genre]
        assert retour[np.argsort(rangs)].tolist() == lignes.tolist()


@given(st.lists(st.tuples(*[st.integers(-(2**31), 2**31)] * 3, ENTIERS, ENTIERS), max_size=30))
def test_les_lignes_de_meme_cle_s_additionnent_exactement(lignes: list[tuple[int, ...]]) -> None:
    sommes: dict[tuple[int, ...], list[int]] = {}
    for *cle, a, b in lignes:
        deja = sommes.setdefault(tuple(cle), [0, 0])
        deja[0] += a
        deja[1] += b
    attendu = [[*cle, *s] for cle, s in sorted(sommes.items()) if any(s)]
    assert sommer_lignes(np.array(lignes, dtype=np.int64).reshape(-1, 5), 2).tolist() == attendu


def test_ce_qui_est_pris_puis_rendu_ne_bouge_pas() -> None:
    deltas = Deltas()
    ouvert = (OUVERT, (1, CPAM, 3, 20_000, -1), (1,))
    clos = (CLOS, (1, CPAM, CPAM, 0, 3, 20_000, -1, 20_004, 2, -1, -1, -1, -1), (1, *[5] * (len(MESURES[CLOS]) - 1)))
    deltas.ajouter([ouvert], (20_010, 0))
    deltas.ajouter([ouvert], (20_010, 0), -1)
    deltas.ajouter([clos], (20_010, 0))
    assert {genre: lignes.tolist() for genre, lignes in deltas.cellules().items()} == {
        CLOS: [[*clos[1], 20_010, 0, *clos[2]]]
    }
