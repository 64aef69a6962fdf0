"""Dates: RFC 3339 with their offset, within the possible."""

from datetime import UTC, datetime, timedelta, timezone
from fractions import Fraction
from math import floor
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.events.instants import EPOQUE_MAX, EPOQUE_MIN, instant_de
from shared.network.calendrier import FIN, PREMIER_JOUR
from shared.network.jours import jour_de
from shared.network.reseau import charger
from tests.unit.events.atelier import HIER, Refuser

ILLISIBLES = [
    "hier",
    "",
    "2026-11-03",
    "2026-11-03T09:12:44",
    "2026-11-03T09:12:44.5",
    "2026-11-03T09:12+01:00",
    "2026-11-03 09:12:44+01:00",
    "2026-11-03T09:12:44+0100",
    "2026-11-03T24:00:00Z",
    "2026-11-03T09:12:60Z",
    "2026-02-30T09:12:44Z",
    "2026-13-01T09:12:44Z",
    "0000-01-01T00:00:00Z",
    "2026-11-03T09:12:44Z\n",
    " 2026-11-03T09:12:44Z",
    "2026-11-03T09:12:44+24:00",
    "２026-11-03T09:12:44Z",
    "20261103T091244Z",
    "2026-W45-2T09:12:44Z",
    "\x00",
]


@pytest.mark.parametrize("date", ILLISIBLES)
def test_a_date_that_is_not_rfc_3339_with_its_offset_is_refused(refuser: Refuser, date: str) -> None:
    refus = refuser(time=date)
    assert (refus.raison, refus.champ) == ("date_invalide", "time")
    assert refuser(recordedtime=date).champ == "recordedtime"
    jalons = {"jalons": {"presente": HIER, "termine": date}}
    refus = refuser(type="vigie.appel.dossier.v1", data=jalons)
    assert (refus.raison, refus.champ) == ("date_invalide", "data.jalons.termine")


@pytest.mark.parametrize("date", [5, True, [HIER], {"a": HIER}, 1.5, [5], [[]]])
def test_a_milestone_that_is_not_a_text_is_refused(refuser: Refuser, date: Any) -> None:
    for jalon in ("recue", "incomplete"):
        if jalon == "recue" or date != [HIER]:
            refus = refuser(type="vigie.cmuc_acs.dossier.v1", data={"jalons": {jalon: date}})
            assert (refus.raison, refus.champ) == ("date_invalide", f"data.jalons.{jalon}")


def test_a_naive_date_is_told_its_offset_is_missing(refuser: Refuser) -> None:
    assert "décalage" in refuser(time="2026-11-03T09:12:44").message


@pytest.mark.parametrize(
    "date", ["1994-12-31T23:59:59Z", "0001-01-01T00:00:00+23:59", "2027-12-09T00:00:00Z", "9999-12-31T23:59:59-23:59"]
)
def test_a_date_out_of_the_possible_is_refused(refuser: Refuser, date: str) -> None:
    for corps in (
        {"time": date},
        {"type": "vigie.appel.dossier.v1", "data": {"jalons": {"presente": date}}},
        {"type": "vigie.cmuc_acs.dossier.v1", "data": {"jalons": {"incomplete": [HIER, date]}}},
    ):
        assert refuser(**corps).raison == "date_absurde"


@pytest.mark.parametrize("date", ["9999-12-31T23:59:59Z", "2045-01-01T00:00:01Z", "1970-01-01T00:00:00Z"])
def test_a_recordedtime_out_of_the_calendars_does_not_open_the_future(refuser: Refuser, date: str) -> None:
    refus = refuser(recordedtime=date, time="2044-06-01T00:00:00Z")
    assert (refus.raison, refus.champ) == ("date_absurde", "recordedtime")


@pytest.mark.parametrize("fuseau", sorted({c.fuseau for c in charger().caisses}))
def test_every_date_taken_is_a_day_that_the_calendars_know_where_the_caisse_is(fuseau: str) -> None:
    premier, dernier = (datetime.fromtimestamp(s, ZoneInfo(fuseau)).date() for s in (EPOQUE_MIN, EPOQUE_MAX))
    assert jour_de(premier) >= PREMIER_JOUR
    assert jour_de(dernier) + 365 <= FIN


@given(
    instant=st.datetimes(datetime(1995, 1, 3), datetime(2044, 12, 30)),
    decalage=st.integers(-1439, 1439),
    fraction=st.integers(0, 10**9 - 1) | st.none(),
    minuscules=st.booleans(),
)
def test_a_date_is_its_unix_second_fraction_dropped(
    instant: datetime, decalage: int, fraction: int | None, minuscules: bool
) -> None:
    zone = timezone(timedelta(minutes=decalage))
    entier = instant.replace(microsecond=0, tzinfo=zone)
    texte = entier.isoformat() if decalage or not minuscules else entier.isoformat().replace("+00:00", "Z")
    if fraction is not None:
        texte = f"{texte[:19]}.{fraction:09d}{texte[19:]}"
    attendu = floor(Fraction(int((entier - datetime(1970, 1, 1, tzinfo=UTC)).total_seconds())))
    for _ in range(2):  # parsed, then remembered
        assert instant_de(texte.lower() if minuscules else texte, "time", EPOQUE_MAX) == attendu
