from datetime import date

import msgspec
import numpy as np
import pytest

from simulator.parametres import Config, Incident, configurer
from simulator.qualite import Terrain
from simulator.simulation import Simulation
from simulator.telephone import Plateformes
from simulator.territoire import Territoire

FIN = date(2026, 11, 1)


def taux_annuel(config: Config) -> float:
    """Décroché of the civil year 2026, all calls of the network, without surges."""
    t = Territoire(date(2026, 1, 1), date(2026, 12, 31), config.population.milliers)
    terrain = Terrain(config, t)
    plateformes = Plateformes(terrain)
    profil = np.array(config.telephone.profil) / sum(config.telephone.profil)
    decroches = appels = 0.0
    for jour in range(365):
        attendus = terrain.attendus("appel", jour)
        taux, _ = plateformes.taux(jour, np.ones(107))
        decroches += float((attendus[:, None] * profil * taux).sum())
        appels += float(attendus.sum())
    return decroches / appels


@pytest.mark.parametrize(
    ("appels", "etp", "attendu"),
    [(22_200_000, 3_246, 0.903), (26_700_000, 3_301, 0.857)],
    ids=["2016", "2015"],
)
def test_decroche_meets_the_published_rate_of_each_year_s_load(appels: int, etp: int, attendu: float) -> None:
    config = configurer(FIN, incidents=())
    appel = msgspec.structs.replace(config.volumes.processus["appel"], volume=appels)
    volumes = msgspec.structs.replace(config.volumes, processus={**config.volumes.processus, "appel": appel})
    telephone = msgspec.structs.replace(config.telephone, etp=etp)
    assert taux_annuel(msgspec.structs.replace(config, volumes=volumes, telephone=telephone)) == pytest.approx(
        attendu, abs=0.01
    )


def test_fewer_advisers_answer_fewer_calls_only_where_and_when_they_are_missing() -> None:
    incident = Incident(
        processus="appel", caisse="cpam-31", du="2026-10-12", au="2026-10-16", effet="effectif", facteur=0.5
    )
    simulation = Simulation(configurer(FIN, mois=1, incidents=(incident,)))
    temoin = Simulation(configurer(FIN, mois=1, incidents=()))
    t = simulation.territoire
    toulouse = t.rangs["cpam-31"]
    pendant, apres = t.jour(date(2026, 10, 14)), t.jour(date(2026, 10, 21))
    choc = np.ones(107)
    avec, _ = Plateformes(simulation.terrain).taux(pendant, choc)
    sans, _ = Plateformes(temoin.terrain).taux(pendant, choc)
    assert avec[toulouse].mean() < sans[toulouse].mean() - 0.2
    autres = np.arange(107) != toulouse
    assert np.array_equal(avec[autres], sans[autres])
    assert np.array_equal(
        Plateformes(simulation.terrain).taux(apres, choc)[0], Plateformes(temoin.terrain).taux(apres, choc)[0]
    )


def test_mondays_are_busier_and_answer_less() -> None:
    simulation = Simulation(configurer(FIN, mois=1, incidents=()))
    plateformes, t = Plateformes(simulation.terrain), simulation.territoire
    lundi, charge_lundi = plateformes.taux(t.jour(date(2026, 10, 12)), np.ones(107))
    jeudi, charge_jeudi = plateformes.taux(t.jour(date(2026, 10, 15)), np.ones(107))
    assert charge_lundi.mean() == pytest.approx(charge_jeudi.mean() * 1.1198 / 0.9460)
    assert lundi.mean() < jeudi.mean()
