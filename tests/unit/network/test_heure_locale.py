from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.network import heure_locale
from shared.network.heure_locale import Fuseau, fuseau
from shared.network.jours import date_de, jour_de
from shared.network.reseau import charger

NOMS = sorted({c.fuseau for c in charger().caisses})
DEBUT = int(datetime(2005, 1, 1, tzinfo=UTC).timestamp())
FIN = int(datetime(2036, 1, 1, tzinfo=UTC).timestamp())
CHANGEMENTS = [
    int(datetime(annee, mois, 31 - (datetime(annee, mois, 31).isoweekday() % 7), 1, tzinfo=UTC).timestamp())
    for annee in range(2005, 2036)
    for mois in (3, 10)
]
"""01:00 UTC on the last Sundays of March and October: when Paris changes its clock (directive 2000/84/CE)."""

noms = st.sampled_from(NOMS)
instants = st.one_of(
    st.integers(DEBUT, FIN),
    st.builds(lambda c, ecart: c + ecart, st.sampled_from(CHANGEMENTS), st.integers(-7_200, 7_200)),
)


@given(nom=noms, ts=instants)
def test_local_day_and_hour_are_those_of_zoneinfo(nom: str, ts: int) -> None:
    local = datetime.fromtimestamp(ts, ZoneInfo(nom))
    for _ in range(2):  # cold, then from the cache
        assert fuseau(nom).jour(ts) == jour_de(local.date())
        assert fuseau(nom).heure(ts) == local.hour
    assert fuseau(nom).decalage(ts) == local.utcoffset().total_seconds()


@given(
    nom=noms,
    jour=st.one_of(
        st.dates(date(2005, 1, 1), date(2035, 12, 31)), st.sampled_from(CHANGEMENTS).map(date.fromtimestamp)
    ),
    heure=st.integers(0, 24),
    minute=st.integers(0, 59),
)
def test_a_wall_time_is_the_first_instant_that_zoneinfo_gives_it(nom: str, jour: date, heure: int, minute: int) -> None:
    mur = datetime(jour.year, jour.month, jour.day) + timedelta(hours=heure, minutes=minute)
    attendu = int(mur.replace(tzinfo=ZoneInfo(nom), fold=0).timestamp())
    assert fuseau(nom).instant(jour_de(jour), heure, minute) == attendu


@given(nom=noms, ts=instants)
def test_a_day_goes_from_its_midnight_to_the_next(nom: str, ts: int) -> None:
    jour = fuseau(nom).jour(ts)
    assert fuseau(nom).minuit(jour) <= ts < fuseau(nom).minuit(jour + 1)
    assert fuseau(nom).minuit(jour) == fuseau(nom).instant(jour)


def test_days_of_a_clock_change_have_23_and_25_hours() -> None:
    paris = fuseau("Europe/Paris")
    printemps, automne = jour_de(date(2026, 3, 29)), jour_de(date(2026, 10, 25))
    assert paris.minuit(printemps + 1) - paris.minuit(printemps) == 23 * 3_600
    assert paris.minuit(automne + 1) - paris.minuit(automne) == 25 * 3_600


def test_a_skipped_wall_time_moves_forward_and_a_repeated_one_is_the_first() -> None:
    paris = fuseau("Europe/Paris")
    saute = paris.instant(jour_de(date(2026, 3, 29)), 2, 30)
    assert datetime.fromtimestamp(saute, ZoneInfo("Europe/Paris")).isoformat() == "2026-03-29T03:30:00+02:00"
    double = paris.instant(jour_de(date(2026, 10, 25)), 2, 30)
    assert datetime.fromtimestamp(double, ZoneInfo("Europe/Paris")).isoformat() == "2026-10-25T02:30:00+02:00"


def test_overseas_days_are_not_those_of_paris() -> None:
    ts = int(datetime(2026, 11, 3, 21, 30, tzinfo=UTC).timestamp())
    jours = {nom: (date_de(fuseau(nom).jour(ts)).day, fuseau(nom).heure(ts)) for nom in NOMS}
    assert jours == {
        "Europe/Paris": (3, 22), "Indian/Reunion": (4, 1), "Indian/Mayotte": (4, 0), "America/Martinique": (3, 17),
        "America/Guadeloupe": (3, 17), "America/Cayenne": (3, 18),
    }  # fmt: skip


def test_caches_stay_bounded_and_right(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(heure_locale, "_QUARTS_GARDES", 8)
    monkeypatch.setattr(heure_locale, "_MINUITS_GARDES", 8)
    paris, temoin = Fuseau("Europe/Paris"), fuseau("Europe/Paris")
    for ts in range(DEBUT, DEBUT + 40 * 86_400, 5_000):
        assert paris.jour(ts) == temoin.jour(ts)
        assert paris.minuit(paris.jour(ts)) == temoin.minuit(temoin.jour(ts))
    assert len(paris._decalages) <= 8
    assert len(paris._minuits) <= 8


def test_one_zone_is_one_object() -> None:
    assert fuseau("Europe/Paris") is fuseau("Europe/Paris")
