"""Rules of delivery: the schedule of tries, dead letters, webhooks set aside, reminders, states."""

import uuid
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address, ip_network

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.alerts.notifications import jeton
from services.alerts.notifications.domain import (
    DESACTIVATION,
    REPRISE,
    Resultat,
    SanteWebhook,
    etat_notification,
    rangs_a_relancer,
    recul,
    sante_apres,
    suite,
)  # fmt: skip
from services.alerts.notifications.garde import est_autorisee, est_publique

LE = datetime(2026, 3, 2, 9, tzinfo=UTC)
ECHEC = Resultat("passager", "non")


@given(st.integers(min_value=1, max_value=10**9).map(str))
def test_the_tries_always_go_on_for_more_than_two_days_and_less_than_five(identifiant: str) -> None:
    duree = sum((recul(identifiant, t) for t in range(1, REPRISE.tentatives_max)), timedelta())
    assert timedelta(days=2) < duree < timedelta(days=5)


@given(st.text(max_size=20), st.integers(min_value=1, max_value=30))
def test_each_wait_is_that_of_the_schedule_give_or_take_a_quarter(identifiant: str, tentative: int) -> None:
    juste = timedelta(seconds=min(30 * 3 ** (tentative - 1), 8 * 3_600))
    assert 0.75 * juste <= recul(identifiant, tentative) <= 1.25 * juste


def test_the_jitter_spreads_the_livraisons_of_one_morning() -> None:
    attentes = [recul(str(i), 7).total_seconds() for i in range(200)]
    assert len(set(attentes)) == 200
    assert max(attentes) - min(attentes) > 0.4 * recul("x", 7).total_seconds()


def test_a_failure_that_may_pass_is_tried_again_and_one_for_good_is_not() -> None:
    assert suite("1", 1, ECHEC, LE).etat == "a_envoyer"
    assert suite("1", REPRISE.tentatives_max, ECHEC, LE) == suite("1", 1, Resultat("definitif", "non"), LE)
    assert suite("1", 3, Resultat("remise", "oui"), LE).etat == "remise"


def test_the_wish_of_the_receiver_lengthens_the_wait_up_to_a_bound() -> None:
    une_heure = suite("1", 1, Resultat("passager", "503", attendre=timedelta(hours=1)), LE)
    un_an = suite("1", 1, Resultat("passager", "503", attendre=timedelta(days=365)), LE)
    rien = suite("1", 12, Resultat("passager", "503", attendre=timedelta(seconds=1)), LE)
    assert une_heure.prochain == LE + timedelta(hours=1)
    assert un_an.prochain == LE + REPRISE.plafond
    assert rien.prochain is not None
    assert rien.prochain > LE + timedelta(hours=5)


def test_a_webhook_is_set_aside_after_lasting_failure_only_and_once() -> None:
    sante = sante_apres(SanteWebhook(), ECHEC, LE)
    sante = sante_apres(sante, ECHEC, LE + timedelta(days=1))
    assert sante.desactive_le is None
    sante = sante_apres(sante, ECHEC, LE + DESACTIVATION)
    assert sante.desactive_le == LE + DESACTIVATION
    assert sante_apres(sante, ECHEC, LE + timedelta(days=9)) == sante
    assert sante_apres(sante, Resultat("remise", "200"), LE + timedelta(days=9)) == SanteWebhook()


def test_reminders_turn_to_the_second_contact_and_end() -> None:
    assert [rangs_a_relancer(i, {1, 2}) for i in range(4)] == [(1, 2), (1, 2), (1, 2), ()]
    assert [rangs_a_relancer(i, {1}) for i in range(4)] == [(1,), (1,), (1,), ()]


def test_the_state_of_a_notification_is_the_best_of_its_ways_and_acknowledged_above_all() -> None:
    assert etat_notification(["echec", "a_envoyer"], accusee=False) == "a_envoyer"
    assert etat_notification(["envoyee", "remise"], accusee=False) == "remise"
    assert etat_notification(["echec"], accusee=False) == "echec"
    assert etat_notification([], accusee=False) == "remise"
    assert etat_notification(["echec"], accusee=True) == "accusee"


@given(st.uuids(), st.integers(min_value=0, max_value=33), st.integers(min_value=0, max_value=255))
def test_a_link_changed_anywhere_is_refused(identite: uuid.UUID, place: int, octet: int) -> None:
    bon = jeton.ecrire(b"k" * 32, identite, LE)
    assert jeton.lire(b"k" * 32, bon, LE) == identite
    autre = bon[:place] + "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdef"[octet % 32] + bon[place + 1 :]
    if autre != bon:
        with pytest.raises(jeton.JetonInvalide):
            jeton.lire(b"k" * 32, autre, LE)
    with pytest.raises(jeton.JetonExpire):
        jeton.lire(b"k" * 32, bon, LE + timedelta(seconds=1))


@pytest.mark.parametrize(
    "adresse",
    [
        "127.0.0.1", "10.0.0.1", "172.16.5.4", "192.168.1.1", "169.254.169.254", "0.0.0.0", "100.64.0.1",
        "224.0.0.1", "255.255.255.255", "192.0.2.1", "198.18.0.1", "::1", "::", "fe80::1", "fc00::1", "fec0::1",
        "::ffff:127.0.0.1", "::ffff:169.254.169.254", "2002:7f00:1::", "64:ff9b::a00:1", "2001:db8::1", "ff02::1",
        "2001:0:4136:e378:8000:63bf:3fff:fdd2",
    ],
)  # fmt: skip
def test_addresses_that_are_not_of_the_public_internet_are_refused(adresse: str) -> None:
    assert not est_publique(ip_address(adresse))


@pytest.mark.parametrize("adresse", ["8.8.8.8", "193.252.19.3", "2001:4860:4860::8888", "::ffff:8.8.8.8"])
def test_public_addresses_are_not(adresse: str) -> None:
    assert est_publique(ip_address(adresse))


def test_the_settings_open_a_network_by_any_writing_of_its_addresses() -> None:
    reseaux = (ip_network("10.1.0.0/16"),)
    assert est_autorisee(ip_address("10.1.2.3"), reseaux)
    assert est_autorisee(ip_address("::ffff:10.1.2.3"), reseaux)
    assert not est_autorisee(ip_address("10.2.0.1"), reseaux)
