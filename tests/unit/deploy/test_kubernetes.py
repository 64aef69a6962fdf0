"""The objects that deploy/kubernetes makes: valid, closed, and of the same processes as Compose."""

import re
from pathlib import Path
from typing import Any

import kubernetes_validate
import pytest
import yaml
from typer.core import TyperGroup
from typer.main import get_command

from shared.service.reglages import PARTITIONS, Reglages
from tests.support import compose
from tests.support.kustomize import KustomizeInvalide, Objet, conteneurs, resoudre
from tests.support.metriques_du_code import metriques_du_code
from tests.support.variables import connues, reglages_de
from vigie.cli import application

RACINE = Path(__file__).parents[3]
DOSSIER = RACINE / "deploy/kubernetes"
BASE, PRODUCTION = resoudre(DOSSIER / "base"), resoudre(DOSSIER / "production")
COMPOSE = {
    n: s for n, s in compose.lances(compose.lire(compose.DEFAUT, variables={})).items() if "vigie:" in s["image"]
}
VERSION = "1.34"
EXTENSIONS = {
    "ScaledObject": {"apiVersion": "keda.sh/v1alpha1", "spec": {"scaleTargetRef", "triggers"}},
    "PodMonitor": {"apiVersion": "monitoring.coreos.com/v1", "spec": {"selector", "podMetricsEndpoints"}},
}
"""Kinds that Kubernetes does not know by itself: their group, and what their specification must have."""


def _nom(objet: Objet) -> str:
    return f"{objet['kind']}/{objet['metadata']['name']}"


def _de_genre(genre: str, objets: list[Objet] = PRODUCTION) -> dict[str, Objet]:
    return {objet["metadata"]["name"]: objet for objet in objets if objet["kind"] == genre}


TRAVAILLENT = _de_genre("Deployment") | _de_genre("Job")


@pytest.mark.parametrize("objets", [BASE, PRODUCTION], ids=["base", "production"])
def test_kubernetes_knows_every_object(objets: list[Objet]) -> None:
    for objet in objets:
        if (extension := EXTENSIONS.get(objet["kind"])) is None:
            kubernetes_validate.validate(objet, VERSION, strict=True)
        else:
            assert objet["apiVersion"] == extension["apiVersion"]
            assert extension["spec"] <= objet["spec"].keys(), _nom(objet)
    assert len({_nom(objet) for objet in objets}) == len(objets), "deux objets du même nom"


def test_the_base_asks_for_no_extension_of_the_cluster() -> None:
    assert {objet["kind"] for objet in BASE} & EXTENSIONS.keys() == set()


def test_an_object_with_a_fault_would_not_pass() -> None:
    faux = yaml.safe_load(yaml.safe_dump(_de_genre("Deployment")["console"]))
    conteneurs(faux)[0]["readOnlyRootFilesystem"] = True
    with pytest.raises(kubernetes_validate.ValidationError):
        kubernetes_validate.validate(faux, VERSION, strict=True)


def test_a_patch_that_aims_at_nothing_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "p.yaml").write_text("spec: {replicas: 3}")
    (tmp_path / "kustomization.yaml").write_text("patches: [{path: p.yaml, target: {kind: Deployment, name: absent}}]")
    with pytest.raises(KustomizeInvalide, match="ne vise rien"):
        resoudre(tmp_path)
    (tmp_path / "kustomization.yaml").write_text("resources: [absent.yaml]")
    with pytest.raises(KustomizeInvalide, match="n'est pas là"):
        resoudre(tmp_path)


def test_every_process_of_compose_runs_with_the_same_command() -> None:
    ici = {nom: conteneurs(objet)[0]["args"] for nom, objet in TRAVAILLENT.items()}
    assert ici == {nom: service["command"] for nom, service in COMPOSE.items()}


@pytest.mark.parametrize("nom", TRAVAILLENT)
def test_the_command_line_takes_what_the_container_runs(nom: str) -> None:
    fichiers = {"/etc/vigie/topics.yaml": str(RACINE / "deploy/kafka/topics.yaml")}
    arguments = [fichiers.get(argument, argument) for argument in conteneurs(TRAVAILLENT[nom])[0]["args"]]
    ligne = get_command(application)
    assert isinstance(ligne, TyperGroup)
    contexte = ligne.make_context("vigie", list(arguments), resilient_parsing=True)
    sous_commande, commande, reste = ligne.resolve_command(contexte, arguments)
    assert commande is not None
    commande.make_context(sous_commande, reste)


def _environnement(nom: str) -> dict[str, str]:
    conteneur = conteneurs(TRAVAILLENT[nom])[0]
    cartes = _de_genre("ConfigMap")
    communes = [cartes[source["configMapRef"]["name"]]["data"] for source in conteneur.get("envFrom", ())]
    propres = {variable["name"]: variable["value"] for variable in conteneur.get("env", ())}
    return {cle: valeur for carte in communes for cle, valeur in carte.items()} | propres


@pytest.mark.parametrize("nom", TRAVAILLENT)
def test_every_setting_is_one_that_the_process_reads_and_none_is_a_secret(nom: str) -> None:
    donnes = _environnement(nom)
    commande = conteneurs(TRAVAILLENT[nom])[0]["args"]
    assert donnes.keys() <= connues(commande)
    secrets = {
        f"VIGIE_{champ.upper()}"
        for champ, lu in reglages_de(commande).model_fields.items()
        if "SecretStr" in str(lu.annotation)
    }
    assert donnes.keys() & secrets == set()


@pytest.mark.parametrize("nom", TRAVAILLENT)
def test_every_secret_file_that_a_process_is_told_of_is_mounted(nom: str) -> None:
    spec = TRAVAILLENT[nom]["spec"]["template"]["spec"]
    montes = {monte["name"]: monte["mountPath"] for monte in conteneurs(TRAVAILLENT[nom])[0]["volumeMounts"]}
    fichiers = {
        f"{montes[volume['name']]}/{un['path']}"
        for volume in spec["volumes"]
        for un in volume.get("secret", {}).get("items", ())
    }
    lus = {valeur for cle, valeur in _environnement(nom).items() if cle.endswith("_FICHIER")}
    assert lus == fichiers
    assert montes.keys() == {volume["name"] for volume in spec["volumes"]}


@pytest.mark.parametrize("nom", _de_genre("Deployment"))
def test_the_settings_of_a_process_let_it_start(nom: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for cle, valeur in _environnement(nom).items():
        if cle.endswith("_FICHIER"):
            fichier = tmp_path / cle
            fichier.write_text("postgresql://hote/base" if "DATABASE" in cle else "secret")
            valeur = str(fichier)  # noqa: PLW2901
        monkeypatch.setenv(cle, valeur)
    reglages: Reglages = reglages_de(conteneurs(TRAVAILLENT[nom])[0]["args"]).charger()
    assert reglages.mode == "production"
    grace = TRAVAILLENT[nom]["spec"]["template"]["spec"]["terminationGracePeriodSeconds"]
    pause = conteneurs(TRAVAILLENT[nom])[0]["lifecycle"]["preStop"]["sleep"]["seconds"]
    assert grace > reglages.delai_arret_s + pause


@pytest.mark.parametrize("nom", TRAVAILLENT)
def test_a_container_is_a_plain_user_that_can_change_nothing(nom: str) -> None:
    spec = TRAVAILLENT[nom]["spec"]["template"]["spec"]
    (conteneur,) = conteneurs(TRAVAILLENT[nom])
    utilisateur = str(spec["securityContext"]["runAsUser"])
    assert COMPOSE[nom]["user"] == f"{utilisateur}:{spec['securityContext']['runAsGroup']}"
    assert spec["securityContext"]["runAsNonRoot"] is True
    assert spec["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
    assert spec["automountServiceAccountToken"] is False
    assert conteneur["securityContext"] == {
        "allowPrivilegeEscalation": False,
        "readOnlyRootFilesystem": True,
        "capabilities": {"drop": ["ALL"]},
    }
    assert {"cpu", "memory"} <= conteneur["resources"]["limits"].keys()
    assert {"cpu", "memory"} <= conteneur["resources"]["requests"].keys()


@pytest.mark.parametrize("nom", _de_genre("Deployment"))
def test_a_process_is_several_watched_and_never_all_gone_at_once(nom: str) -> None:
    spec = _de_genre("Deployment")[nom]["spec"]
    etiquettes = spec["template"]["metadata"]["labels"]
    assert spec["selector"]["matchLabels"].items() <= etiquettes.items()
    (conteneur,) = conteneurs(_de_genre("Deployment")[nom])
    assert conteneur["readinessProbe"]["httpGet"]["path"] == "/readyz"
    assert conteneur["livenessProbe"]["httpGet"]["path"] == conteneur["startupProbe"]["httpGet"]["path"] == "/livez"
    assert spec["template"]["spec"]["topologySpreadConstraints"]
    assert _de_genre("PodDisruptionBudget")[nom]["spec"]["selector"] == spec["selector"]
    echelles = [
        echelle["spec"].get("minReplicas", echelle["spec"].get("minReplicaCount"))
        for genre in ("HorizontalPodAutoscaler", "ScaledObject")
        for echelle in _de_genre(genre).values()
        if echelle["spec"]["scaleTargetRef"]["name"] == nom
    ]
    fixes = [spec["replicas"]] if "replicas" in spec else []
    (nombre,) = [*echelles, *fixes]
    assert nombre >= 2


def test_consumers_grow_with_a_lag_that_the_code_measures_up_to_one_a_partition() -> None:
    for nom, echelle in _de_genre("ScaledObject").items():
        (declencheur,) = echelle["spec"]["triggers"]
        requete = declencheur["metadata"]["query"]
        assert set(re.findall(r"\bvigie_\w+", requete)) <= metriques_du_code()
        service = nom.removesuffix("-consumer")
        assert f'topic="vigie.{service}.v1"' in requete
        assert echelle["spec"]["maxReplicaCount"] == PARTITIONS


def test_what_one_object_names_is_there() -> None:
    services, comptes = _de_genre("Service"), _de_genre("ServiceAccount")
    for nom, service in services.items():
        visees = [d for d in TRAVAILLENT.values() if service["spec"]["selector"].items()
                  <= d["spec"]["template"]["metadata"]["labels"].items()]  # fmt: skip
        assert [objet["metadata"]["name"] for objet in visees] == [nom]
    for objet in TRAVAILLENT.values():
        assert objet["spec"]["template"]["spec"]["serviceAccountName"] in comptes
    entrees = [ingress["spec"] for ingress in _de_genre("Ingress").values()]
    regles = [regle for entree in entrees for regle in entree["rules"]]
    menent = {chemin["backend"]["service"]["name"] for regle in regles for chemin in regle["http"]["paths"]}
    assert menent == services.keys()
    assert {hote for e in entrees for tls in e["tls"] for hote in tls["hosts"]} == {r["host"] for r in regles}
    adresses = [v for nom in TRAVAILLENT for v in _environnement(nom).values() if v.endswith("-api:8000")]
    assert {adresse.removeprefix("http://").removesuffix(":8000") for adresse in adresses} <= services.keys()


def _choisit(selecteur: dict[str, Any], etiquettes: dict[str, str]) -> bool:
    """A label selector, as NetworkPolicies use it here."""
    exactes = selecteur.get("matchLabels", {}).items() <= etiquettes.items()
    return exactes and all(
        (etiquettes.get(expression["key"]) in expression["values"]) == (expression["operator"] == "In")
        for expression in selecteur.get("matchExpressions", ())
    )


def _permis(de: str, vers: str) -> bool:
    """Whether network policies let a call through at both of its ends."""
    etiquettes = {nom: objet["spec"]["template"]["metadata"]["labels"] for nom, objet in TRAVAILLENT.items()}
    bouts = (("egress", "to", de, vers), ("ingress", "from", vers, de))
    return all(
        any(
            "podSelector" in pair and _choisit(pair["podSelector"], etiquettes[autre])
            for politique in _de_genre("NetworkPolicy").values()
            if _choisit(politique["spec"]["podSelector"], etiquettes[nom])
            for regle in politique["spec"].get(sens, ())
            for pair in regle[mot]
        )
        for sens, mot, nom, autre in bouts
    )


def test_the_network_lets_each_service_ask_those_it_reads_and_no_other() -> None:
    apis = {nom for nom in TRAVAILLENT if nom.endswith("-api")}
    for nom in TRAVAILLENT:
        lus = {a for a in apis if f"http://{a}:8000" in _environnement(nom).values()}
        permis = {a for a in apis if _permis(nom, a)}
        # Alerts writes the entraide's public address in e-mails and never asks it.
        assert lus <= permis | {nom}, nom
    assert not _permis("contacts-api", "claims-api")
    assert not _permis("console", "contacts-consumer")
    assert not _permis("migrate", "contacts-api")
    rien = _de_genre("NetworkPolicy")["rien"]["spec"]
    assert rien == {"podSelector": {}, "policyTypes": ["Ingress", "Egress"]}


def test_who_works_on_the_database_may_reach_it_and_the_console_may_not() -> None:
    donnees = _de_genre("NetworkPolicy")["donnees"]["spec"]["podSelector"]["matchLabels"]
    vues = {
        nom: donnees.items() <= objet["spec"]["template"]["metadata"]["labels"].items()
        for nom, objet in TRAVAILLENT.items()
    }
    assert {nom for nom, la in vues.items() if not la} == {"console"}
    assert "VIGIE_DATABASE_URL_FICHIER" not in _environnement("console")
