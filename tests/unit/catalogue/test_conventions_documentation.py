"""docs/indicateurs.md says everything the catalogue holds, in words a caisse director reads."""

from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import pytest

from shared.catalogue import documentation
from shared.catalogue.conventions import charger_conventions, ligne
from shared.catalogue.indicateurs import charger_indicateurs
from shared.catalogue.mise_en_mots import cibles, nombre, resultats
from shared.generes import commande


@pytest.fixture(scope="module")
def texte() -> str:
    return documentation.texte()


def test_every_row_and_every_computed_indicator_is_in_the_document(texte: str) -> None:
    for convention in charger_conventions().values():
        partie = texte.split(f'<a id="{convention.code}"></a>')[1].split("<a id=", maxsplit=1)[0]
        assert [r.code for r in convention.lignes.values() if f"`{r.code}`" not in partie] == []
    calcules = texte.split("## Les indicateurs calculés par Vigie")[1]
    assert [code for code in charger_indicateurs() if f"`{code}`" not in calcules] == []


def test_every_assumption_is_listed_apart(texte: str) -> None:
    hypotheses = texte.split("## Ce qui est hypothèse")[1]
    assert [i.code for i in charger_indicateurs().values() if i.hypothese and f"`{i.code}`" not in hypotheses] == []
    for convention in charger_conventions().values():
        assert convention.signature_note is None or convention.signature_note in hypotheses
        supposees = {r.nom for r in convention.lignes.values() if any(c.hypothese for c in r.cibles)}
        assert [nom for nom in supposees if nom not in hypotheses] == []


def test_every_row_of_a_table_has_the_cells_of_its_titles(texte: str) -> None:
    attendues = 0
    for rang, phrase in enumerate(texte.splitlines()):
        if phrase.startswith("|---"):
            attendues = phrase.count("|")
        elif phrase.startswith("| ") and attendues:
            assert phrase.count("|") == attendues, rang
        elif not phrase.startswith("|"):
            attendues = 0


def test_years_of_one_target_are_said_together() -> None:
    assert cibles(ligne("cnam-2018-2022", "delai_ij")) == (
        "2018-2019 : ≤ 28<br>2020 : ≤ 27<br>2021 : ≤ 26<br>2022 : ≤ 25"
    )
    assert cibles(ligne("cnam-2018-2022", "courriels_48h")) == "2018-2021 : ≥ 80<br>2022 : absente"


def test_years_apart_are_not_said_together() -> None:
    rangee = ligne("cnam-2018-2022", "delai_ij")
    trouee = replace(rangee, cibles=(rangee.cibles[0], replace(rangee.cibles[0], annee=2020)))
    assert cibles(trouee) == "2018 : ≤ 28<br>2020 : ≤ 28"


def test_what_a_number_does_not_say_is_said() -> None:
    assert cibles(ligne("cnam-2018-2022", "tif_pn")).startswith("2018 : ≤ 1,34 ± 0,3")
    assert cibles(ligne("canssm-2004-2006", "carrieres_cotisants")) == "2004 : ≥ 70<br>2005-2006 : ≥ 70 (provisoire)"
    assert cibles(ligne("cnamts-2014-2017", "courriels_48h")) == "2014-2017 : ≥ 80, socle 70"
    assert "+2,5 par rapport à 2019" in cibles(ligne("cnam-2018-2022", "accompagnes_pdp"))
    assert resultats(ligne("cnamts-2014-2017", "attente_accueil")) == "2014-2016 : non fourni"
    assert resultats(ligne("cnamts-2014-2017", "reclamations_10j")).endswith("2016 : SA 82, SM 90")


def test_numbers_are_written_in_french() -> None:
    assert nombre(Decimal("1276817950")) == "1\u202f276\u202f817\u202f950"
    assert nombre(Decimal("-0.5")) == "-0,5"


def test_the_verification_fails_until_the_document_is_written_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(documentation, "DOCUMENT", tmp_path / "indicateurs.md")
    assert commande("shared.catalogue.documentation", documentation.produits(), ["--verifier"]) == 1
    assert commande("shared.catalogue.documentation", documentation.produits(), []) == 0
    assert commande("shared.catalogue.documentation", documentation.produits(), ["--verifier"]) == 0
    (tmp_path / "indicateurs.md").write_text("autre chose", encoding="utf-8")
    assert commande("shared.catalogue.documentation", documentation.produits(), ["--verifier"]) == 1
    assert "lancez python -m shared.catalogue.documentation" in capsys.readouterr().err
    assert commande("shared.catalogue.documentation", documentation.produits(), ["--inconnu"]) == 2
