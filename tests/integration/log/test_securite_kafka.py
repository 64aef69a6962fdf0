"""A broker that is only spoken to over TLS, by whoever shows a certificate and knows a name's password."""

import shutil
import socket
import subprocess
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from shared.log.fabrique import ouvrir_journal
from shared.log.types import JournalIndisponible, ReglagesGroupe
from shared.service.reglages import ReglagesInvalides
from tests.support.attente import attendre
from tests.support.serveurs import manque
from vigie import kafka

pytestmark = pytest.mark.kafka

TOPIC = "essais.gardes.v1"
MOT_DE_PASSE = "motus-et-bouche-cousue"


@dataclass(frozen=True)
class Gardee:
    """The guarded door: its address, and the files of a client that it knows."""

    adresse: str
    ca: Path
    certificat: Path
    cle: Path


def _libre() -> int:
    with socket.socket() as prise:
        prise.bind(("127.0.0.1", 0))
        return int(prise.getsockname()[1])


def _certificat(dossier: Path, nom: str, mot_de_passe: str | None = None) -> tuple[Path, Path]:
    """A self-signed certificate for 127.0.0.1 and its key, by openssl."""
    certificat, cle = dossier / f"{nom}.pem", dossier / f"{nom}.cle"
    secret = ["-noenc"] if mot_de_passe is None else ["-passout", f"pass:{mot_de_passe}"]
    subprocess.run(
        [
            *("openssl", "req", "-x509", "-newkey", "rsa:2048", *secret, "-days", "2", "-subj", f"/CN={nom}"),
            *("-addext", "subjectAltName=IP:127.0.0.1", "-keyout", str(cle), "-out", str(certificat)),
        ],
        check=True,
        capture_output=True,
    )
    return certificat, cle


@pytest.fixture(scope="module")
def gardee(dossier_serveurs: Path) -> Iterator[Gardee]:
    if shutil.which("openssl") is None:
        manque("openssl est absent")
    dossier = dossier_serveurs / "kafka-garde"
    dossier.mkdir()
    certificat, cle = _certificat(dossier, "broker")
    coffre = dossier / "broker-coffre.pem"
    coffre.write_bytes(cle.read_bytes() + certificat.read_bytes())
    client, cle_client = _certificat(dossier, "vigie", MOT_DE_PASSE)
    port, prefixe = _libre(), "listener.name.sasl_ssl."
    porte = kafka.EcouteGardee(
        "SASL_SSL",
        port,
        {
            "sasl.enabled.mechanisms": "PLAIN,SCRAM-SHA-256,SCRAM-SHA-512",
            f"{prefixe}ssl.keystore.type": "PEM",
            f"{prefixe}ssl.keystore.location": str(coffre),
            f"{prefixe}ssl.truststore.type": "PEM",
            f"{prefixe}ssl.truststore.location": str(client),
            f"{prefixe}ssl.client.auth": "required",
            f"{prefixe}plain.sasl.jaas.config": "org.apache.kafka.common.security.plain.PlainLoginModule required "
            f'user_vigie="{MOT_DE_PASSE}";',
            **{
                f"{prefixe}scram-sha-{taille}.sasl.jaas.config": "org.apache.kafka.common.security.scram."
                "ScramLoginModule required;"
                for taille in (256, 512)
            },
        },
        {"vigie": MOT_DE_PASSE},
    )
    try:
        kafka.demarrer(dossier / "noeud", _libre(), gardee=porte)
    except kafka.ErreurKafka as exc:
        manque(f"Apache Kafka ne peut pas être démarré : {exc}")
    yield Gardee(f"127.0.0.1:{port}", certificat, client, cle_client)
    kafka.arreter(dossier / "noeud")


@pytest.fixture
def reglages(gardee: Gardee, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> pytest.MonkeyPatch:
    """The environment of a process that is let in; the password comes from a file."""
    secret = tmp_path / "mot-de-passe"
    secret.write_text(MOT_DE_PASSE + "\n")
    for nom, valeur in {
        "SECURITE": "SASL_SSL",
        "UTILISATEUR": "vigie",
        "MOT_DE_PASSE_FICHIER": str(secret),
        "CA": str(gardee.ca),
        "CERTIFICAT": str(gardee.certificat),
        "CLE": str(gardee.cle),
        "CLE_MOT_DE_PASSE": MOT_DE_PASSE,
    }.items():
        monkeypatch.setenv(f"VIGIE_KAFKA_{nom}", valeur)
    return monkeypatch


@pytest.fixture(autouse=True)
async def connexions_fermees() -> AsyncIterator[None]:
    """The loop lives until TLS has said its farewells: aiokafka closes a refused connection without waiting for it."""
    ouverts = _ouverts()
    yield
    await attendre(lambda: _ouverts() <= ouverts)


def _ouverts() -> int:
    return sum(1 for _ in Path("/dev/fd").iterdir())


class _Ecoute:
    def __init__(self) -> None:
        self.tenues: frozenset[int] = frozenset()

    def attribuer(self, partitions: frozenset[int]) -> None:
        self.tenues = partitions

    async def revoquer(self, partitions: frozenset[int]) -> None:
        pass


@pytest.mark.parametrize("mecanisme", ["PLAIN", "SCRAM-SHA-256", "scram-sha-512"])
async def test_topics_records_and_groups_pass_a_guarded_broker(
    gardee: Gardee, reglages: pytest.MonkeyPatch, mecanisme: str
) -> None:
    reglages.setenv("VIGIE_KAFKA_MECANISME", mecanisme)
    topic = f"{TOPIC}.{mecanisme.lower()}"
    journal = await ouvrir_journal("postgresql://nulle-part/x", gardee.adresse)
    try:
        await journal.assurer_topic(topic, 1)
        await journal.ajouter(topic, [(b"k", b"v")])
        assert [r.value for r in await journal.lire(topic, 0, 0, 10)] == [b"v"]
        abonnement = journal.abonner(topic, "gardes", ReglagesGroupe(session=3.0, rebalance=10.0, drain=3.0))
        ecoute = _Ecoute()
        await abonnement.ouvrir(ecoute)
        try:
            await attendre(lambda: ecoute.tenues == {0})
            assert [r.value for r in (await abonnement.lire(0, 0, 10, 5.0)).records] == [b"v"]
        finally:
            await abonnement.fermer()
    finally:
        await journal.fermer()


@pytest.mark.parametrize(
    ("nom", "valeur"),
    [("MOT_DE_PASSE", "un-autre"), ("SECURITE", "PLAINTEXT"), ("CA", "certificat du client"), ("CERTIFICAT", None)],
)
async def test_whoever_is_not_known_is_not_let_in_and_no_secret_is_shown(
    gardee: Gardee,
    reglages: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    nom: str,
    valeur: str | None,
) -> None:
    match nom:
        case "MOT_DE_PASSE":
            reglages.delenv("VIGIE_KAFKA_MOT_DE_PASSE_FICHIER")
            reglages.setenv("VIGIE_KAFKA_MOT_DE_PASSE", str(valeur))
        case "SECURITE":
            for autre in ("SECURITE", "UTILISATEUR", "MOT_DE_PASSE_FICHIER", "CA", "CERTIFICAT", "CLE"):
                reglages.delenv(f"VIGIE_KAFKA_{autre}")
            reglages.delenv("VIGIE_KAFKA_CLE_MOT_DE_PASSE")
        case "CA":
            reglages.setenv("VIGIE_KAFKA_CA", str(gardee.certificat))
        case _:
            for autre in ("CERTIFICAT", "CLE", "CLE_MOT_DE_PASSE"):
                reglages.delenv(f"VIGIE_KAFKA_{autre}")
    journal = await ouvrir_journal("postgresql://nulle-part/x", gardee.adresse)
    try:
        with pytest.raises(JournalIndisponible) as refus:
            await journal.assurer_topic(f"{TOPIC}.refuse", 1)
    finally:
        await journal.fermer()
    assert MOT_DE_PASSE not in caplog.text + str(refus.value) + repr(vars(journal))
    assert "un-autre" not in caplog.text + str(refus.value) + repr(vars(journal))


async def test_a_key_that_does_not_open_is_said_before_any_connection(
    gardee: Gardee, reglages: pytest.MonkeyPatch
) -> None:
    reglages.setenv("VIGIE_KAFKA_CLE_MOT_DE_PASSE", "pas-le-bon")
    with pytest.raises(ReglagesInvalides, match=r"VIGIE_KAFKA_CLE : .* n'est pas la clé de ce certificat"):
        await ouvrir_journal("postgresql://nulle-part/x", gardee.adresse)
