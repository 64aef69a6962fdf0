"""Reading of the data files packaged in ``donnees/``. The only input of this package."""

from importlib.resources import files
from typing import Any

import yaml


def texte_des_donnees(nom: str) -> str:
    """Content of ``donnees/<nom>``. Blocks on a local file; callers cache what they build from it."""
    return files("shared.network").joinpath("donnees", nom).read_text(encoding="utf-8")


def lire_donnees(nom: str) -> Any:
    """The same, of a YAML file."""
    return yaml.load(texte_des_donnees(nom), Loader=yaml.CSafeLoader)
