import re
import stat
import subprocess
import sys
from pathlib import Path
from typing import Any, get_args

import pytest
import yaml
from typer.core import TyperGroup
from typer.main import get_command

from shared.service.reglages import Reglages
from tests.support import compose
from tests.support.compose import DEFAUT, PRODUCTION
from tests.support.variables import connues
from vigie.cli import application
from vigie.demarrage import TACHES

RACINE = compose.RACINE
COMPOSE = compose.lire(DEFAUT, variables={})
SERVICES = compose.lances(COMPOSE)
DONNEES = dict.fromkeys(compose.variables_exigees(DEFAUT, PRODUCTION), "donnee")
LISENT_DES_SECRETS = {
    "postgres": [RACINE / "deploy/postgres/lecture.sh"],
    "grafana": list((RACINE / "deploy/grafana/provisioning").rglob("*.yaml")),
}
"""Files mounted in a container that name secrets too."""

EN_PRODUCTION = compose.lire(DEFAUT, PRODUCTION, variables=DONNEES)
VIGIE = {nom: s for nom, s in SERVICES.items() if s["image"].startswith("vigie:")}
PROCESSUS = {nom: s for nom, s in VIGIE.items() if s["command"][0] == "serve"}


@pytest.mark.parametrize("fichier", [DEFAUT, PRODUCTION], ids=lambda f: f.name)
def test_the_file_follows_the_compose_specification(fichier: Path) -> None:
    commande = [sys.executable, "-m", "check_jsonschema", "--builtin-schema", "vendor.compose-spec", str(fichier)]
    fini = subprocess.run(commande, check=False, capture_output=True, text=True)
    assert fini.returncode == 0, fini.stdout + fini.stderr


def test_a_faulty_file_would_not_pass(tmp_path: Path) -> None:
    faux = tmp_path / "docker-compose.yml"
    faux.write_text(DEFAUT.read_text(encoding="utf-8").replace("condition: service_healthy", "condition: bientot"))
    commande = [sys.executable, "-m", "check_jsonschema", "--builtin-schema", "vendor.compose-spec", str(faux)]
    assert subprocess.run(commande, check=False, capture_output=True).returncode == 1


def test_each_service_is_an_api_and_a_consumer_in_processes_of_their_own() -> None:
    lances = {tuple(s["command"]) for s in PROCESSUS.values()}
    attendus = {("serve", nom, "--role", role) for nom in TACHES for role in ("api", "consumer")}
    assert lances == attendus - {("serve", "console", "--role", "consumer")}, "les pages ne consomment rien"
    assert {role for *_, role in lances} <= set(get_args(Reglages.model_fields["role"].annotation))


@pytest.mark.parametrize("nom", VIGIE)
def test_the_command_line_takes_what_the_container_runs(nom: str) -> None:
    ligne = get_command(application)
    assert isinstance(ligne, TyperGroup)
    arguments = compose.commande(SERVICES[nom])
    contexte = ligne.make_context("vigie", list(arguments), resilient_parsing=True)
    sous_commande, commande, reste = ligne.resolve_command(contexte, arguments)
    assert commande is not None
    commande.make_context(sous_commande, reste)


@pytest.mark.parametrize("nom", SERVICES)
def test_every_container_runs_as_a_plain_user_within_limits(nom: str) -> None:
    service = SERVICES[nom]
    assert int(service["user"].split(":")[0]) > 0
    assert service["cap_drop"] == ["ALL"]
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert {"cpus", "memory"} | ({"pids"} if nom in VIGIE else set()) <= service["deploy"]["resources"]["limits"].keys()


@pytest.mark.parametrize("nom", [n for n in SERVICES if n != "kafka"])
def test_containers_cannot_write_their_own_files(nom: str) -> None:
    """Kafka's image writes its configuration into itself when it starts."""
    assert SERVICES[nom]["read_only"] is True


@pytest.mark.parametrize("nom", SERVICES)
def test_what_is_waited_for_can_tell_that_it_is_ready(nom: str) -> None:
    for attendu, attente in SERVICES[nom].get("depends_on", {}).items():
        if attente["condition"] == "service_healthy":
            assert "healthcheck" in SERVICES[attendu]
        else:
            assert attente["condition"] == "service_completed_successfully"
            assert not SERVICES[attendu]["restart"].startswith(("always", "unless"))


@pytest.mark.parametrize("nom", SERVICES)
def test_only_this_machine_reaches_the_published_ports(nom: str) -> None:
    assert all(port.startswith("127.0.0.1:") for port in SERVICES[nom].get("ports", ()))


@pytest.mark.parametrize("modele", [COMPOSE, EN_PRODUCTION], ids=["embarque", "production"])
@pytest.mark.parametrize("nom", VIGIE)
def test_every_setting_given_to_vigie_is_one_it_reads(nom: str, modele: dict[str, Any]) -> None:
    service = modele["services"][nom]
    donnes = service["environment"]
    assert donnes.keys() <= connues(service["command"])
    assert "VIGIE_MODE" in donnes
    a_la_base = {"VIGIE_DATABASE_URL_FICHIER", "VIGIE_KAFKA_BOOTSTRAP"} & donnes.keys()
    assert len(a_la_base) == (0 if nom == "console" else 2), "les pages ne touchent ni la base ni le journal"


@pytest.mark.parametrize("modele", [COMPOSE, EN_PRODUCTION], ids=["embarque", "production"])
def test_a_container_is_given_the_secrets_it_reads_and_no_other(modele: dict[str, Any]) -> None:
    for nom, service in compose.lances(modele).items():
        lus = [str(valeur) for valeur in service.get("environment", {}).values()]
        lus += [fichier.read_text(encoding="utf-8") for fichier in LISENT_DES_SECRETS.get(nom, ())]
        nommes = {trouve for texte in lus for trouve in re.findall(r"/run/secrets/(\w+)", texte)}
        assert nommes == set(service.get("secrets", ())), nom
        assert nommes <= modele["secrets"].keys()


def test_the_production_file_asks_everyone_who_they_are_and_lets_mail_out() -> None:
    lances = compose.lances(EN_PRODUCTION)
    assert {lances[nom]["environment"]["VIGIE_MODE"] for nom in PROCESSUS} == {"production"}
    assert "courrier" not in lances
    assert "courrier" in SERVICES
    assert SERVICES["alerts-api"]["environment"]["VIGIE_SMTP_HOTE"] == "courrier"


@pytest.mark.parametrize("nom", sorted(DONNEES))
def test_a_setting_without_default_is_asked_for(nom: str) -> None:
    with pytest.raises(compose.VariableAbsente, match=nom):
        compose.lire(DEFAUT, PRODUCTION, variables=DONNEES | {nom: ""})


def test_the_data_are_reached_by_those_who_need_them_only() -> None:
    sur_les_donnees = {nom for nom, s in SERVICES.items() if "donnees" in s["networks"]}
    assert SERVICES.keys() - sur_les_donnees == {"console", "courrier", "alertmanager", "prometheus"}
    assert COMPOSE["networks"]["donnees"] == {"internal": True}
    exposes = {nom for nom, s in SERVICES.items() if s.get("ports")}
    assert {nom for nom in exposes if SERVICES[nom]["networks"] == ["donnees"]} == set(), "injoignables de la machine"


def test_the_script_makes_every_secret_once_and_keeps_it(tmp_path: Path) -> None:
    dossier = tmp_path / "secrets"
    script = [RACINE / "deploy/docker/secrets.sh", dossier]
    subprocess.run(script, check=True, capture_output=True)
    faits = {f.name: f.read_text() for f in dossier.iterdir()}
    seconde = subprocess.run(script, check=True, capture_output=True, text=True)
    assert (seconde.stdout, seconde.stderr) == ("", "")
    assert {f.name: f.read_text() for f in dossier.iterdir()} == faits
    assert faits.keys() == COMPOSE["secrets"].keys()
    assert stat.S_IMODE(dossier.stat().st_mode) == 0o700
    assert {stat.S_IMODE(f.stat().st_mode) for f in dossier.iterdir()} == {0o444}
    assert len(set(faits.values())) == len(faits)
    assert faits["base_url"] == f"postgresql://vigie:{faits['base_mot_de_passe'].strip()}@postgres:5432/vigie\n"


@pytest.mark.parametrize("nom", PROCESSUS)
def test_a_process_starts_on_a_migrated_database_and_may_finish_its_batch(nom: str) -> None:
    service = SERVICES[nom]
    attendus = {"migrate"} if nom == "console" else {"migrate", "topics"}
    for prealable in attendus:
        assert service["depends_on"][prealable] == {"condition": "service_completed_successfully"}
    assert int(service["stop_grace_period"].removesuffix("s")) > Reglages.model_fields["delai_arret_s"].default


def test_every_mounted_file_is_in_the_repository() -> None:
    liens = [v.split(":")[0] for s in SERVICES.values() for v in s.get("volumes", ()) if v.startswith("./")]
    assert liens
    assert [lien for lien in liens if not (RACINE / lien).exists()] == []


def test_kafka_is_the_version_the_tests_run_on() -> None:
    pom = (RACINE / "deploy/kafka/pom.xml").read_text(encoding="utf-8")
    version = SERVICES["kafka"]["image"].partition(":")[2]
    assert f"<kafka.version>{version}</kafka.version>" in pom


def test_the_image_is_made_of_the_locked_dependencies_and_drops_root() -> None:
    lignes = (RACINE / "deploy/docker/Dockerfile").read_text(encoding="utf-8").splitlines()
    assert any("--require-hashes" in ligne and "requirements.lock" in ligne for ligne in lignes)
    utilisateurs = [ligne.split()[1] for ligne in lignes if ligne.startswith("USER ")]
    assert utilisateurs == [s["user"] for s in VIGIE.values()][:1]
    copies = [ligne.split()[1:-1] for ligne in lignes if ligne.startswith("COPY ") and "--from" not in ligne]
    copies_absentes = [f for sources in copies for f in sources if not (RACINE / f).exists()]
    assert copies_absentes == []


def test_the_build_context_lets_in_what_the_image_copies() -> None:
    admis = (RACINE / "deploy/docker/Dockerfile.dockerignore").read_text(encoding="utf-8").splitlines()
    lignes = (RACINE / "deploy/docker/Dockerfile").read_text(encoding="utf-8").splitlines()
    copies = [ligne.split()[1:-1] for ligne in lignes if ligne.startswith("COPY ") and "--from" not in ligne]
    assert {f for sources in copies for f in sources} == {a.removeprefix("!") for a in admis if a.startswith("!")}


def test_prometheus_scrapes_every_process_and_nothing_unknown() -> None:
    config = yaml.safe_load((RACINE / "deploy/prometheus/prometheus.yml").read_text(encoding="utf-8"))
    (vigie,) = [c for c in config["scrape_configs"] if c["job_name"] == "vigie"]
    (dns,) = vigie["dns_sd_configs"]
    assert set(dns["names"]) == set(PROCESSUS)
    assert {str(dns["port"])} == {s["environment"]["VIGIE_PORT"] for s in PROCESSUS.values()}
