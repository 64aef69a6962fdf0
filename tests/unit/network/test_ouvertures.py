from copy import deepcopy
from datetime import date, datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shared.network.calendrier import FIN, PREMIER_JOUR, Calendrier, HorsCalendrier
from shared.network.heure_locale import fuseau
from shared.network.jours import jour_de
from shared.network.lecture import lire_donnees
from shared.network.ouvertures import Horaires, Ouvertures, horaires_de, ouvertures_de
from shared.network.reseau import charger

H = 3_600
RESEAU = charger()
PARIS = ouvertures_de(RESEAU.caisse("cpam-75"))
REUNION = ouvertures_de(RESEAU.caisse("cgss-974"))
DOCUMENT = lire_donnees("ouvertures.yaml")


def t(texte: str, zone: str = "Europe/Paris") -> int:
    return int(datetime.fromisoformat(texte).replace(tzinfo=ZoneInfo(zone)).timestamp())


def ouvertures(semaine: dict[int, tuple[tuple[int, int], ...]], fermetures: frozenset[int] = frozenset()) -> Ouvertures:
    horaires = Horaires(tuple(semaine.get(jour, ()) for jour in range(7)), fermetures, False)
    return Ouvertures(fuseau("Europe/Paris"), Calendrier("Métropole", fermetures), horaires)


NUIT = ouvertures({6: ((60, 240),), 0: ((0, 1_440),)})
"""Open on Sundays from 01:00 to 04:00, across clock changes, and on Mondays all day long."""


class TestHeuresOuvrees:
    def test_a_weekend_is_16_working_day_hours_and_64_calendar_ones(self) -> None:
        vendredi, lundi = t("2026-11-06 17:00"), t("2026-11-09 09:00")
        assert lundi - vendredi == 64 * H
        assert PARIS.heures_ouvrees(vendredi, lundi) == 16 * H
        assert PARIS.calendrier.ouvres_entre(jour_de(date(2026, 11, 6)), jour_de(date(2026, 11, 9))) == 1

    def test_a_clock_change_on_sunday_does_not_count(self) -> None:
        for vendredi, lundi, calendaires in (
            ("2026-03-27 17:00", "2026-03-30 09:00", 63),
            ("2026-10-23 17:00", "2026-10-26 09:00", 65),
        ):
            assert t(lundi) - t(vendredi) == calendaires * H
            assert PARIS.heures_ouvrees(t(vendredi), t(lundi)) == 16 * H

    def test_24_hours_across_the_spring_change_are_24_hours(self) -> None:
        samedi, dimanche = t("2026-03-28 12:00"), t("2026-03-29 13:00")
        assert dimanche - samedi == 24 * H
        assert PARIS.heures_ouvrees(samedi, dimanche) == 0

    def test_a_holiday_does_not_count_where_it_is_one(self) -> None:
        avant, apres = t("2026-12-24 12:00"), t("2026-12-28 12:00")
        alsace = ouvertures_de(RESEAU.caisse("cpam-67"))
        assert PARIS.heures_ouvrees(avant, apres) == alsace.heures_ouvrees(avant, apres) == 24 * H
        avant, apres = t("2025-12-24 12:00"), t("2025-12-29 12:00")
        assert PARIS.heures_ouvrees(avant, apres) == 48 * H
        assert alsace.heures_ouvrees(avant, apres) == 24 * H

    def test_the_night_is_the_caisse_s_own(self) -> None:
        zone = "Indian/Reunion"
        vendredi, samedi = t("2026-11-06 22:00", zone), t("2026-11-07 03:00", zone)
        assert REUNION.heures_ouvrees(vendredi, samedi) == 2 * H
        assert PARIS.heures_ouvrees(vendredi, samedi) == 5 * H

    def test_the_same_weekend_day_counts_nothing(self) -> None:
        assert PARIS.heures_ouvrees(t("2026-11-07 09:00"), t("2026-11-07 18:00")) == 0

    def test_the_same_working_day_counts_all(self) -> None:
        assert PARIS.heures_ouvrees(t("2026-11-06 09:00"), t("2026-11-06 18:00")) == 9 * H

    @settings(max_examples=60)
    @given(
        ouverture=st.sampled_from([PARIS, REUNION, ouvertures_de(RESEAU.caisse("cgss-973"))]),
        debut=st.integers(t("2010-01-01 00:00") // 900, t("2030-01-01 00:00") // 900),
        quarts=st.integers(0, 12 * 96),
    )
    def test_it_is_the_count_of_quarters_whose_local_day_is_worked(
        self, ouverture: Ouvertures, debut: int, quarts: int
    ) -> None:
        zone = ZoneInfo(ouverture.fuseau.nom)
        ouvres = sum(
            ouverture.calendrier.est_ouvre(jour_de(datetime.fromtimestamp(900 * (debut + i), zone).date()))
            for i in range(quarts)
        )
        assert ouverture.heures_ouvrees(900 * debut, 900 * (debut + quarts)) == 900 * ouvres

    @given(
        t1=st.integers(t("2006-01-01 00:00"), t("2035-01-01 00:00")),
        secondes=st.integers(0, 40 * 24 * H),
        attente=st.integers(0, 60 * 24 * H),
    )
    def test_an_answer_is_in_time_until_the_deadline_and_not_after(self, t1: int, secondes: int, attente: int) -> None:
        echeance = PARIS.echeance_ouvree(t1, secondes)
        assert PARIS.heures_ouvrees(t1, echeance) == secondes
        assert (PARIS.heures_ouvrees(t1, t1 + attente) <= secondes) == (t1 + attente <= echeance)

    @given(st.lists(st.integers(t("2006-01-01 00:00"), t("2035-01-01 00:00")), min_size=3, max_size=3))
    def test_it_adds_up_and_reverses(self, instants: list[int]) -> None:
        a, b, c = instants
        entre = PARIS.heures_ouvrees
        assert entre(a, b) + entre(b, c) == entre(a, c)
        assert entre(a, b) == -entre(b, a)

    def test_48_hours_from_friday_afternoon_end_on_tuesday(self) -> None:
        assert PARIS.echeance_ouvree(t("2026-11-06 17:00"), 48 * H) == t("2026-11-10 17:00")
        assert PARIS.echeance_ouvree(t("2026-11-09 17:00"), 48 * H) == t("2026-11-12 17:00")  # the 11th is a holiday

    def test_a_deadline_at_midnight_on_friday_holds_until_monday_begins(self) -> None:
        assert PARIS.echeance_ouvree(t("2026-11-06 00:00"), 24 * H) == t("2026-11-09 00:00")

    @pytest.mark.parametrize("jour", [PREMIER_JOUR - 1, FIN])
    def test_an_instant_outside_the_calendar_is_refused(self, jour: int) -> None:
        dehors, dedans = jour * 86_400 + 43_200, t("2026-11-06 17:00")
        for t1, t2 in ((dehors, dedans), (dedans, dehors), (dehors, dehors)):
            with pytest.raises(HorsCalendrier):
                PARIS.heures_ouvrees(t1, t2)
        with pytest.raises(HorsCalendrier):
            PARIS.echeance_ouvree(dehors, 0)

    def test_a_deadline_beyond_the_calendar_is_refused(self) -> None:
        with pytest.raises(HorsCalendrier):
            PARIS.echeance_ouvree(t("2045-12-28 12:00"), 30 * 24 * H)


class TestOuvertures:
    def test_by_default_a_caisse_is_open_from_8_30_to_17_30_and_it_is_an_assumption(self) -> None:
        assert PARIS.horaires.hypothese
        heures = ("08:29:59", "08:30", "12:30", "17:29:59", "17:30")
        assert [PARIS.ouvert(t(f"2026-11-06 {h}")) for h in heures] == [False, True, True, True, False]

    @pytest.mark.parametrize("jour", ["2026-11-07", "2026-11-08", "2026-11-11"])
    def test_it_is_closed_on_week_ends_and_holidays(self, jour: str) -> None:
        assert not PARIS.ouvert(t(f"{jour} 10:00"))
        assert PARIS.secondes_ouvertes(t(f"{jour} 00:00"), t(f"{jour} 23:59")) == 0

    def test_opening_hours_are_local(self) -> None:
        assert REUNION.ouvert(t("2026-11-06 09:00", "Indian/Reunion"))
        assert not PARIS.ouvert(t("2026-11-06 09:00", "Indian/Reunion"))

    def test_several_periods_a_day_leave_the_pause_out(self) -> None:
        blois = ouvertures({4: ((510, 720), (810, 1_050)), 5: ((540, 720),)})
        assert not blois.ouvert(t("2026-11-06 12:30"))
        assert blois.ouvert(t("2026-11-07 11:00"))
        assert blois.secondes_ouvertes(t("2026-11-06 11:00"), t("2026-11-07 10:00")) == (1 + 4 + 1) * H

    def test_an_exceptional_closure_closes(self) -> None:
        ferme = ouvertures({4: ((510, 1_050),)}, frozenset({jour_de(date(2026, 11, 6))}))
        assert not ferme.ouvert(t("2026-11-06 10:00"))
        assert ferme.ouvert(t("2026-11-13 10:00"))
        assert ferme.heures_ouvrees(t("2026-11-05 12:00"), t("2026-11-09 12:00")) == 24 * H

    def test_clock_changes_shorten_and_lengthen_a_period(self) -> None:
        assert NUIT.secondes_ouvertes(t("2026-03-29 00:00"), t("2026-03-29 12:00")) == 2 * H
        assert NUIT.secondes_ouvertes(t("2026-10-25 00:00"), t("2026-10-25 12:00")) == 4 * H

    def test_a_period_may_end_at_midnight(self) -> None:
        assert NUIT.secondes_ouvertes(t("2026-11-09 00:00"), t("2026-11-10 00:00")) == 24 * H
        assert NUIT.ouvert(t("2026-11-09 23:59:59"))
        assert not NUIT.ouvert(t("2026-11-10 00:00"))

    @settings(max_examples=40)
    @given(
        debut=st.integers(t("2026-03-20 00:00") // 900, t("2026-11-20 00:00") // 900),
        quarts=st.integers(-8 * 96, 8 * 96),
    )
    def test_opening_seconds_are_the_count_of_open_quarters(self, debut: int, quarts: int) -> None:
        for ouverture in (PARIS, NUIT):
            ouverts = sum(ouverture.ouvert(900 * (debut + i)) for i in range(quarts))
            ouverts -= sum(ouverture.ouvert(900 * (debut + i)) for i in range(quarts, 0))
            assert ouverture.secondes_ouvertes(900 * debut, 900 * (debut + quarts)) == 900 * ouverts


class TestDonnees:
    def test_every_caisse_has_opening_hours(self) -> None:
        assert all(ouvertures_de(c).horaires.semaine[0] for c in RESEAU.caisses)
        assert ouvertures_de(RESEAU.caisse("cpam-75")) is PARIS

    def test_a_caisse_may_depart_from_the_default(self) -> None:
        document = deepcopy(DOCUMENT)
        document["caisses"]["cpam-41"] = {
            "hypothese": False,
            "semaine": {"lundi": ["08:30-12:00", "13:30-17:30"]},
            "fermetures": [date(2026, 5, 15)],
        }
        horaires = horaires_de(document, RESEAU.par_slug)
        assert horaires["cpam-41"].semaine == (((510, 720), (810, 1_050)), (), (), (), (), (), ())
        assert horaires["cpam-41"].fermetures == {jour_de(date(2026, 5, 15))}
        assert not horaires["cpam-41"].hypothese
        assert horaires["cpam-75"].hypothese

    @pytest.mark.parametrize(
        ("caisse", "semaine", "message"),
        [
            ("cpam-41", {"lundi": ["8h30-17h30"]}, "HH:MM-HH:MM"),
            ("cpam-41", {"lundi": ["13:30-17:30", "08:30-12:00"]}, "dans l'ordre"),
            ("cpam-41", {"lundi": ["08:30-12:00", "11:00-17:30"]}, "sans chevauchement"),
            ("cpam-41", {"lundi": ["17:30-08:30"]}, "dans l'ordre"),
            ("cpam-41", {"lundi": ["08:30-25:00"]}, "HH:MM-HH:MM"),
            ("cpam-41", {"monday": ["08:30-12:00"]}, "jours inconnus monday"),
            ("cpam-00", {}, "caisses inconnues : cpam-00"),
        ],
    )
    def test_opening_hours_that_cannot_be_are_refused(self, caisse: str, semaine: dict, message: str) -> None:
        document = {**DOCUMENT, "caisses": {caisse: {"semaine": semaine}}}
        with pytest.raises(ValueError, match=message):
            horaires_de(document, RESEAU.par_slug)
