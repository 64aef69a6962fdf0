"""Escalation and notices, by the caisse's own calendar."""

from datetime import UTC, datetime, timedelta
from itertools import permutations

import pytest

from services.alerts.domain.escalade import ReglagesEscalade, echeance, escalader
from services.alerts.domain.etats import Suivi
from services.alerts.domain.groupes import Groupe, Membre, ReglagesAvis, aviser, nouvelle
from shared.network.ouvertures import ouvertures_de
from shared.network.reseau import charger

REGLAGES = ReglagesEscalade(jours_par_niveau=2)
PARIS = ouvertures_de(charger().par_slug["cpam-75"])
VENDREDI = datetime(2026, 3, 6, 16, tzinfo=UTC)


def ouverte(le: datetime) -> Suivi:
    return Suivi("ouverte", le, True, le, le, ouverte_le=le, escalade_le=le)


@pytest.mark.parametrize(("jours", "niveau"), [(1, 0), (2, 0), (3.99, 0), (4, 1), (5.99, 1), (6, 2), (30, 2)])
def test_un_niveau_monte_tous_les_deux_jours_ouvres(jours: float, niveau: int) -> None:
    """From Friday 17:00 in Paris, two working days end on Tuesday 17:00."""
    suivi, lignes = ouverte(VENDREDI), []
    for heure in range(int(jours * 24) + 1):
        monte, nouvelles = escalader(suivi, VENDREDI + timedelta(hours=heure), PARIS, REGLAGES)
        assert monte is not None
        suivi, lignes = monte, lignes + list(nouvelles)
    assert (suivi.niveau, len(lignes)) == (niveau, niveau)


def test_un_saut_de_l_horloge_rattrape_les_niveaux_d_un_coup() -> None:
    suivi, lignes = escalader(ouverte(VENDREDI), VENDREDI + timedelta(days=60), PARIS, REGLAGES)
    assert suivi is not None
    assert (suivi.niveau, len(lignes)) == (2, 1)


def test_le_calendrier_est_celui_de_la_caisse() -> None:
    """Good Friday, 3 April 2026, is worked in Paris and not in Strasbourg."""
    jeudi = datetime(2026, 4, 2, 8, tzinfo=UTC)
    bas_rhin = ouvertures_de(charger().caisse("Bas-Rhin"))
    assert echeance(jeudi, 1, PARIS) == datetime(2026, 4, 3, 8, tzinfo=UTC)
    assert echeance(jeudi, 1, bas_rhin) == datetime(2026, 4, 7, 8, tzinfo=UTC)


def test_ce_qui_est_pris_en_compte_ne_monte_pas() -> None:
    le = VENDREDI
    suivi = Suivi("prise_en_compte", le, True, le, le, ouverte_le=le, escalade_le=le)
    assert escalader(suivi, le + timedelta(days=30), PARIS, REGLAGES) == (suivi, ())


REGLAGES_AVIS = ReglagesAvis(timedelta(minutes=10), timedelta(hours=1), jours_rappel=2, rappels_max=2)
LUNDI = datetime(2026, 3, 9, 8, tzinfo=UTC)


def membre(numero: int, etat: str = "ouverte", depuis: datetime = LUNDI, **autres: object) -> Membre:
    defauts = {"niveau": 0, "annonce": None, "tue": False}
    return Membre(numero, etat, depuis=depuis, **(defauts | autres))  # type: ignore[arg-type]


def test_les_alertes_d_une_caisse_sont_dites_ensemble_apres_l_attente_et_dans_tout_ordre() -> None:
    trois = [membre(n, depuis=LUNDI + timedelta(minutes=n)) for n in (1, 2, 3)]
    groupe = Groupe("cpam-75")
    assert aviser(groupe, trois, LUNDI + timedelta(minutes=10), PARIS, REGLAGES_AVIS) == (groupe, None)
    avis = {aviser(groupe, p, LUNDI + timedelta(minutes=11), PARIS, REGLAGES_AVIS) for p in permutations(trois)}
    ((apres, un),) = avis
    assert un is not None
    assert un.nouvelles == ((1, "ouverte:0"), (2, "ouverte:0"), (3, "ouverte:0"))
    assert apres == Groupe("cpam-75", LUNDI + timedelta(minutes=11))


def test_deux_avis_d_une_caisse_sont_espaces() -> None:
    groupe = Groupe("cpam-75", dernier=LUNDI)
    nouvelles = [membre(1, annonce="ouverte:0"), membre(2, depuis=LUNDI + timedelta(minutes=1))]
    assert aviser(groupe, nouvelles, LUNDI + timedelta(minutes=59), PARIS, REGLAGES_AVIS)[1] is None
    avis = aviser(groupe, nouvelles, LUNDI + timedelta(minutes=60), PARIS, REGLAGES_AVIS)[1]
    assert avis is not None
    assert (avis.nouvelles, avis.ouvertes) == (((2, "ouverte:0"),), (1, 2))


def test_les_rappels_sont_en_jours_ouvres_et_comptes() -> None:
    groupe, instants = Groupe("cpam-75", dernier=LUNDI), []
    for heure in range(24 * 30):
        instant = LUNDI + timedelta(hours=heure)
        groupe, avis = aviser(groupe, [membre(1, annonce="ouverte:0")], instant, PARIS, REGLAGES_AVIS)
        instants += [(instant - LUNDI).days] if avis is not None else []
    assert instants == [2, 4], "mercredi, vendredi, puis plus rien"


def test_une_fin_n_est_dite_que_si_le_debut_l_a_ete() -> None:
    assert nouvelle(membre(1, "resolue")) is None
    assert nouvelle(membre(1, "resolue", annonce="ouverte:1")) == "resolue"
    assert nouvelle(membre(1, "resolue", annonce="resolue")) is None


def test_un_silence_tait_l_alerte_et_sa_fin_la_laisse_dire() -> None:
    assert nouvelle(membre(1, tue=True)) is None
    assert aviser(Groupe("cpam-75", LUNDI), [membre(1, tue=True)], LUNDI, PARIS, REGLAGES_AVIS)[1] is None
    assert nouvelle(membre(1)) == "ouverte:0"


def test_ce_qui_est_pris_en_compte_n_est_ni_dit_ni_rappele() -> None:
    groupe = Groupe("cpam-75", LUNDI)
    un = membre(1, "prise_en_compte", annonce="ouverte:0")
    assert aviser(groupe, [un], LUNDI + timedelta(days=20), PARIS, REGLAGES_AVIS) == (groupe, None)
