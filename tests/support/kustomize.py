"""What ``kubectl kustomize`` makes of a folder, for the few features that deploy/kubernetes uses; any other is an
error. Names of generated ConfigMaps stay as they are written, without the digest that kustomize adds to both ends.
"""

import copy
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import yaml

Objet = dict[str, Any]

_CONNUS = {
    "apiVersion", "kind", "namespace", "resources", "labels", "configMapGenerator", "images", "patches",
}  # fmt: skip
_CLES_DE_LISTE = ("name", "mountPath", "containerPort", "topologyKey", "key")
_SANS_ESPACE = {"Namespace"}
_ATOMIQUES = {"envFrom", "items", "matchExpressions"}


class KustomizeInvalide(Exception):
    """The folder cannot be resolved; says which file and why."""


def resoudre(dossier: Path) -> list[Objet]:
    """Every object of the folder, its patches applied."""
    fichier = dossier / "kustomization.yaml"
    regles = yaml.safe_load(fichier.read_text(encoding="utf-8"))
    if inconnus := regles.keys() - _CONNUS:
        raise KustomizeInvalide(f"{fichier} : {sorted(inconnus)} ne sont pas connus de cette lecture")
    objets = [objet for nom in regles.get("resources", ()) for objet in _ressource(dossier, nom)]
    for generateur in regles.get("configMapGenerator", ()):
        _engendrer(objets, dossier, generateur)
    for patch in regles.get("patches", ()):
        _appliquer(objets, dossier / patch["path"], patch["target"])
    for objet in objets:
        for groupe in regles.get("labels", ()):
            _etiqueter(objet, groupe["pairs"])
        for image in regles.get("images", ()):
            _renommer(objet, image)
        if "namespace" in regles and objet["kind"] not in _SANS_ESPACE:
            objet["metadata"]["namespace"] = regles["namespace"]
    return objets


def conteneurs(objet: Objet) -> list[Objet]:
    """Those of a Deployment or a Job."""
    gabarit = objet["spec"].get("template", {}) if objet["kind"] in ("Deployment", "Job") else {}
    trouves: list[Objet] = gabarit.get("spec", {}).get("containers", [])
    return trouves


def _ressource(dossier: Path, nom: str) -> list[Objet]:
    chemin = dossier / nom
    if chemin.is_dir():
        return resoudre(chemin)
    if not chemin.is_file():
        raise KustomizeInvalide(f"{dossier / 'kustomization.yaml'} nomme {nom}, qui n'est pas là")
    return list(yaml.safe_load_all(chemin.read_text(encoding="utf-8")))


def _engendrer(objets: list[Objet], dossier: Path, generateur: Mapping[str, Any]) -> None:
    donnees = dict(un.partition("=")[::2] for un in generateur.get("literals", ()))
    donnees |= {nom: (dossier / nom).read_text(encoding="utf-8") for nom in generateur.get("files", ())}
    if generateur.get("behavior") != "merge":
        objets.append(
            {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": generateur["name"]}, "data": donnees}
        )
        return
    vises = [o for o in objets if o["kind"] == "ConfigMap" and o["metadata"]["name"] == generateur["name"]]
    if not vises:
        raise KustomizeInvalide(f"{dossier} complète {generateur['name']}, qui n'est pas là")
    vises[0]["data"] |= donnees


def _appliquer(objets: list[Objet], fichier: Path, cible: Mapping[str, str]) -> None:
    patch = yaml.safe_load(fichier.read_text(encoding="utf-8"))
    sans_nom = {cle: valeur for cle, valeur in patch.items() if cle not in ("apiVersion", "kind")}
    sans_nom["metadata"] = {cle: valeur for cle, valeur in patch.get("metadata", {}).items() if cle != "name"}
    vises = [o for o in objets if _vise(o, cible)]
    if not vises:
        raise KustomizeInvalide(f"{fichier} ne vise rien : {dict(cible)}")
    for objet in vises:
        resultat = _superposer(objet, sans_nom)
        objet.clear()
        objet.update(resultat)


def _vise(objet: Objet, cible: Mapping[str, str]) -> bool:
    etiquettes = objet["metadata"].get("labels", {})
    return (
        cible.get("kind", objet["kind"]) == objet["kind"]
        and cible.get("name", objet["metadata"]["name"]) == objet["metadata"]["name"]
        and _selecteur(cible.get("labelSelector", ""))(etiquettes)
    )


def _selecteur(texte: str) -> Callable[[Mapping[str, str]], bool]:
    if not texte:
        return lambda _: True
    if " in (" in texte:
        cle, _, valeurs = texte.partition(" in (")
        admises = {valeur.strip() for valeur in valeurs.rstrip(")").split(",")}
    else:
        cle, _, valeur = texte.partition("=")
        admises = {valeur}
    return lambda etiquettes: etiquettes.get(cle) in admises


def _superposer(dessous: Any, dessus: Any, champ: str = "") -> Any:
    """A strategic merge: maps merged, None removes, lists of named things merged by name, the new ones first."""
    if isinstance(dessous, dict) and isinstance(dessus, dict):
        resultat = {cle: v for cle, v in dessous.items() if dessus.get(cle, v) is not None}
        for cle, valeur in dessus.items():
            if valeur is not None:
                resultat[cle] = _superposer(dessous.get(cle), valeur, cle)
        return resultat
    if isinstance(dessous, list) and isinstance(dessus, list) and champ not in _ATOMIQUES:
        cle = next(
            (c for c in _CLES_DE_LISTE if all(isinstance(x, dict) and c in x for x in [*dessous, *dessus])), None
        )
        if cle is not None:
            return _par_cle(dessous, dessus, cle)
    return copy.deepcopy(dessus)


def _par_cle(dessous: Sequence[Objet], dessus: Sequence[Objet], cle: str) -> list[Objet]:
    avant = {un[cle]: un for un in dessous}
    neufs = [copy.deepcopy(un) for un in dessus if un[cle] not in avant]
    changes = {un[cle]: un for un in dessus}
    return [*neufs, *(_superposer(un, changes[nom]) if nom in changes else un for nom, un in avant.items())]


def _etiqueter(objet: Objet, paires: Mapping[str, str]) -> None:
    objet["metadata"].setdefault("labels", {}).update(paires)
    gabarit = objet.get("spec", {}).get("template")
    if isinstance(gabarit, dict):
        gabarit.setdefault("metadata", {}).setdefault("labels", {}).update(paires)


def _renommer(objet: Objet, image: Mapping[str, str]) -> None:
    for conteneur in conteneurs(objet):
        nom, _, etiquette = conteneur["image"].partition(":")
        if nom == image["name"]:
            conteneur["image"] = f"{image.get('newName', nom)}:{image.get('newTag', etiquette)}"
