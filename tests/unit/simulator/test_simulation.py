from collections import Counter, defaultdict
from datetime import UTC, date, datetime, timedelta
from hashlib import sha256
from itertools import pairwise

import msgspec
import pytest

from shared.clock import SimulatedClock
from simulator.parametres import PROCESSUS, Aleas, Config, Incident, configurer
from simulator.simulation import PARIS, Journee, Simulation, derouler, flux_direct, journees

FIN = date(2026, 11, 1)
SANS_ALEAS = Aleas(tardifs=0, doublons=0, desordre=0, corrections=0, retraits=0)


def petite(graine: int = 1, **autres: object) -> Config:
    return configurer(FIN, graine=graine, mois=1, fraction=1_000, **autres)  # type: ignore[arg-type]


def condensat(config: Config) -> str:
    somme = sha256()
    for journee in journees(config):
        somme.update(b"\n".join([*journee.contacts, *journee.claims]))
    return somme.hexdigest()


def test_the_same_seed_gives_the_same_bytes_and_another_seed_others() -> None:
    assert condensat(petite(7)) == condensat(petite(7))
    assert condensat(petite(7)) != condensat(petite(8))


def test_each_day_of_the_replay_comes_once_in_order_and_ends_at_its_last_second() -> None:
    rendues = list(journees(petite()))
    assert [j.jour for j in rendues] == [date(2026, 10, 1) + timedelta(days=n) for n in range(31)]
    for journee in rendues:
        assert journee.fin.astimezone(PARIS).date() == journee.jour
        assert (journee.fin + timedelta(seconds=1)).astimezone(PARIS).date() == journee.jour + timedelta(days=1)


def test_without_disorder_events_leave_in_the_order_they_happen() -> None:
    simulation = Simulation(petite(aleas=SANS_ALEAS, incidents=()))
    premier = simulation.avancer()
    for _ in range(20):
        envois = simulation.avancer()
        instants = [e[0] for e in envois]
        assert instants == sorted(instants)
        faits = [datetime.fromisoformat(msgspec.json.decode(e[4])["time"]).timestamp() for e in envois]
        assert faits == instants
    assert any(e[0] > datetime.fromisoformat(msgspec.json.decode(e[4])["time"]).timestamp() for e in premier)


def test_the_stock_open_at_the_start_is_taken_up_in_the_first_hour() -> None:
    simulation = Simulation(petite())
    simulation.avancer()
    reprises = {p: n for (p, nature), n in simulation.bilan.items() if nature == "reprise"}
    assert reprises["ij"] > 30
    assert reprises["cmuc_acs"] > 20
    assert "appel" not in reprises
    simulation.avancer()
    assert sum(n for (_, nature), n in simulation.bilan.items() if nature == "reprise") == sum(reprises.values())


def test_volumes_drawn_are_the_national_ones_within_sampling_noise() -> None:
    config = configurer(FIN, mois=2, incidents=(), aleas=SANS_ALEAS)
    simulation = Simulation(config)
    debut, fin = simulation.territoire.jour(config.debut), simulation.territoire.jour(FIN)
    premiers = {
        "vigie.appel.dossier.v1",
        "vigie.courriel.recu.v1",
        "vigie.reclamation.recue.v1",
        "vigie.fse.recue.v1",
        "vigie.fsp.recue.v1",
        "vigie.cmuc_acs.recue.v1",
        "vigie.courrier.recu.v1",
        "vigie.accueil.dossier.v1",
        "vigie.ame.recue.v1",
        "vigie.carte_vitale.demandee.v1",
        "vigie.supervision.notee.v1",
        *(f"vigie.enquete.{note}.v1" for note in ("tres_satisfait", "satisfait", "peu_satisfait", "pas_satisfait")),
    }
    recus: Counter[str] = Counter()
    for journee in derouler(simulation):
        for ligne in journee.contacts + journee.claims:
            e = msgspec.json.decode(ligne)
            if e["type"] in premiers and datetime.fromisoformat(e["time"]).date() >= config.debut:
                issues = e["data"].get("jalons", {})
                if "hors_horaires" not in issues and "serveur_vocal" not in issues:
                    recus[e["type"].split(".")[1]] += e["data"].get("nombre", 1)
    for processus in set(PROCESSUS) - {"ij", "effectif"}:
        attendu = sum(simulation.terrain.attendus(processus, j).sum() for j in range(debut, fin))
        # Four standard deviations of a Poisson draw; calls also have a surge per caisse and day.
        assert recus[processus] == pytest.approx(attendu, abs=4 * attendu**0.5 + 0.003 * attendu)


def test_eight_months_at_one_percent_are_some_seven_hundred_thousand_events() -> None:
    total = sum(len(j.contacts) + len(j.claims) for j in journees(configurer(FIN)))
    assert 450_000 < total < 750_000


def test_late_repeated_corrected_and_withdrawn_events_come_in_the_shares_asked() -> None:
    simulation = Simulation(configurer(FIN, mois=1, incidents=()))
    for _ in derouler(simulation):
        pass
    natures: Counter[str] = Counter()
    for (_, nature), nombre in simulation.bilan.items():
        natures[nature] += nombre
    origine = natures["normal"] + natures["tardif"] + natures["desordre"]
    assert natures["tardif"] / origine == pytest.approx(0.01, rel=0.2)
    assert natures["doublon"] / origine == pytest.approx(0.01, rel=0.2)
    assert natures["desordre"] / origine == pytest.approx(0.005, rel=0.2)
    assert natures["correction"] / origine == pytest.approx(0.003, rel=0.3)
    assert natures["retrait"] / origine == pytest.approx(0.001, rel=0.4)
    assert natures["invalide"] == 0


def test_people_come_back_on_the_same_motive_within_days() -> None:
    contacts: defaultdict[tuple[str, str, str], int] = defaultdict(int)
    total = 0
    for journee in journees(configurer(FIN, mois=1, incidents=(), aleas=SANS_ALEAS)):
        for ligne in journee.contacts:
            e = msgspec.json.decode(ligne)
            if e["type"] in ("vigie.appel.dossier.v1", "vigie.courriel.recu.v1"):
                contacts[e["data"]["caisse"], e["data"]["assure"], e["data"]["motif"]] += 1
                total += 1
    assert 0.12 < (total - len(contacts)) / total < 0.30


async def suivre(
    vitesse: float, fin_heure: datetime, config: Config, simulation: Simulation | None = None
) -> list[Journee]:
    """The steps of the live flow on a clock that moves one second per wait, up to that simulated instant."""
    clock = SimulatedClock(datetime.combine(FIN, datetime.min.time(), tzinfo=PARIS))

    async def attendre(secondes: float) -> None:
        clock.advance_to(clock.now() + timedelta(seconds=secondes))

    pas: list[Journee] = []
    async for journee in flux_direct(config, clock, vitesse=vitesse, pas=1, simulation=simulation, attendre=attendre):
        pas.append(journee)
        if journee.fin >= fin_heure:
            break
    return pas


async def test_live_flow_goes_on_from_the_replay_at_the_speed_asked() -> None:
    config = petite(aleas=SANS_ALEAS, incidents=())
    fin = datetime(2026, 11, 3, 23, tzinfo=UTC)
    pas = await suivre(3_600, fin, config)
    assert len(pas) == 73
    lignes = [ligne for journee in pas for ligne in journee.contacts + journee.claims]
    reference = Simulation(config)
    for _ in derouler(reference):
        pass
    attendues = [e for _ in range(4) for e in reference.avancer()]
    assert sorted(lignes) == sorted(e[4] for e in attendues if e[0] <= fin.timestamp())
    for avant, apres in pairwise(pas):
        for ligne in apres.contacts + apres.claims:
            instant = datetime.fromisoformat(msgspec.json.decode(ligne)["time"])
            assert avant.fin < instant <= apres.fin


async def test_live_flow_does_not_depend_on_whose_replay_it_follows() -> None:
    config = petite()
    simulation = Simulation(config)
    for _ in derouler(simulation):
        pass
    fin = datetime(2026, 11, 2, 12, tzinfo=UTC)
    assert await suivre(3_600, fin, config, simulation) == await suivre(3_600, fin, config)


def test_a_silent_source_sends_nothing_then_everything() -> None:
    muette = Incident(processus="appel", caisse="cpam-75", du="2026-10-06", au="2026-10-07", effet="source_muette")
    avec, sans = (
        {j.jour: paris(j) for j in journees(configurer(FIN, mois=1, fraction=100, aleas=SANS_ALEAS, incidents=i))}
        for i in ((muette,), ())
    )
    assert avec[date(2026, 10, 5)] == sans[date(2026, 10, 5)]
    assert avec[date(2026, 10, 6)] == avec[date(2026, 10, 7)] == set()
    assert avec[date(2026, 10, 8)] == sans[date(2026, 10, 6)] | sans[date(2026, 10, 7)] | sans[date(2026, 10, 8)]


def paris(journee: Journee) -> set[bytes]:
    return {ligne for ligne in journee.contacts if b"telephonie-cpam-75" in ligne}
