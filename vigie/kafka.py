"""A local Apache Kafka: one KRaft node on 127.0.0.1, for trials and tests. ``python -m vigie.kafka start``.

Needs Java 17 or later, and Maven the first time (it copies the broker's jars into an ignored cache).
Blocking functions: not for an event loop.
"""

import contextlib
import os
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import typer

RACINE = Path(__file__).resolve().parents[1]
POM = RACINE / "deploy" / "kafka" / "pom.xml"
JARS = RACINE / ".cache" / "kafka" / "libs"
PORT = 9092
_VOISIN = "127.0.0.1"
# One node never meets another cluster: a fixed identity lets a folder be formatted again without a question.
_GRAPPE = "VigieLocaleAAAAAAAAAAA"

_REGLAGES = """\
process.roles=broker,controller
node.id=1
controller.quorum.voters=1@{hote}:{port_controle}
listeners=PLAINTEXT://{hote}:{port},CONTROLLER://{hote}:{port_controle}{gardee}
advertised.listeners=PLAINTEXT://{hote}:{port}{gardee}
controller.listener.names=CONTROLLER
listener.security.protocol.map=PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT,SSL:SSL,SASL_PLAINTEXT:SASL_PLAINTEXT,SASL_SSL:SASL_SSL
inter.broker.listener.name=PLAINTEXT
log.dirs={donnees}
auto.create.topics.enable=false
num.partitions=12
default.replication.factor=1
min.insync.replicas=1
offsets.topic.replication.factor=1
offsets.topic.num.partitions=4
transaction.state.log.replication.factor=1
transaction.state.log.min.isr=1
transaction.state.log.num.partitions=4
share.coordinator.state.topic.replication.factor=1
share.coordinator.state.topic.min.isr=1
group.initial.rebalance.delay.ms=0
group.min.session.timeout.ms=1000
broker.heartbeat.interval.ms=500
broker.session.timeout.ms=3000
log.cleaner.dedupe.buffer.size=4194304
num.network.threads=2
num.io.threads=4
"""


class ErreurKafka(RuntimeError):
    """The broker could not be prepared, started or stopped; the message says what to do."""


@dataclass(frozen=True, slots=True)
class Statut:
    """``pid`` None when the broker does not run."""

    pid: int | None
    adresse: str


@dataclass(frozen=True, slots=True)
class EcouteGardee:
    """A second door of the broker, that asks who comes: ``protocole`` is Kafka's (SSL, SASL_SSL, SASL_PLAINTEXT).

    ``reglages``: lines of server.properties (keys, certificates). ``comptes``: names and passwords known to both
    SCRAM mechanisms, written when the broker's data are first made.
    """

    protocole: str
    port: int
    reglages: Mapping[str, str] = field(default_factory=dict)
    comptes: Mapping[str, str] = field(default_factory=dict, repr=False)


def dossier_de(port: int) -> Path:
    """Where the broker of ``port`` keeps its data unless told otherwise."""
    return RACINE / ".cache" / "kafka" / f"noeud-{port}"


def demarrer(dossier: Path, port: int = PORT, delai: float = 60.0, gardee: EcouteGardee | None = None) -> str:
    """Start the broker whose data live in ``dossier`` and return its address once it answers.

    ``gardee``: listened on too. Does nothing more when it already runs. Detached: it outlives the caller,
    `arreter` ends it.
    """
    dossier = dossier.resolve()
    adresse = f"{_VOISIN}:{port}"
    if statut(dossier, port).pid is None:
        if _ecoute(port):
            raise ErreurKafka(f"le port {port} de {_VOISIN} est déjà pris : donnez-en un autre")
        java = _java()
        jars = preparer_jars()
        reglages = _configurer(dossier, port, gardee)
        _formater(java, jars, dossier, reglages, {} if gardee is None else gardee.comptes)
        _lancer(java, jars, dossier, reglages)
    _attendre_reponse(dossier, port, delai)
    return adresse


def arreter(dossier: Path, delai: float = 30.0) -> None:
    """Clean stop. Nothing to do when the broker does not run."""
    _signaler(dossier.resolve(), signal.SIGTERM, delai)


def tuer(dossier: Path, delai: float = 30.0) -> None:
    """End the broker without letting it clean up."""
    _signaler(dossier.resolve(), signal.SIGKILL, delai)


def statut(dossier: Path, port: int = PORT) -> Statut:
    """Whether the broker of ``dossier`` runs; a stale pid file is not believed."""
    dossier = dossier.resolve()
    adresse = f"{_VOISIN}:{port}"
    with contextlib.suppress(OSError, ValueError):
        pid = int((dossier / "kafka.pid").read_text())
        if _vivant(pid, dossier):
            return Statut(pid, adresse)
    return Statut(None, adresse)


def preparer_jars() -> Path:
    """Make sure that the broker's jars are in the cache; Maven fetches them once."""
    if (JARS / ".complet").exists() and (JARS / ".complet").stat().st_mtime >= POM.stat().st_mtime:
        return JARS
    mvn = shutil.which("mvn")
    if mvn is None:
        raise ErreurKafka(
            "Maven est absent : installez-le (paquet maven), ou donnez l'adresse d'un Kafka existant "
            "dans VIGIE_KAFKA_BOOTSTRAP"
        )
    if not POM.exists():
        raise ErreurKafka(f"{POM} est absent : le Kafka local demande une copie du dépôt de Vigie")
    shutil.rmtree(JARS, ignore_errors=True)
    JARS.mkdir(parents=True)
    commande = [mvn, "-q", "-B", "-f", str(POM), "dependency:copy-dependencies", "-DincludeScope=runtime"]
    fini = subprocess.run(  # noqa: S603
        [*commande, f"-DoutputDirectory={JARS}"], check=False, capture_output=True, text=True
    )
    if fini.returncode != 0:
        raise ErreurKafka(f"Maven n'a pas pu copier Kafka :\n{(fini.stdout + fini.stderr)[-3000:]}")
    (JARS / ".complet").touch()
    return JARS


def _java() -> str:
    java = shutil.which("java")
    if java is None:
        raise ErreurKafka(
            "Java est absent : installez Java 17 ou plus récent (paquet openjdk-17-jre-headless), ou donnez "
            "l'adresse d'un Kafka existant dans VIGIE_KAFKA_BOOTSTRAP"
        )
    return java


def _configurer(dossier: Path, port: int, gardee: EcouteGardee | None) -> Path:
    dossier.mkdir(parents=True, exist_ok=True)
    reglages = dossier / "server.properties"
    porte = "" if gardee is None else f",{gardee.protocole}://{_VOISIN}:{gardee.port}"
    texte = _REGLAGES.format(
        hote=_VOISIN, port=port, port_controle=_port_libre(), donnees=dossier / "donnees", gardee=porte
    )
    lignes = [f"{cle}={valeur}\n" for cle, valeur in (gardee.reglages if gardee else {}).items()]
    reglages.touch(mode=0o600)
    reglages.write_text(texte + "".join(lignes))
    return reglages


def _formater(java: str, jars: Path, dossier: Path, reglages: Path, comptes: Mapping[str, str]) -> None:
    if (dossier / "donnees" / "meta.properties").exists():
        return
    outil = [java, "-Xmx128m", "-cp", f"{jars}/*", "kafka.tools.StorageTool", "format"]
    secrets = [
        f"--add-scram={mecanisme}=[name={nom},password={secret}]"
        for nom, secret in comptes.items()
        for mecanisme in ("SCRAM-SHA-256", "SCRAM-SHA-512")
    ]
    fini = subprocess.run(  # noqa: S603
        [*outil, "--cluster-id", _GRAPPE, "--config", str(reglages), "--ignore-formatted", *secrets],
        check=False,
        capture_output=True,
        text=True,
    )
    if fini.returncode != 0:
        raise ErreurKafka(f"le stockage de Kafka n'a pas pu être préparé :\n{fini.stdout}{fini.stderr}")


def _lancer(java: str, jars: Path, dossier: Path, reglages: Path) -> None:
    options = ["-Xms128m", "-Xmx512m", "-XX:+UseSerialGC", "-Djava.awt.headless=true"]
    trace = ("-Dorg.slf4j.simpleLogger.defaultLogLevel=warn", "-Dorg.slf4j.simpleLogger.showDateTime=true")
    with (dossier / "kafka.log").open("ab") as journal:
        processus = subprocess.Popen(  # noqa: S603
            [java, *options, *trace, "-cp", f"{jars}/*", "kafka.Kafka", str(reglages)],
            stdin=subprocess.DEVNULL,
            stdout=journal,
            stderr=journal,
            start_new_session=True,
            cwd=dossier,
        )
    (dossier / "kafka.pid").write_text(str(processus.pid))
    _LANCES[processus.pid] = processus


# Brokers started by this process, kept so that their end is collected.
_LANCES: dict[int, "subprocess.Popen[bytes]"] = {}


def _attendre_reponse(dossier: Path, port: int, delai: float) -> None:
    fin = time.monotonic() + delai
    while not (_ecoute(port) and _repond(port)):
        if statut(dossier, port).pid is None:
            raise ErreurKafka(f"Kafka s'est arrêté au démarrage :\n{_fin_du_journal(dossier)}")
        if time.monotonic() > fin:
            raise ErreurKafka(f"Kafka ne répond pas après {delai:.0f} s :\n{_fin_du_journal(dossier)}")
        time.sleep(0.1)


def _ecoute(port: int) -> bool:
    with socket.socket() as prise:
        prise.settimeout(1)
        return prise.connect_ex((_VOISIN, port)) == 0


def _repond(port: int) -> bool:
    import asyncio

    from aiokafka.admin import AIOKafkaAdminClient
    from aiokafka.errors import KafkaError

    async def demander() -> bool:
        admin = AIOKafkaAdminClient(bootstrap_servers=f"{_VOISIN}:{port}", request_timeout_ms=3000)
        try:
            await admin.start()
            return len((await admin.describe_cluster())["brokers"]) == 1
        except KafkaError:
            return False
        finally:
            await admin.close()

    return asyncio.run(demander())


def _signaler(dossier: Path, numero: signal.Signals, delai: float) -> None:
    pid = statut(dossier).pid
    if pid is None:
        return
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, numero)
    fin = time.monotonic() + delai
    while _vivant(pid, dossier):
        if time.monotonic() > fin:
            raise ErreurKafka(f"Kafka (pid {pid}) ne s'arrête pas après {delai:.0f} s")
        time.sleep(0.05)
    (dossier / "kafka.pid").unlink(missing_ok=True)


def _vivant(pid: int, dossier: Path) -> bool:
    lance = _LANCES.get(pid)
    if lance is not None:
        if lance.poll() is None:
            return True
        del _LANCES[pid]
        return False
    with contextlib.suppress(OSError):
        # A zombie has an empty command line.
        return str(dossier).encode() in Path(f"/proc/{pid}/cmdline").read_bytes()
    return False


def _port_libre() -> int:
    with socket.socket() as prise:
        prise.bind((_VOISIN, 0))
        return int(prise.getsockname()[1])


def _fin_du_journal(dossier: Path) -> str:
    with contextlib.suppress(OSError):
        return "\n".join((dossier / "kafka.log").read_text(errors="replace").splitlines()[-20:])
    return "(pas de journal)"


app = typer.Typer(help="Kafka local de Vigie : un nœud sur 127.0.0.1.", no_args_is_help=True)
_Port = typer.Option(PORT, help="Port d'écoute sur 127.0.0.1.")


@app.command("start")
def _start(port: int = _Port) -> None:
    """Démarre le broker et attend qu'il réponde."""
    try:
        typer.echo(f"Kafka répond sur {demarrer(dossier_de(port), port)}")
    except ErreurKafka as exc:
        typer.echo(str(exc), err=True)
        raise typer.Exit(1) from exc


@app.command("stop")
def _stop(port: int = _Port) -> None:
    """Arrête le broker proprement."""
    try:
        arreter(dossier_de(port))
    except ErreurKafka as exc:
        typer.echo(str(exc), err=True)
        raise typer.Exit(1) from exc
    typer.echo("Kafka est arrêté")


@app.command("status")
def _status(port: int = _Port) -> None:
    """Dit si le broker tourne."""
    etat = statut(dossier_de(port), port)
    typer.echo(f"Kafka tourne sur {etat.adresse} (pid {etat.pid})" if etat.pid else "Kafka est arrêté")
    raise typer.Exit(0 if etat.pid else 3)


if __name__ == "__main__":
    app()
