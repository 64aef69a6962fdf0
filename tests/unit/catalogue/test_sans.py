"""What an indicator takes away is checked when the catalogue is loaded."""

from pathlib import Path
from typing import Any

import pytest
import yaml

from shared.catalogue import indicateurs
from shared.catalogue.indicateurs import charger_indicateurs
from shared.catalogue.processus import CatalogueInvalide


@pytest.mark.parametrize(
    ("change", "faute"),
    [
        ({"process": "appel"}, "sans.process: appel is not a derived process"),
        ({"attribut": "couleur"}, "sans.attribut: couleur is not a stratum of reiteration"),
        ({"valeurs": ["0", "99"]}, "sans.valeurs: 99 is not a value of ecart"),
    ],
)
def test_what_is_taken_away_is_of_a_derived_process(tmp_path: Path, change: dict[str, Any], faute: str) -> None:
    brut = yaml.safe_load(Path(indicateurs.__file__).with_name("indicateurs.yaml").read_text(encoding="utf-8"))
    (net,) = [e for e in brut["indicateurs"] if e["statistique"].get("part_nette", {}).get("sans", {}).get("process")
              == "reiteration" and e["process"] == "appel"]  # fmt: skip
    net["statistique"]["part_nette"]["sans"] |= change
    fichier = tmp_path / "indicateurs.yaml"
    fichier.write_text(yaml.safe_dump(brut, allow_unicode=True), encoding="utf-8")
    with pytest.raises(CatalogueInvalide, match=f"^{net['code']}: .*{faute}$"):
        charger_indicateurs(fichier)
