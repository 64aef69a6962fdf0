"""Projections: what must hold of any of them, and the cases whose answer is known beforehand."""

from datetime import date
from functools import cache
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shared.indicators.periodes import Periode
from shared.indicators.projection.chemins import Regard, apport_hebdomadaire, jouer, tirer
from shared.indicators.projection.modele import classes_de_jour
from shared.indicators.projection.persistance import poursuivre, semaines
from shared.indicators.projection.projeter import (
    Apport,
    Appris,
    PasAssezDHistoire,
    Projetee,
    Question,
    apprendre,
    projeter,
)
from shared.indicators.projection.triangle import passes
from shared.indicators.statistiques import RESEAU, Valeur
from shared.network.calendrier import Calendrier
from shared.network.jours import jour_de
from tests.unit.indicators.modele_projection import CALENDRIERS, Fichier, fichier

ARRETE = jour_de(date(2026, 4, 14))
AVRIL = Periode(jour_de(date(2026, 4, 1)), jour_de(date(2026, 4, 30)))
GENRES = ("stock", "stock_age_quantile", "delai_moyen", "delai_quantile", "echeance")


@cache
def appris(graine: int = 1, jours: int = 300) -> Appris:
    return apprendre(*fichier(graine, ARRETE, jours).connues(), CALENDRIERS, ARRETE)


def question(genre: str = "stock", horloge: str = "jours_calendaires") -> Question:
    return Question(genre, AVRIL, horloge, limite=10 if genre == "echeance" else None)


@pytest.mark.parametrize("genre", GENRES)
def test_le_stock_de_fin_est_celui_du_debut_plus_les_arrivees_moins_les_clotures(genre: str) -> None:
    for ligne in projeter(appris(), question(genre), Apport(7.0, ARRETE + 3)):
        assert ligne.fin.valeur == pytest.approx(ligne.stock + ligne.arrivees.valeur - ligne.clotures.valeur, abs=1e-6)


def test_le_reseau_est_la_somme_de_ses_caisses() -> None:
    reseau, *caisses = projeter(appris(), question())
    assert reseau.caisse == RESEAU
    assert reseau.stock == sum(c.stock for c in caisses)
    assert reseau.fin.valeur == pytest.approx(sum(c.fin.valeur for c in caisses))
    largeur = sum(c.fin.haut - c.fin.bas for c in caisses)
    assert 0 < reseau.fin.haut - reseau.fin.bas < largeur, "les hasards des caisses se compensent en partie"


def bornes(ligne: Projetee) -> list[float]:
    return [ligne.fin.bas or 0.0, ligne.fin.valeur or 0.0, ligne.fin.haut or 0.0]


@settings(max_examples=25, deadline=None)
@given(
    capacites=st.lists(st.floats(0, 400), min_size=2, max_size=4),
    depuis=st.integers(ARRETE - 5, AVRIL.au + 5),
    graine=st.integers(1, 3),
)
def test_plus_de_capacite_ne_laisse_jamais_plus_de_dossiers(capacites: list[float], depuis: int, graine: int) -> None:
    for caisse in (75, 67):
        suite = [projeter(appris(graine), question(), Apport(c, depuis), caisse)[0] for c in sorted(capacites)]
        for moins, plus in pairwise(suite):
            assert all(p <= m + 1e-6 for m, p in zip(bornes(moins), bornes(plus), strict=True))


@settings(max_examples=25, deadline=None)
@given(capacite=st.floats(-2_000, 2_000), graine=st.integers(1, 3))
def test_aucun_chemin_n_a_de_stock_negatif_ni_ne_perd_un_dossier(capacite: float, graine: int) -> None:
    for modele in appris(graine).modeles:
        aleas = tirer(modele, AVRIL.au)
        apport = apport_hebdomadaire(modele, AVRIL.au, capacite, ARRETE)
        chemins = jouer(modele, AVRIL.au, Regard(AVRIL), aleas, apport)
        assert chemins.ouverts.min() >= -1e-9
        assert chemins.clotures.min() >= -1e-9
        compte = modele.stock.sum(axis=1)[:, None] + chemins.arrivees - chemins.clotures
        np.testing.assert_allclose(chemins.stock[:, :, -1], compte, atol=1e-6)
        np.testing.assert_allclose(chemins.ouverts.sum(axis=2), compte, atol=1e-6)


def test_de_la_capacite_en_moins_laisse_plus_de_dossiers() -> None:
    sans, moins = (projeter(appris(), question(), a, 75)[0].fin.valeur for a in (None, Apport(-20.0, ARRETE + 1)))
    assert moins is not None
    assert sans is not None
    assert moins > sans


def test_la_capacite_en_plus_travaille_un_cinquieme_de_semaine_par_jour_ouvre() -> None:
    (modele,) = [m for m in appris().modeles if 75 in m.caisses]
    apport = apport_hebdomadaire(modele, AVRIL.au, 10.0, jour_de(date(2026, 4, 20)))
    assert apport[0].sum() == pytest.approx(9 * 2.0), "du lundi 20 au jeudi 30 avril 2026 : neuf jours ouvrés"


@pytest.mark.parametrize("genre", GENRES)
def test_la_meme_question_a_la_meme_reponse_seule_ou_parmi_les_autres(genre: str) -> None:
    toutes = projeter(appris(), question(genre))
    assert toutes == projeter(appris(), question(genre))
    for ligne in toutes:
        assert projeter(appris(), question(genre), caisse=ligne.caisse) == [ligne]


@pytest.mark.parametrize("genre", GENRES)
@pytest.mark.parametrize("horloge", ["jours_calendaires", "jours_ouvres"])
def test_la_valeur_est_dans_son_intervalle(genre: str, horloge: str) -> None:
    for ligne in projeter(appris(), question(genre, horloge)):
        bas, valeur, haut = ligne.mesure.bas, ligne.mesure.valeur, ligne.mesure.haut
        assert bas is not None
        assert valeur is not None
        assert haut is not None
        assert 0 <= bas <= valeur <= haut
        if genre == "echeance":
            assert haut <= 100


def test_un_regime_stable_reste_ou_la_theorie_le_met() -> None:
    # M/G/infinity: the stock of a stable system is the rate of arrivals times the mean time spent.
    attendu = 40.0 * (1 - 0.08) / 0.08
    projetes, tenus = [], 0
    for graine in range(15):
        stable = fichier(graine, AVRIL.au, 400, risque=0.08, par_jour={75: 40.0})
        connues = apprendre(*stable.connues(ARRETE), CALENDRIERS, ARRETE)
        (ligne,) = projeter(connues, question(), caisse=75)
        projetes.append(ligne.fin.valeur)
        tenus += ligne.fin.bas <= stable.ouverts(75, AVRIL.au) <= ligne.fin.haut
    assert np.mean(projetes) == pytest.approx(attendu, rel=0.04)
    assert tenus >= 8, "quatre fois sur cinq, au hasard près (le tirage est fixe)"


def test_un_delai_stable_reste_ce_qu_il_est() -> None:
    stable = fichier(6, ARRETE, 400, risque=0.08, par_jour={75: 40.0})
    connues = apprendre(*stable.connues(), CALENDRIERS, ARRETE)
    (d9,) = projeter(connues, question("delai_quantile", "jours_ouvres"), caisse=75)
    attendu = np.ceil(np.log(0.1) / np.log(1 - 0.08)) - 1  # geometric law from 0
    assert d9.mesure.bas - 2 <= attendu <= d9.mesure.haut + 2
    (echeance,) = projeter(connues, Question("echeance", AVRIL, "jours_ouvres", limite=10), caisse=75)
    assert echeance.mesure.valeur == pytest.approx(100 * (1 - (1 - 0.08) ** 11), abs=4)


def test_ce_que_le_mois_a_deja_montre_est_compte_exactement() -> None:
    # On the evening the month ends but one, almost all of it is known.
    veille = AVRIL.au - 1
    tout = fichier(7, AVRIL.au, 300)
    vrai = tout.delai_moyen(75, AVRIL)
    (ligne,) = projeter(apprendre(*tout.connues(veille), CALENDRIERS, veille), question("delai_moyen"), caisse=75)
    assert ligne.mesure.valeur == pytest.approx(vrai, abs=0.6)
    assert ligne.mesure.haut - ligne.mesure.bas < 1.5


def test_rien_ne_se_clot_un_jour_ferie_de_la_caisse() -> None:
    # Good Friday is a holiday in Moselle (57), where Paris works.
    vendredi_saint = jour_de(date(2026, 4, 3))
    veille = vendredi_saint - 1
    connues = apprendre(*fichier(2, veille, 300).connues(), CALENDRIERS, veille)
    assert CALENDRIERS[75].est_ouvre(vendredi_saint)
    assert not CALENDRIERS[67].est_ouvre(vendredi_saint)
    for modele in connues.modeles:
        chemins = jouer(modele, vendredi_saint, Regard(AVRIL), tirer(modele, vendredi_saint))
        assert (chemins.clotures.sum() > 0) == CALENDRIERS[int(modele.caisses[0])].est_ouvre(vendredi_saint)


def test_un_jour_ferie_de_semaine_n_a_pas_le_profil_de_son_jour() -> None:
    lundi_de_paques = jour_de(date(2026, 4, 6))
    metropole = Calendrier("Métropole")
    assert classes_de_jour(metropole, lundi_de_paques, lundi_de_paques + 6).tolist() == [7, 1, 2, 3, 4, 5, 6]


def test_une_petite_caisse_s_appuie_sur_la_loi_du_reseau() -> None:
    modeles = appris(3).modeles
    risques = {code: m.risques[i, 1:8].mean() for m in modeles for i, code in enumerate(m.caisses.tolist())}
    grande = fichier(3, ARRETE, 300)
    assert abs(risques[972] - risques[75]) < 0.08, "quelques dossiers par mois ne font pas une loi"
    assert grande.nombre(972) < 0.1 * grande.nombre(75)


def test_pas_assez_d_histoire_est_une_reponse() -> None:
    with pytest.raises(PasAssezDHistoire):
        appris(1, 40)
    vides = {nom: np.empty(0, dtype=np.int64) for nom in ("caisse", "jour", "jour_ouvert", "n", "classe", "secondes")}
    with pytest.raises(PasAssezDHistoire):
        apprendre(vides, vides, CALENDRIERS, ARRETE)


def test_une_caisse_trop_jeune_n_est_pas_projetee_et_les_autres_le_sont() -> None:
    jeune = fichier(4, ARRETE, 300, arrivee={67: ARRETE - 10})
    lignes = {li.caisse: li for li in projeter(apprendre(*jeune.connues(), CALENDRIERS, ARRETE), question())}
    assert not lignes[67].projetable
    assert lignes[67].mesure.valeur is None
    assert lignes[75].projetable


def test_ce_qui_est_date_du_futur_n_est_pas_connu() -> None:
    f = fichier(1, ARRETE, 300)
    ouvertures, clotures = f.connues(ARRETE + 30)
    attendues = projeter(appris(), question())
    assert projeter(apprendre(ouvertures, clotures, CALENDRIERS, ARRETE), question())[0].stock == attendues[0].stock


def test_le_passe_lu_en_entier_ou_deduit_des_ouvertures_est_le_meme_stock() -> None:
    f: Fichier = fichier(1, ARRETE, 300)
    (ici,) = [p for p in passes(*f.connues(), CALENDRIERS, ARRETE) if 75 in p.caisses]
    ouverts = f.ouverts(75, ARRETE)
    assert ici.stock[ici.caisses.tolist().index(75)].sum() == ouverts


def test_un_taux_en_heures_prolonge_le_sien() -> None:
    lignes = projeter(appris(), question())
    codes = [li.caisse for li in lignes]
    mesurees = [Valeur(c, p, 80.0, 100, 80, 100) for c in codes for p in (*semaines(ARRETE), Periode(AVRIL.du, ARRETE))]
    for ligne in poursuivre(appris(), lignes, mesurees, AVRIL):
        assert ligne.mesure.valeur == pytest.approx(80, abs=1)
        assert ligne.mesure.bas < 80 < ligne.mesure.haut
