import csv
import gzip
from datetime import date, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.network.calendrier import FIN, PREMIER_JOUR, Calendrier, HorsCalendrier, calendrier_de, jours_feries
from shared.network.jours import date_de, en_clair, jour_de
from shared.network.reseau import charger

ZONES = ("Métropole", "Alsace-Moselle", "Guadeloupe", "Martinique", "Guyane", "La Réunion", "Mayotte")
CALENDRIERS = {zone: Calendrier(zone) for zone in ZONES}
METROPOLE = CALENDRIERS["Métropole"]
calendriers = st.sampled_from(list(CALENDRIERS.values()))
jours = st.integers(PREMIER_JOUR + 400, FIN - 400)


def j(annee: int, mois: int, jour: int) -> int:
    return jour_de(date(annee, mois, jour))


@pytest.fixture(scope="module")
def feries_officiels(donnees_publiques: Path) -> dict[str, set[int]]:
    officiels: dict[str, set[int]] = {zone: set() for zone in ZONES}
    with (donnees_publiques / "france" / "jours_feries.csv").open(encoding="utf-8") as lignes:
        for ligne in csv.DictReader(lignes):
            for zone in officiels.keys() & set(ligne["zones"].split("|")):
                officiels[zone].add(jour_de(date.fromisoformat(ligne["date"])))
    return officiels


@pytest.mark.parametrize("zone", ZONES)
def test_holidays_are_the_official_list_from_2006_to_2031(zone: str, feries_officiels: dict[str, set[int]]) -> None:
    nos_feries = {jour for jour in jours_feries(zone) if j(2006, 1, 1) <= jour <= j(2031, 12, 31)}
    assert nos_feries == feries_officiels[zone]


@pytest.mark.parametrize("zone", ZONES)
def test_working_days_are_those_of_numpy_on_the_official_list(zone: str, feries_officiels: dict[str, set[int]]) -> None:
    chomes = [date_de(jour) for jour in feries_officiels[zone]]
    debuts, fins = np.sort(np.random.default_rng(7).integers(j(2006, 1, 1), j(2032, 1, 1), (2, 2_000)), axis=0)
    reference = np.busday_count(debuts.astype("M8[D]"), fins.astype("M8[D]"), holidays=chomes)
    calendrier = CALENDRIERS[zone]
    assert (calendrier.ouvres_cumul(fins) - calendrier.ouvres_cumul(debuts) == reference).all()


@pytest.mark.parametrize(
    ("zone", "ouvres"),
    [("Métropole", 251), ("Alsace-Moselle", 249), ("Guadeloupe", 250), ("Martinique", 250), ("Guyane", 250),
     ("La Réunion", 251), ("Mayotte", 251)],
)  # fmt: skip
def test_working_days_of_2025(zone: str, ouvres: int) -> None:
    assert CALENDRIERS[zone].ouvres_entre(j(2025, 1, 1), j(2026, 1, 1)) == ouvres


def test_delays_of_the_permit_files_have_the_published_decile_and_sum(donnees_publiques: Path) -> None:
    with gzip.open(donnees_publiques / "cases" / "receipt_events.csv.gz", "rt", encoding="utf-8") as lignes:
        dates = {c["case_id"]: (c["case_startdate"], c["case_enddate"]) for c in csv.DictReader(lignes)}
    clos = [(_jour_local(debut), _jour_local(fin)) for debut, fin in dates.values() if fin]
    assert len(clos) == 1_329
    debuts, fins = np.array(clos).T
    obtenus = {}
    for zone in ("Métropole", "Alsace-Moselle", "La Réunion"):
        delais = CALENDRIERS[zone].ouvres_cumul(fins) - CALENDRIERS[zone].ouvres_cumul(debuts)
        obtenus[zone] = (int(np.percentile(delais, 90, method="inverted_cdf")), int(delais.sum()))
        assert [CALENDRIERS[zone].ouvres_entre(a, b) for a, b in clos] == delais.tolist()
    assert obtenus == {"Métropole": (74, 54_040), "Alsace-Moselle": (74, 53_757), "La Réunion": (73, 53_772)}
    sans_feries = np.busday_count(debuts.astype("M8[D]"), fins.astype("M8[D]"))
    assert (int(np.percentile(sans_feries, 90, method="inverted_cdf")), int(sans_feries.sum())) == (75, 55_519)
    assert int(np.percentile(fins - debuts, 90, method="inverted_cdf")) == 105


def _jour_local(instant: str) -> int:
    return jour_de(datetime.fromisoformat(instant).astimezone(ZoneInfo("Europe/Amsterdam")).date())


def test_days_are_numbered_from_1970() -> None:
    assert (jour_de(date(1970, 1, 1)), date_de(0), en_clair(j(2026, 11, 3))) == (0, date(1970, 1, 1), "03/11/2026")


def test_saturday_is_ouvrable_and_not_ouvre() -> None:
    samedi, dimanche, lundi = j(2025, 5, 17), j(2025, 5, 18), j(2025, 5, 19)
    assert [METROPOLE.est_ouvre(d) for d in (samedi, dimanche, lundi)] == [False, False, True]
    assert [METROPOLE.est_ouvrable(d) for d in (samedi, dimanche, lundi)] == [True, False, True]


def test_a_holiday_is_neither_ouvre_nor_ouvrable() -> None:
    quinze_aout = j(2025, 8, 15)
    assert METROPOLE.est_chome(quinze_aout)
    assert not METROPOLE.est_ouvre(quinze_aout)
    assert not METROPOLE.est_ouvrable(quinze_aout)
    assert not METROPOLE.est_ouvrable(j(2026, 8, 15))


@pytest.mark.parametrize(
    ("zone", "jour", "chome"),
    [
        ("Alsace-Moselle", (2025, 4, 18), True), ("Métropole", (2025, 4, 18), False),
        ("Alsace-Moselle", (2025, 12, 26), True), ("La Réunion", (2025, 12, 20), True),
        ("Mayotte", (2026, 4, 27), True), ("Guyane", (2025, 6, 10), True),
        ("Guadeloupe", (2025, 5, 27), True), ("Martinique", (2025, 5, 22), True),
        ("Guadeloupe", (2025, 7, 21), False), ("Martinique", (2025, 7, 21), False),
        ("Guadeloupe", (2025, 4, 18), False), ("Guadeloupe", (2025, 3, 27), False),
        ("Métropole", (2005, 5, 16), True), ("Métropole", (2007, 5, 28), True),
    ],
)  # fmt: skip
def test_each_zone_has_its_own_holidays(zone: str, jour: tuple[int, int, int], chome: bool) -> None:
    assert CALENDRIERS[zone].est_chome(j(*jour)) is chome


def test_an_unknown_zone_is_refused() -> None:
    with pytest.raises(ValueError, match="Zone de jours fériés inconnue : « Bretagne »"):
        Calendrier("Bretagne")


@given(calendrier=calendriers, j1=jours, j2=jours, j3=jours)
def test_delays_add_up_and_reverse(calendrier: Calendrier, j1: int, j2: int, j3: int) -> None:
    entre = calendrier.ouvres_entre
    assert entre(j1, j2) + entre(j2, j3) == entre(j1, j3)
    assert entre(j1, j2) == -entre(j2, j1)


@given(calendrier=calendriers, debut=jours, duree=st.integers(0, 60))
def test_a_delay_is_the_number_of_worked_days_of_the_half_open_interval(
    calendrier: Calendrier, debut: int, duree: int
) -> None:
    worked = sum(calendrier.est_ouvre(d) for d in range(debut, debut + duree))
    assert calendrier.ouvres_entre(debut, debut + duree) == worked


@given(calendrier=calendriers, jour=jours, n=st.integers(-200, 200))
def test_adding_n_working_days_gives_the_worked_day_at_that_delay(calendrier: Calendrier, jour: int, n: int) -> None:
    echeance = calendrier.ajouter_ouvres(jour, n)
    assert calendrier.est_ouvre(echeance)
    assert calendrier.ouvres_entre(jour, echeance) == n


@given(calendrier=calendriers, jour=jours, n=st.integers(0, 60), attente=st.integers(0, 100))
def test_a_delay_is_within_n_working_days_until_its_deadline_and_not_after(
    calendrier: Calendrier, jour: int, n: int, attente: int
) -> None:
    dans_le_delai = calendrier.ouvres_entre(jour, jour + attente) <= n
    assert dans_le_delai == (jour + attente <= calendrier.ajouter_ouvres(jour, n))


@pytest.mark.parametrize(
    ("evenement", "n", "echeance"),
    [
        ((2025, 9, 1), 5, (2025, 9, 8)),  # Sunday 7 moves to Monday
        ((2025, 9, 2), 2, (2025, 9, 5)),  # Tuesday: Wednesday and Thursday are the two full days
        ((2025, 4, 24), 6, (2025, 5, 2)),  # Thursday 1 May moves to Friday
        ((2025, 8, 8), 6, (2025, 8, 18)),  # Friday 15 August, then the week-end
    ],
)
def test_francs_days_count_neither_end_and_end_on_a_worked_day(
    evenement: tuple[int, int, int], n: int, echeance: tuple[int, int, int]
) -> None:
    assert METROPOLE.jours_francs(j(*evenement), n) == j(*echeance)


@pytest.mark.parametrize(
    ("mois", "n", "jour"), [((2025, 5), 1, 2), ((2025, 5), 5, 9), ((2026, 1), 1, 2), ((2025, 11), 5, 7)]
)
def test_nth_working_day_of_a_month(mois: tuple[int, int], n: int, jour: int) -> None:
    assert METROPOLE.nieme_ouvre_du_mois(*mois, n) == j(*mois, jour)


@pytest.mark.parametrize("n", [0, -1, 21, 24])
def test_a_month_has_no_working_day_beyond_its_own(n: int) -> None:
    with pytest.raises(ValueError, match="n'a pas de"):
        METROPOLE.nieme_ouvre_du_mois(2025, 2, n)


def test_a_closure_of_one_caisse_is_not_worked_for_it_alone() -> None:
    blois, pont = charger().caisse("Blois"), j(2026, 5, 15)
    ferme = calendrier_de(blois, [pont])
    assert not ferme.est_ouvre(pont)
    assert not ferme.est_ouvrable(pont)
    assert calendrier_de(blois).est_ouvre(pont)
    assert ferme.ouvres_entre(j(2026, 5, 1), j(2026, 6, 1)) == METROPOLE.ouvres_entre(j(2026, 5, 1), j(2026, 6, 1)) - 1
    assert ferme.est_chome(j(2026, 5, 14))


def test_calendars_are_shared_by_value() -> None:
    blois, paris = charger().caisse("Blois"), charger().caisse("Paris")
    assert calendrier_de(blois) is calendrier_de(paris)
    assert calendrier_de(blois, [20_000, 20_001]) is calendrier_de(paris, {20_001, 20_000})


@pytest.mark.parametrize("jour", [PREMIER_JOUR - 1, FIN, FIN + 1, 10**9])
def test_a_day_outside_the_calendar_is_refused_and_never_guessed(jour: int) -> None:
    for question in (METROPOLE.est_ouvre, METROPOLE.est_ouvrable, METROPOLE.est_chome):
        with pytest.raises(HorsCalendrier, match="hors du calendrier, qui va du 01/01/1995 au 31/12/2045"):
            question(jour)
    with pytest.raises(HorsCalendrier):
        METROPOLE.ajouter_ouvres(jour, 0)


@pytest.mark.parametrize("jour", [PREMIER_JOUR - 1, FIN + 1])
def test_a_count_to_a_day_outside_the_calendar_is_refused(jour: int) -> None:
    for bornes in ((jour, 20_000), (20_000, jour)):
        with pytest.raises(HorsCalendrier) as refus:
            METROPOLE.ouvres_entre(*bornes)
        assert refus.value.jour == jour
    with pytest.raises(HorsCalendrier):
        METROPOLE.ouvres_cumul(np.array([20_000, jour]))
    with pytest.raises(HorsCalendrier):
        METROPOLE.ajouter_ouvres(FIN - 5, 10)


def test_the_whole_range_can_be_counted() -> None:
    assert METROPOLE.ouvres_entre(PREMIER_JOUR, FIN) == int(METROPOLE.cumul[-1])
    assert METROPOLE.ouvres_cumul(np.array([], dtype=np.int64)).size == 0
    with pytest.raises(ValueError, match="read-only"):
        METROPOLE.cumul[0] = 1
