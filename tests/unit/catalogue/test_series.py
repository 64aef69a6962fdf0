"""An indicator that measured one thing, then another: each period is of one of them."""

from datetime import date
from pathlib import Path
from typing import Any

import pytest
import yaml

from shared.catalogue.indicateurs import charger_indicateurs, indicateur
from shared.catalogue.processus import CatalogueInvalide
from shared.dossiers.presentation import presenter
from shared.indicators.periodes import Periode, decouper
from shared.indicators.statistiques import RESEAU, Valeur


def test_a_period_is_of_the_measure_in_force_and_of_none_across_the_change() -> None:
    serie = indicateur("delai_fse")
    assert serie.mesure(date(2017, 1, 1), date(2017, 12, 31)) is indicateur("delai_fse_moyen")
    assert serie.mesure(date(2018, 1, 1), date(2018, 1, 31)) is indicateur("delai_fse_d9")
    assert serie.mesure(date(2017, 12, 31), date(2018, 1, 1)) is None
    simple = indicateur("delai_fse_d9")
    assert simple.mesure(date(1990, 1, 1), date(2030, 1, 1)) is simple


def rangees(du: date, au: date, pas: Any, valeur: float = 6.0) -> list[dict[str, object]]:
    periodes = decouper(du, au, pas)
    serie = indicateur("delai_fse")
    calculees = [Valeur(RESEAU, p, valeur, 10) for p in periodes if _une(serie, p)]
    return presenter(serie, calculees, periodes, RESEAU)


def _une(serie: Any, p: Periode) -> bool:
    jour = date.fromordinal
    origine = date(1970, 1, 1).toordinal()
    return serie.mesure(jour(origine + p.du), jour(origine + p.au)) is not None


def test_the_break_is_marked_on_the_first_period_of_the_new_measure_with_its_own_target() -> None:
    lignes = rangees(date(2017, 11, 1), date(2018, 2, 28), "mois")
    assert [li["rupture"] for li in lignes] == [False, False, True, False]
    cibles = [li["cible"] for li in lignes]
    assert [c and c["convention"] for c in cibles] == [  # type: ignore[index]
        "cnamts-2014-2017", "cnamts-2014-2017", "cnam-2018-2022", "cnam-2018-2022",
    ]  # fmt: skip
    assert [li["verdict"] for li in lignes] == ["sans_cible"] * 2 + ["atteint"] * 2, "no mean was set for 2017"


def test_a_period_across_the_break_mixes_nothing() -> None:
    (ligne,) = rangees(date(2017, 12, 1), date(2018, 1, 31), None)
    assert (ligne["valeur"], ligne["verdict"], ligne["cible"], ligne["rupture"]) == (None, "non_mesure", None, True)


@pytest.mark.parametrize(
    ("mesures", "faute"),
    [
        ([{"de": "delai_fse_moyen", "jusqu_au": date(2017, 12, 31)}, {"de": "delai_fsee"}], "declared before"),
        ([{"de": "delai_fse_d9"}], "every one but the last"),
        ([{"de": "delai_fse_moyen"}, {"de": "delai_fse_d9"}], "every one but the last"),
        ([{"de": "delai_fse_moyen", "jusqu_au": date(2017, 12, 31)}, {"de": "stock_fse"}], "different services, units"),
    ],
)
def test_a_series_that_cannot_be_followed_is_refused(tmp_path: Path, mesures: list[Any], faute: str) -> None:
    brut = yaml.safe_load(Path("shared/catalogue/indicateurs.yaml").read_text(encoding="utf-8"))
    brut["series"] = [{"code": "essai", "libelle": "Essai", "mesures": mesures}]
    fichier = tmp_path / "indicateurs.yaml"
    fichier.write_text(yaml.safe_dump(brut, allow_unicode=True), encoding="utf-8")
    with pytest.raises(CatalogueInvalide, match=faute):
        charger_indicateurs(fichier)
