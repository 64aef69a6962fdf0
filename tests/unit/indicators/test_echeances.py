"""When an item falls due: to the hour, on the clock and in the time zone of its caisse, and never before."""

from datetime import date, datetime
from zoneinfo import ZoneInfo

import pytest

from shared.indicators.echeances import EN_HEURES, due_le, premier_jour_utile, seuils
from shared.network.jours import date_de, jour_de
from shared.network.ouvertures import Ouvertures, ouvertures_de
from shared.network.reseau import charger


def agenda(slug: str = "cpam-75") -> Ouvertures:
    return ouvertures_de(charger().caisse(slug))


def ts(texte: str, zone: str = "Europe/Paris") -> int:
    return int(datetime.fromisoformat(texte).replace(tzinfo=ZoneInfo(zone)).timestamp())


def jour(texte: str) -> int:
    return jour_de(date.fromisoformat(texte))


TARD = ts("2027-12-31 00:00")


def echu(ouvert: str, horloge: str, limite: int, maintenant: int = TARD, slug: str = "cpam-75") -> str | None:
    """The day on which what was opened at that local hour fell due; None while it has not."""
    quand = datetime.fromisoformat(ouvert)
    du, passe = due_le(agenda(slug), horloge, limite, jour_de(quand.date()), quand.hour)
    return str(date_de(du)) if passe <= maintenant else None


@pytest.mark.parametrize(
    ("maintenant", "attendu"),
    [("2026-03-05 09:59", None), ("2026-03-05 10:59:59", None), ("2026-03-05 11:00", "2026-03-05")],
)
def test_un_courriel_de_10_h_est_echu_quand_l_heure_de_son_echeance_est_passee_pas_avant(
    maintenant: str, attendu: str | None
) -> None:
    assert echu("2026-03-03 10:00", "heures", 48, ts(maintenant)) == attendu


def test_48_heures_sont_48_heures_meme_quand_on_change_d_heure() -> None:
    # Friday 27 March 2026 at 10 h: the clocks go forward on Sunday, 48 h end at 11 h.
    assert echu("2026-03-27 10:00", "heures", 48, ts("2026-03-29 11:30")) is None
    assert echu("2026-03-27 10:00", "heures", 48, ts("2026-03-29 12:00")) == "2026-03-29"
    # Friday 23 October at 10 h: they go back, 48 h end at 9 h.
    assert echu("2026-10-23 10:00", "heures", 48, ts("2026-10-25 09:59")) is None
    assert echu("2026-10-23 10:00", "heures", 48, ts("2026-10-25 10:00")) == "2026-10-25"
    # 23:30 on Friday falls due on Monday at 0:30.
    assert echu("2026-03-27 23:00", "heures", 48) == "2026-03-30"


def test_l_heure_qui_passe_deux_fois_attend_la_seconde() -> None:
    # 2 h on 25 October 2026 comes twice; the second ends at 02:00 UTC, and 48 h later it is 3 h.
    assert echu("2026-10-25 02:00", "heures", 48, ts("2026-10-27 02:30")) is None
    assert echu("2026-10-25 02:00", "heures", 48, ts("2026-10-27 03:00")) == "2026-10-27"


def test_vendredi_17_h_plus_48_h_ouvrees_font_mardi_17_h() -> None:
    assert echu("2026-03-06 17:00", "heures_ouvrees", 48, ts("2026-03-10 17:59")) is None
    assert echu("2026-03-06 17:00", "heures_ouvrees", 48, ts("2026-03-10 18:00")) == "2026-03-10"


def test_un_samedi_ne_fait_courir_les_heures_ouvrees_qu_a_partir_du_lundi() -> None:
    assert echu("2026-03-07 15:00", "heures_ouvrees", 48, ts("2026-03-11 00:30")) is None
    assert echu("2026-03-07 15:00", "heures_ouvrees", 48, ts("2026-03-11 01:00")) == "2026-03-11"


def test_les_heures_ouvrees_suivent_les_feries_de_la_caisse() -> None:
    # Thursday before Good Friday and Easter Monday, worked in Paris for the first.
    assert echu("2026-04-02 17:00", "heures_ouvrees", 48, slug="cpam-75") == "2026-04-07"
    assert echu("2026-04-02 17:00", "heures_ouvrees", 48, slug="cpam-67") == "2026-04-08"


def test_une_reclamation_est_echue_le_10e_jour_passe() -> None:
    assert echu("2026-03-03", "jours_calendaires", 10, ts("2026-03-13 23:59:59")) is None
    assert echu("2026-03-03", "jours_calendaires", 10, ts("2026-03-14 00:00")) == "2026-03-13"


def test_dix_jours_ouvres_sautent_les_feries_d_alsace_moselle() -> None:
    assert echu("2025-12-18", "jours_ouvres", 10, slug="cpam-75") == "2026-01-05"
    assert echu("2025-12-18", "jours_ouvres", 10, slug="cpam-67") == "2026-01-06"


def test_l_echeance_est_celle_de_l_heure_locale() -> None:
    # 10 h on La Réunion is 7 h in Paris in winter: due at the end of the same local hour two days later.
    fin = ts("2026-01-07 11:00", "Indian/Reunion")
    assert echu("2026-01-05 10:00", "heures", 48, fin - 1, "cgss-974") is None
    assert echu("2026-01-05 10:00", "heures", 48, fin, "cgss-974") == "2026-01-07"
    # 23 h in Martinique: the day due is the local one, already the next in Paris.
    assert echu("2026-01-05 23:00", "heures", 48, slug="cgss-972") == "2026-01-07"


HORLOGES = pytest.mark.parametrize(
    ("horloge", "limite"), [("heures", 48), ("heures_ouvrees", 48), ("jours_calendaires", 10), ("jours_ouvres", 10)]
)
LIEUX = ("cpam-75", "cpam-67", "cgss-974", "cgss-972")


@HORLOGES
def test_rien_d_ouvert_avant_le_premier_jour_utile_n_est_echu_dans_la_periode(horloge: str, limite: int) -> None:
    calendriers = [agenda(slug).calendrier for slug in LIEUX]
    for du in range(jour("2025-12-01"), jour("2026-06-15")):
        premier = premier_jour_utile(horloge, limite, du, calendriers)
        assert all(due_le(agenda(slug), horloge, limite, premier - 1, 23)[0] < du for slug in LIEUX)


@HORLOGES
@pytest.mark.parametrize("slug", LIEUX)
def test_les_seuils_donnent_a_chaque_ouverture_son_jour_echu(horloge: str, limite: int, slug: str) -> None:
    par_jour = 24 if horloge in EN_HEURES else 1
    ouverts = range(jour("2026-03-20") * par_jour, jour("2026-04-12") * par_jour)
    jours = [jour(j) for j in ("2026-03-27", "2026-03-28", "2026-04-01", "2026-04-07", "2026-05-01")]
    maintenant = ts("2026-04-09 15:00")
    trouves = seuils(agenda(slug), horloge, limite, ouverts, jours, maintenant)
    assert trouves == sorted(trouves)
    for ouvert in ouverts:
        rang = sum(seuil <= ouvert for seuil in trouves)
        du, passe = due_le(agenda(slug), horloge, limite, ouvert // par_jour, ouvert % par_jour)
        attendu = len(jours) + 1 if passe > maintenant else sum(j <= du for j in jours)
        assert rang == attendu
