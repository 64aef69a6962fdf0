"""Whatever dies, whatever is sent, whole real processes end with exact totals, on both engines of the log.

The source is a seeded set whose totals are computed apart (tests/support/jeu_seme.py); ``vigie verify`` and
``verify --journal`` must agree each time. What a suite has no time for is in the campaign (tests/chaos).
"""

import asyncio
import json
import random
import shutil
import socket
import tempfile
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import pytest

from shared.database import embarque
from shared.database.serveur import ServeurPostgres
from shared.dossiers.jours import jour_paris
from tests.integration.conftest import KafkaLocal
from tests.support.envois import (
    ETRANGES_ATTENDU,
    MAPPING,
    ecrire_csv,
    melanger,
    melanger_aux_hostiles,
    produire_directement,
)
from tests.support.jeu_seme import semer
from tests.support.lignes_hostiles import HOSTILES, NIR, PERSONNEL
from tests.support.pannes import TOPIC, Banc, alimenter, ouvrir_banc
from tests.support.processus_vigie import Commande
from tests.support.serveurs import manque, postgres_embarque
from vigie import kafka

pytestmark = [pytest.mark.e2e]

MOTEURS = [pytest.param("postgres"), pytest.param("kafka", marks=pytest.mark.kafka)]
PARTITIONS = 4
QUESTION = ("--indicateur", "delai_cmuc_acs_moyen", "--du", "2025-01-01", "--au", "2025-12-31")


@pytest.fixture(scope="module")
def dossier() -> Iterator[Path]:
    chemin = Path(tempfile.mkdtemp(prefix="vigie-pannes-"))
    yield chemin
    shutil.rmtree(chemin, ignore_errors=True)


@pytest.fixture(scope="module")
def _serveur(dossier: Path) -> Iterator[ServeurPostgres]:
    serveur = postgres_embarque(dossier / "pg")
    serveur.demarrer()
    yield serveur
    serveur.arreter()


@pytest.fixture
def serveur(_serveur: ServeurPostgres) -> ServeurPostgres:
    """The module's PostgreSQL, running, which a test may kill and start again."""
    _serveur.demarrer()
    return _serveur


@pytest.fixture(scope="module")
def _broker(dossier: Path) -> Iterator[KafkaLocal]:
    with socket.socket() as prise:
        prise.bind(("127.0.0.1", 0))
        port = prise.getsockname()[1]
    local = KafkaLocal(dossier / "kafka", port)
    try:
        local.demarrer()
    except kafka.ErreurKafka as exc:
        manque(f"Apache Kafka ne peut pas être démarré : {exc}")
    yield local
    local.arreter()


@pytest.fixture
def broker(_broker: KafkaLocal) -> KafkaLocal:
    """The module's Apache Kafka, running, which a test may stop, kill and start again."""
    _broker.demarrer()
    return _broker


@pytest.fixture(params=MOTEURS)
def bootstrap(request: pytest.FixtureRequest) -> str | None:
    """Each engine in turn: the address of the broker, None for the tables of PostgreSQL."""
    return request.getfixturevalue("broker").bootstrap if request.param == "kafka" else None


@asynccontextmanager
async def banc_neuf(serveur: ServeurPostgres, bootstrap: str | None, dossier: Path) -> AsyncIterator[Banc]:
    """The claims service on an empty database and an empty log."""
    await asyncio.to_thread(embarque.effacer_base, serveur, "pannes")
    await asyncio.to_thread(embarque.creer_base, serveur, "pannes")
    async with ouvrir_banc(serveur.url("pannes"), bootstrap, dossier) as ouvert:
        yield ouvert


@pytest.fixture
async def banc(serveur: ServeurPostgres, bootstrap: str | None, tmp_path: Path) -> AsyncIterator[Banc]:
    """`banc_neuf` on each engine."""
    async with banc_neuf(serveur, bootstrap, tmp_path) as ouvert:
        yield ouvert


async def test_un_consommateur_tue_en_plein_lot_encore_et_encore_ne_perd_ni_ne_double_rien(banc: Banc) -> None:
    hasard, jeu = random.Random(1), semer(1, 5_200)
    consommateur = banc.lancer()
    async with alimenter(banc, jeu, 4) as source:
        for _ in range(3):
            await source.lacher(au_moins=hasard.randrange(200, 1_500))
            await banc.en_plein_lot()
            consommateur.tuer()
            consommateur = banc.lancer()
    await banc.tout_est_compte()
    await banc.verifier(jeu.attendu)


async def test_deux_consommateurs_qui_se_partagent_et_se_reprennent_tout_ne_perdent_ni_ne_doublent_rien(
    banc: Banc,
) -> None:
    jeu = semer(2, 5_100)
    premier = banc.lancer()
    async with alimenter(banc, jeu, 3) as source:
        await premier.tient(PARTITIONS)
        for brutal in (False, True):
            second = banc.lancer()
            await second.tient(PARTITIONS // 2)
            await premier.tient(PARTITIONS // 2)
            await source.lacher()
            if brutal:
                await banc.en_plein_lot()
                premier.tuer()
                premier = second
            else:
                second.demander_la_fin()
                assert await second.finir() == 0, second.ecrits()
            await premier.tient(PARTITIONS)
    await banc.tout_est_compte()
    await banc.verifier(jeu.attendu)


async def test_la_base_tuee_sous_charge_et_en_plein_reequilibrage_ne_perd_ni_ne_double_rien(
    banc: Banc, serveur: ServeurPostgres
) -> None:
    jeu = semer(3, 8_500)
    premier = banc.lancer()
    async with alimenter(banc, jeu, 5) as source:
        await source.lacher()
        await banc.en_plein_lot()
        await couper_la_base(serveur)
        await source.lacher()
        second = banc.lancer()
        await banc.en_plein_reequilibrage()  # one more comes
        await couper_la_base(serveur)
        await second.tient(PARTITIONS // 2)
        await source.lacher()
        await banc.en_plein_lot()
        second.demander_la_fin()  # one leaves
        await couper_la_base(serveur)
        await premier.tient(PARTITIONS)
        await source.lacher()
    await banc.tout_est_compte()
    assert premier.code is None, "le consommateur attend que la base revienne"
    assert await second.finir() == 0, second.ecrits()
    await banc.verifier(jeu.attendu)


async def couper_la_base(serveur: ServeurPostgres) -> None:
    """SIGKILL to all of PostgreSQL, then start it again."""
    await asyncio.to_thread(serveur.tuer)
    await asyncio.to_thread(serveur.demarrer)


@pytest.mark.kafka
async def test_le_broker_tue_sous_charge_ne_perd_ni_ne_double_rien(
    broker: KafkaLocal, serveur: ServeurPostgres, tmp_path: Path
) -> None:
    jeu = semer(4, 4_250)
    async with banc_neuf(serveur, broker.bootstrap, tmp_path) as banc:
        membres = [banc.lancer(), banc.lancer()]
        async with alimenter(banc, jeu, 2) as source:
            await source.lacher()
            await banc.en_plein_lot()
            await asyncio.to_thread(broker.tuer)
            await asyncio.to_thread(broker.demarrer)
            await source.lacher()
        await banc.tout_est_compte()
        assert [m.code for m in membres] == [None, None], "les consommateurs attendent que le broker revienne"
        await banc.verifier(jeu.attendu)


async def test_une_position_hors_du_journal_arrete_le_processus_qui_le_dit_et_ne_saute_rien(banc: Banc) -> None:
    avant, apres = semer(5, 1_000), semer(6, 1_000)
    await banc.envoyer(avant.lignes)
    consommateur = banc.lancer(presse=False)
    await banc.tout_est_compte()
    fins = await banc.positions()

    await banc.placer(2, fins[2] + 1_000)  # as if the log had been lost, under a running consumer
    await arret_dit(consommateur, f"position {fins[2] + 1_000} hors du journal {TOPIC}/2", "perdu, recréé ou remplacé")
    assert await banc.positions() == fins | {2: fins[2] + 1_000}

    await banc.service.journal.elaguer(TOPIC, datetime.now(UTC) + timedelta(minutes=1))
    assert {p: b.debut for p, b in (await banc.bornes()).items()} == fins
    await banc.placer(2, fins[2] - 1)  # pruned before it was read
    await banc.envoyer(apres.lignes)
    await arret_dit(banc.lancer(presse=False), f"position {fins[2] - 1} hors du journal", "purgés avant d'être lus")
    assert (await banc.positions())[2] == fins[2] - 1

    await banc.placer(2, fins[2])
    banc.lancer(presse=False)
    await banc.tout_est_compte()
    await banc.verifier(avant.attendu + apres.attendu, journal=False)


async def arret_dit(processus: Commande, *phrases: str) -> None:
    """The process ends by itself, in error, and its output says why."""
    assert await processus.finir() == 1
    sortie = processus.ecrits()
    assert all(phrase in sortie for phrase in phrases), sortie
    assert "Le consommateur s'arrête sans rien sauter" in sortie


async def test_un_fichier_importe_deux_fois_puis_melange_donne_les_memes_chiffres(banc: Banc, tmp_path: Path) -> None:
    fichier, attendu = ecrire_csv(tmp_path / "demandes.csv", graine=7, demandes=2_500)
    (tmp_path / "demandes.yaml").write_text(MAPPING, encoding="utf-8")
    for passage in (1, 2, 3):
        if passage == 3:
            melanger(fichier, graine=8)
        sortie = await banc.vigie("import", str(fichier), "--mapping", str(tmp_path / "demandes.yaml"))
        assert f"{attendu.lignes} événements acceptés, {attendu.fautives} lignes refusées" in sortie
        await banc.verifier(attendu.compte, rejets=attendu.fautives)
    assert "Tout concorde" in await banc.vigie("verify")
    mesure = json.loads(await banc.vigie("kpi", *QUESTION, "--json"))
    n, secondes, _ = (sum(colonne) for colonne in zip(*attendu.compte.clos.values(), strict=True))
    assert mesure["n"] == n
    assert mesure["valeur"] == pytest.approx(secondes / n / 86_400)


async def test_un_corps_hostile_est_refuse_ligne_a_ligne_et_les_bonnes_comptent_exactement(banc: Banc) -> None:
    jeu, processus = semer(9, 1_500), banc.lancer("tout", presse=False)
    lignes, raisons = melanger_aux_hostiles(jeu.lignes, graine=10)
    await processus.pret()
    async with httpx.AsyncClient(base_url=processus.url, timeout=60) as client:
        ndjson = {"content-type": "application/x-ndjson"}
        reponse = await client.post("/v1/events", content=b"\xef\xbb\xbf" + b"\n".join(lignes), headers=ndjson)
        assert reponse.status_code == 202, reponse.text
        bilan = reponse.json()
        assert (bilan["acceptes"], bilan["refuses"]) == (len(lignes) - len(raisons), len(raisons))
        assert {r["position"]: r["raison"] for r in bilan["resultats"]} == raisons
        assert all(r["message"] and r["message"].isprintable() for r in bilan["resultats"])
        await banc.tout_est_compte()
        await banc.verifier(jeu.attendu + ETRANGES_ATTENDU, rejets=len(raisons))
        await rien_de_personnel(banc, processus, reponse.text)
        for hostile, _ in HOSTILES:  # alone, each gets an answer that is not a failure
            seul = await client.post(
                "/v1/events", content=hostile, headers={"content-type": "application/cloudevents+json"}
            )
            assert seul.status_code == 202 and seul.json()["acceptes"] == 0, (hostile[:200], seul.text)
        await processus.pret()
    await banc.verifier(jeu.attendu + ETRANGES_ATTENDU, rejets=len(raisons) + len(HOSTILES))


async def rien_de_personnel(banc: Banc, processus: Commande, reponse: str) -> None:
    """No NIR, address or number in what is kept, answered or written to the log."""
    rejets = await banc.service.pool.fetch("SELECT * FROM claims.rejets")
    traces = [reponse, processus.ecrits(), *(str(tuple(r)) for r in rejets)]
    for personne in (*PERSONNEL, NIR.replace(" ", "")):
        assert not [t[:500] for t in traces if personne in t]


@pytest.mark.kafka
async def test_ce_qui_arrive_par_le_topic_sans_passer_par_vigie_est_pris_ou_mis_aux_rejets(
    broker: KafkaLocal, serveur: ServeurPostgres, tmp_path: Path
) -> None:
    jeu = semer(11, 300)
    async with banc_neuf(serveur, broker.bootstrap, tmp_path) as banc:
        banc.lancer(presse=False)
        raisons = await produire_directement(broker.bootstrap, jeu.lignes)
        await banc.tout_est_compte()
        await banc.verifier(jeu.attendu, rejets=raisons.total())
        pool = banc.service.pool
        rejets = await pool.fetch("SELECT raison, count(*) AS n FROM claims.rejets GROUP BY 1")
        assert {r["raison"]: r["n"] for r in rejets} == raisons
        jours = await pool.fetch("SELECT DISTINCT enregistre FROM claims.clos")
        aujourdhui = jour_paris(datetime.now(UTC))
        assert {j["enregistre"] for j in jours} <= {aujourdhui - 1, aujourdhui}, "datés par le journal (LogAppendTime)"
