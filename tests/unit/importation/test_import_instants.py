"""Times are read as strptime would, placed in their zone, and carried over midnight."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vigie.importation.instants import lecteur, motif_complet, reporter

PARIS = ZoneInfo("Europe/Paris")
MOTIFS = ["%y%m%d %H:%M:%S", "%Y-%m-%dT%H:%M", "%d/%m/%Y", "%Y%m%d%H%M%S", "%m.%d.%Y  %H h %M", "%d/%m/%Y 100%%"]


@given(st.sampled_from(MOTIFS), st.datetimes(datetime(1969, 1, 1), datetime(2068, 12, 31)))
def test_the_compiled_reader_agrees_with_strptime(motif: str, moment: datetime) -> None:
    texte = moment.strftime(motif)
    attendu = datetime.strptime(texte, motif)
    assert lecteur(motif, PARIS)(texte).replace(tzinfo=None) == attendu


@given(st.sampled_from(MOTIFS), st.text("0123456789 /:-.Thé%", max_size=22))
def test_the_compiled_reader_refuses_what_strptime_refuses(motif: str, texte: str) -> None:
    try:
        attendu = datetime.strptime(texte, motif)
    except ValueError:
        attendu = None
    if attendu is None:
        with pytest.raises(ValueError):
            lecteur(motif, PARIS)(texte)
    else:
        assert lecteur(motif, PARIS)(texte).replace(tzinfo=None) == attendu


@pytest.mark.parametrize(
    ("format_", "texte", "instant"),
    [
        ("iso8601", "2026-01-15T09:00:00", "2026-01-15T08:00:00+00:00"),
        ("iso8601", "2026-07-15 09:00", "2026-07-15T07:00:00+00:00"),
        ("iso8601", "2011-10-11T13:45:40.276+02:00", "2011-10-11T11:45:40.276000+00:00"),
        ("iso8601", "2011-10-11T11:45:40Z", "2011-10-11T11:45:40+00:00"),
        ("iso8601", "2026-01-15", "2026-01-14T23:00:00+00:00"),
        ("iso8601", "1999-01-01T00:00:00+00:00:30", "1998-12-31T23:59:30+00:00"),
        ("epoch", "1366720340", "2013-04-23T12:32:20+00:00"),
        ("epoch", "1366720340.25", "2013-04-23T12:32:20.250000+00:00"),
        ("%d %b %Y %I:%M %p", "03 Jul 2026 02:05 PM", "2026-07-03T12:05:00+00:00"),
        ("%d/%m/%Y %H:%M %z", "03/07/2026 14:05 -0400", "2026-07-03T18:05:00+00:00"),
    ],
)
def test_a_time_is_in_its_own_offset_or_in_the_zone_of_the_mapping(format_: str, texte: str, instant: str) -> None:
    assert lecteur(format_, PARIS)(texte).astimezone(UTC).isoformat() == instant


def test_an_ambiguous_local_time_is_its_first_occurrence() -> None:
    assert lecteur("iso8601", PARIS)("2026-10-25T02:30:00").utcoffset() == timedelta(hours=2)


def test_a_skipped_local_time_is_shifted_an_hour_on() -> None:
    shifted = lecteur("iso8601", PARIS)("2026-03-29T02:30:00").astimezone(UTC)
    assert shifted == datetime(2026, 3, 29, 3, 30, tzinfo=PARIS).astimezone(UTC)


@pytest.mark.parametrize("texte", ["", "hier", "2026-02-30", "25:00", "1e9", "nan", "-5", "٣٣٣", "1366720340999"])
@pytest.mark.parametrize("format_", ["iso8601", "epoch", "%y%m%d %H:%M:%S"])
def test_a_text_that_is_no_time_raises_value_error(format_: str, texte: str) -> None:
    with pytest.raises(ValueError):
        lecteur(format_, PARIS)(texte)


@pytest.mark.parametrize(
    ("motif", "complet"),
    [("%d/%m/%Y", True), ("%y%m%d %H:%M:%S", True), ("%Y-%j", True), ("%H:%M", False), ("%d/%m", False), ("%", False)],
)
def test_a_pattern_must_tell_the_whole_date(motif: str, complet: bool) -> None:
    assert motif_complet(motif) is complet


JOUR = frozenset({"date", "debut"})


@pytest.mark.parametrize(
    ("heure", "lendemain"),
    [("23:59:50", False), ("23:50:00", False), ("12:00:00", False), ("11:59:27", True), ("0:00:03", True)],
)
def test_a_time_of_day_rolls_over_only_when_it_goes_back_more_than_twelve_hours(heure: str, lendemain: bool) -> None:
    lire = lecteur("%y%m%d %H:%M:%S", PARIS)
    avant, moment = lire("990109 23:59:28"), lire(f"990109 {heure}")
    reporte = reporter(moment, frozenset({"date", "fin"}), [(JOUR, avant)])
    assert reporte - moment == timedelta(days=lendemain)


def test_times_on_days_of_their_own_never_roll_over() -> None:
    lire = lecteur("%y%m%d %H:%M:%S", PARIS)
    avant, moment = lire("990109 23:59:28"), lire("990109 0:00:03")
    assert reporter(moment, frozenset({"date_fin", "fin"}), [(JOUR, avant)]) == moment
