"""``docker-compose.yml`` and what goes on top of it, as Compose reads them: merged, its variables replaced."""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

RACINE = Path(__file__).parents[2]
DEFAUT = RACINE / "docker-compose.yml"
PRODUCTION = RACINE / "docker-compose.production.yml"

_VARIABLE = re.compile(r"\$\{(\w+)(?::([-?])([^}]*))?\}")


class VariableAbsente(Exception):
    """A variable that has no default is not given; ``str()`` is its name."""


def lire(*fichiers: Path, variables: Mapping[str, str]) -> dict[str, Any]:
    """The model of these files, the later ones on top."""
    modele: Any = {}
    for fichier in fichiers:
        modele = _superposer(modele, yaml.safe_load(fichier.read_text(encoding="utf-8")))
    remplace: dict[str, Any] = _remplacer(modele, variables)
    return remplace


def lances(modele: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    """Its services, without those that a profile keeps for who asks."""
    return {nom: service for nom, service in modele["services"].items() if not service.get("profiles")}


def commande(service: Mapping[str, Any]) -> list[str]:
    """What it runs, the files mounted in the container being where they are in the repository."""
    montes = [volume.split(":")[:2] for volume in service.get("volumes", ()) if volume.startswith("./")]
    ici = {dedans: str(RACINE / dehors) for dehors, dedans in montes}
    return [ici.get(argument, argument) for argument in service["command"]]


def variables_exigees(*fichiers: Path) -> set[str]:
    """Names without a default."""
    trouvees = (_VARIABLE.findall(fichier.read_text(encoding="utf-8")) for fichier in fichiers)
    return {nom for paires in trouvees for nom, operateur, _ in paires if operateur == "?"}


def _superposer(dessous: Any, dessus: Any) -> Any:
    """Compose's rule for what Vigie's files use: maps are merged, lists are joined, anything else is replaced."""
    if isinstance(dessous, dict) and isinstance(dessus, dict):
        return {cle: _superposer(dessous.get(cle), dessus.get(cle, dessous.get(cle))) for cle in dessous | dessus}
    if isinstance(dessous, list) and isinstance(dessus, list) and dessous is not dessus:
        return [*dessous, *(un for un in dessus if un not in dessous)]
    return dessus


def _remplacer(valeur: Any, variables: Mapping[str, str]) -> Any:
    match valeur:
        case dict():
            return {cle: _remplacer(v, variables) for cle, v in valeur.items()}
        case list():
            return [_remplacer(v, variables) for v in valeur]
        case str():
            return _VARIABLE.sub(lambda trouvee: _valeur(trouvee, variables), valeur)
        case _:
            return valeur


def _valeur(trouvee: re.Match[str], variables: Mapping[str, str]) -> str:
    nom, operateur, reste = trouvee.groups()
    if variables.get(nom):
        return variables[nom]
    if operateur == "?":
        raise VariableAbsente(nom)
    return reste or ""
