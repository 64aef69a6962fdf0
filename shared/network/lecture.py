"""Reading of the data files packaged in ``donnees/``. The only input of this package."""

from importlib.resources import files
from typing import Any

import yaml


def lire_donnees(nom: str) -> Any:
    """Content of ``donnees/<nom>`` (YAML). Blocks on a local file; callers cache what they build from it."""
    return yaml.safe_load(files("shared.network").joinpath("donnees", nom).read_text(encoding="utf-8"))
