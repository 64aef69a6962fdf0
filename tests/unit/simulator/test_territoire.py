from datetime import date

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.network.calendrier import calendrier_de
from shared.network.jours import jour_de
from simulator.parametres import PROCESSUS, configurer
from simulator.qualite import Terrain
from simulator.territoire import JOUR, OUVERTURE, SERVICE, Territoire, repartir


@pytest.fixture(scope="module")
def territoire() -> Territoire:
    return Territoire(date(2026, 1, 1), date(2026, 12, 31), configurer(date(2026, 11, 1)).population.milliers)


@given(
    total=st.integers(0, 10**9),
    poids=st.lists(st.floats(0.01, 1e4), min_size=1, max_size=120),
)
def test_parts_add_up_to_the_total_and_stay_within_one_of_their_share(total: int, poids: list[float]) -> None:
    parts = repartir(total, poids)
    assert sum(parts) == total
    assert all(abs(n - total * p / sum(poids)) < 1 + 1e-6 for n, p in zip(parts, poids, strict=True))


def test_every_caisse_of_the_network_has_a_size_and_shares_add_up_to_the_national_volumes() -> None:
    config = configurer(date(2026, 11, 1), incidents=())
    t = Territoire(date(2026, 1, 1), date(2026, 12, 31), config.population.milliers)
    terrain = Terrain(config, t)
    assert len(t.caisses) == 107
    for processus in PROCESSUS:
        assert terrain.volumes[processus].sum() == config.volumes.processus[processus].volume
        assert (terrain.volumes[processus] > 0).all()
        # The days of a civil year share out the whole volume of each caisse.
        assert terrain.poids(processus)[:, :365].sum(axis=1) == pytest.approx(np.ones(107))


def test_open_days_are_those_of_each_caisse_own_calendar(territoire: Territoire) -> None:
    for rang, caisse in enumerate(territoire.caisses):
        calendrier = calendrier_de(caisse)
        ouvres = [calendrier.est_ouvre(jour_de(territoire.date(j))) for j in range(territoire.jours)]
        assert territoire.ouvert[rang].tolist() == ouvres


def test_closed_days_have_no_weight_except_for_mail_that_comes_every_day(territoire: Territoire) -> None:
    volumes = configurer(date(2026, 11, 1)).volumes.processus
    for processus, volume in volumes.items():
        poids = territoire.poids(volume.saison, volume.semaine)
        assert (poids[~territoire.ouvert] > 0).all() == (processus == "courriel")


def test_work_done_and_its_instant_are_inverse_within_open_hours(territoire: Territoire) -> None:
    rng = np.random.default_rng(3)
    caisse = rng.integers(0, 107, 5_000)
    jour = rng.integers(0, 365, 5_000)
    ouvert = territoire.ouvert[caisse, jour]
    instant = territoire.local(jour) + OUVERTURE + rng.integers(0, SERVICE, 5_000)
    retour = territoire.ouvrir(caisse, instant)
    assert (retour[ouvert] == instant[ouvert]).all()
    suivant = retour[~ouvert & (jour < 360)]
    assert (suivant % JOUR == OUVERTURE).all()
    assert (suivant > instant[~ouvert & (jour < 360)]).all()


def test_overseas_instants_carry_their_own_offset(territoire: Territoire) -> None:
    midi = np.array([int(territoire.local(territoire.jour(date(2026, 7, 1)))) + 12 * 3600])
    for slug, heures in (("cpam-75", 2), ("cgss-974", 4), ("cgss-972", -4), ("cgss-973", -3)):
        utc = territoire.utc(np.array([territoire.rangs[slug]]), midi)
        assert midi[0] - utc[0] == heures * 3600
