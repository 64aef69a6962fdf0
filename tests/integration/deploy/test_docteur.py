"""``vigie doctor`` on a healthy installation, and on several that are broken in one way each."""

import asyncio
import json
import os
import socket
from collections.abc import AsyncIterator, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

import asyncpg
import pytest
from uvicorn import Config, Server

from shared.log.fabrique import ouvrir_journal
from tests.support.commande import Vigie
from vigie.demarrage import migrer_tout
from vigie.docteur import constats as rapport
from vigie.docteur.commande import ausculter
from vigie.docteur.constats import Constat, Examen, examiner
from vigie.pile import PORTS, SERVICES, Base


def port_ferme() -> int:
    with socket.socket() as prise:
        prise.bind(("127.0.0.1", 0))
        return int(prise.getsockname()[1])


@pytest.fixture
def environnement(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> pytest.MonkeyPatch:
    """No setting but those of the test, and services that nobody runs."""
    for nom in [n for n in os.environ if n.startswith("VIGIE_")]:
        monkeypatch.delenv(nom)
    monkeypatch.setenv("VIGIE_HOME", str(tmp_path))
    for nom in SERVICES:
        monkeypatch.setenv(f"VIGIE_{nom.upper()}_URL", f"http://127.0.0.1:{port_ferme()}")
    return monkeypatch


@pytest.fixture
async def base(postgres_vide: str, environnement: pytest.MonkeyPatch) -> AsyncIterator[asyncpg.Connection]:
    """A database with every schema and topic, and a service that answers in the place of each."""
    environnement.setenv("VIGIE_DATABASE_URL", postgres_vide)
    await migrer_tout(Base(postgres_vide, None, pile_en_marche=False))
    journal = await ouvrir_journal(postgres_vide, None, taille_pool=2)
    for topic, partitions in TOPICS.items():
        await journal.assurer_topic(topic, partitions)
    await journal.fermer()
    serveur = Server(Config(_pret, port=0, lifespan="off", log_config=None, access_log=False))
    tache = asyncio.create_task(serveur.serve(sockets=[(prise := _prise())]))
    for nom in SERVICES:
        environnement.setenv(f"VIGIE_{nom.upper()}_URL", f"http://127.0.0.1:{prise.getsockname()[1]}")
    conn = await asyncpg.connect(postgres_vide)
    yield conn
    await conn.close()
    serveur.should_exit = True
    await tache


TOPICS = {
    "vigie.contacts.v1": 1, "vigie.claims.v1": 1, "vigie.personnes.v1": 1, "vigie.indicateurs.v1": 1,
    "vigie.alertes.v1": 1, "vigie.entraide.v1": 1,
}  # fmt: skip


def _prise() -> socket.socket:
    prise = socket.socket()
    prise.bind(("127.0.0.1", 0))
    return prise


async def _pret(scope, receive, send):  # type: ignore[no-untyped-def]
    entetes = [(b"content-type", b"application/json")]
    await send({"type": "http.response.start", "status": 200, "headers": entetes})
    await send({"type": "http.response.body", "body": b"{}"})


def par_nom(constats: Sequence[Constat]) -> dict[str, Constat]:
    return {c.nom: c for c in constats}


async def test_a_healthy_installation_has_nothing_bad(base: asyncpg.Connection) -> None:
    constats = await ausculter()
    assert not [c for c in constats if c.verdict == "mauvais"]
    trouves = par_nom(constats)
    for nom in ("base", "schéma claims", "schéma journal", "topics", "horloge de PostgreSQL", "rejets de contacts"):
        assert trouves[nom].verdict == "bon", trouves[nom]
    assert rapport.code_de_sortie(constats) == 0


async def test_each_fault_is_found_and_says_what_to_do(
    base: asyncpg.Connection, environnement: pytest.MonkeyPatch
) -> None:
    passe = datetime.now(UTC) - timedelta(days=4)
    await base.execute(
        "INSERT INTO claims.positions (groupe, topic, partition, next) VALUES ('claims', 'vigie.claims.v1', 0, 7)"
    )
    await base.execute("INSERT INTO contacts.boite_envoi (topic, cle, valeur, cree_le) VALUES ('t', '', '', $1)", passe)
    await base.execute(
        "INSERT INTO contacts.rejets (origine, raison, message) VALUES ('journal', 'erreur_interne', 'essai')"
    )
    await base.execute("INSERT INTO claims.entretiens VALUES ('pliage', 1, $1, 0, 0)", passe)
    await base.execute("UPDATE entraide.version_du_schema SET version_num = '0001'")
    await base.execute("UPDATE alerts.version_du_schema SET version_num = '0999'")
    environnement.setenv("VIGIE_RETENTOIN_DOSSIERS", "fse=730")
    environnement.setenv("VIGIE_SMTP_HOTE", "127.0.0.1")
    environnement.setenv("VIGIE_SMTP_PORT", str(port_ferme()))
    environnement.setenv("VIGIE_CONSOLE_URL", f"http://127.0.0.1:{port_ferme()}")
    trouves = par_nom(await ausculter())
    attendus = {
        "positions de claims (vigie.claims.v1)": ("mauvais", "hors de 0 à 0"),
        "boîte d'envoi de contacts": ("mauvais", "1 messages"),
        "rejets de contacts": ("mauvais", "faute du programme"),
        "entretien de claims": ("mauvais", "96 h"),
        "schéma entraide": ("mauvais", "ce programme attend"),
        "schéma alerts": ("a_surveiller", "plus récente"),
        "noms des réglages": ("a_surveiller", "VIGIE_RETENTOIN_DOSSIERS"),
        "courriel": ("mauvais", "127.0.0.1"),
        "service console": ("mauvais", "ne répond pas"),
    }
    for nom, (verdict, dit) in attendus.items():
        assert trouves[nom].verdict == verdict, trouves[nom]
        assert dit in trouves[nom].trouve
        assert trouves[nom].faire


@pytest.mark.usefixtures("environnement")
async def test_with_everything_down_all_is_told_and_nothing_hangs(environnement: pytest.MonkeyPatch) -> None:
    environnement.setenv("VIGIE_DATABASE_URL", f"postgresql://v:sesame@127.0.0.1:{port_ferme()}/vigie")
    environnement.setenv("VIGIE_KAFKA_BOOTSTRAP", f"127.0.0.1:{port_ferme()}")
    environnement.setenv("VIGIE_ALERTMANAGER_URL", f"http://127.0.0.1:{port_ferme()}")
    constats = await ausculter()
    trouves = par_nom(constats)
    assert {trouves[nom].verdict for nom in ("base", "journal", "Alertmanager", "service alerts")} == {"mauvais"}
    assert trouves["schémas"].verdict == "non_verifiable"
    assert rapport.code_de_sortie(constats) == 1
    assert "sesame" not in json.dumps(rapport.document(constats))


@pytest.mark.usefixtures("environnement")
async def test_production_without_its_identity_provider_is_named_as_it_would_be_at_the_start(
    environnement: pytest.MonkeyPatch,
) -> None:
    environnement.setenv("VIGIE_MODE", "production")
    trouves = par_nom(await ausculter(["alerts"]))
    assert trouves["réglages, alerts"].verdict == "mauvais"
    assert "VIGIE_OIDC_EMETTEUR" in trouves["réglages, alerts"].trouve


async def test_a_check_that_hangs_or_breaks_is_a_finding_and_holds_nobody() -> None:
    async def pend(_: None) -> Sequence[Constat]:
        await asyncio.Event().wait()
        return []

    async def casse(_: None) -> Sequence[Constat]:
        raise RuntimeError("essai")

    examens = (Examen("pend", pend, "relancez", delai_s=0.05), Examen("casse", casse))
    pendu, cassee = await examiner(None, examens)
    assert (pendu.verdict, pendu.faire) == ("mauvais", "relancez")
    assert cassee.verdict == "mauvais"
    assert "essai" in cassee.trouve


def test_the_command_answers_where_nothing_runs_and_starts_nothing(tmp_path: Path) -> None:
    document = json.loads(Vigie(tmp_path)("doctor", "--json", code=1))
    verdicts = {c["nom"]: c["verdict"] for c in document["constats"]}
    assert verdicts["base"] == "mauvais"
    assert not (tmp_path / "postgres").exists()
    assert len(PORTS) == sum(nom.startswith("réglages, ") for nom in verdicts)
