"""The target of a day: of the convention in force, else assumed, and what is assumed is said."""

from dataclasses import replace
from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest

from shared.catalogue import seuils
from shared.catalogue.cibles import CibleApplicable, cible_applicable
from shared.catalogue.conventions import charger_conventions, lignes_calculees
from shared.catalogue.indicateurs import indicateur
from shared.catalogue.processus import CatalogueInvalide
from shared.catalogue.seuils import charger_seuils
from shared.dossiers import presentation
from shared.indicators.periodes import Periode
from shared.indicators.statistiques import RESEAU, Valeur
from shared.indicators.verdicts import Verdict, verdict
from shared.network.jours import jour_de
from shared.network.reseau import Reseau, charger

IJ, D9, COURRIELS = "delai_ij_premiere_non_subrogee_moyen", "delai_cmuc_acs_d9", "courriels_48h"


def le(code: str, jour: str) -> CibleApplicable:
    trouvee = cible_applicable(code, date.fromisoformat(jour))
    assert trouvee is not None
    return trouvee


def juger(code: str, jour: str, valeur: str) -> Verdict:
    return verdict(Decimal(valeur), le(code, jour).cible, indicateur(code).sens)


@pytest.mark.parametrize(
    ("code", "jour", "valeur", "attendu"),
    [
        (IJ, "2019-12-31", "27.5", "atteint"),
        (IJ, "2020-01-01", "27.5", "sous_le_socle"),
        (D9, "2019-12-31", "31.5", "atteint"),
        (D9, "2020-01-01", "31.5", "sous_le_socle"),
        ("reclamations_10j", "2020-12-31", "84.5", "atteint"),
        ("reclamations_10j", "2021-01-01", "84.5", "sous_le_socle"),
        (COURRIELS, "2017-12-31", "77.9", "socle_atteint"),
        (COURRIELS, "2017-12-31", "70", "socle_atteint"),
        (COURRIELS, "2018-01-01", "77.9", "sous_le_socle"),
        (COURRIELS, "2022-12-31", "10", "sans_cible"),
        ("taux_decroche", "2017-12-31", "90", "atteint"),
        ("delai_fse_moyen", "2016-12-31", "7", "atteint"),
        ("delai_fse_moyen", "2017-12-31", "7", "sans_cible"),
        ("delai_fse_d9", "2018-01-01", "7", "atteint"),
    ],
)
def test_a_computed_value_is_judged_by_the_convention_in_force_that_day(
    code: str, jour: str, valeur: str, attendu: Verdict
) -> None:
    assert juger(code, jour, valeur) == attendu
    assert not le(code, jour).reconduite


@pytest.mark.parametrize(
    ("code", "jour"),
    [("taux_decroche", "2018-01-01"), ("delai_fse_moyen", "2019-01-01"), ("delai_fse_d9", "2017-12-31")],
)
def test_a_convention_in_force_without_the_row_leaves_no_target(code: str, jour: str) -> None:
    assert cible_applicable(code, date.fromisoformat(jour)) is None


def test_after_the_last_convention_a_target_is_continued_only_where_it_is_said_and_as_an_assumption() -> None:
    assert cible_applicable(IJ, date(2022, 12, 31)) == CibleApplicable(
        le(IJ, "2022-12-31").cible, "cnam-2018-2022", "delai_ij", reconduite=False, hypothese=False
    )
    continuee = le(IJ, "2026-11-01")
    assert (continuee.reconduite, continuee.hypothese, continuee.cible.statut) == (True, True, "provisoire")
    assert (continuee.cible.annee, continuee.cible.valeur) == (2022, Decimal(25))
    assert cible_applicable("delai_fse_moyen", date(2026, 11, 1)) is None


def test_an_objectif_of_no_source_has_no_convention_and_is_an_assumption() -> None:
    supposee = le("delai_fsp_assures_moyen", "2026-11-01")
    assert (supposee.convention, supposee.ligne, supposee.hypothese) == (None, None, True)
    assert cible_applicable("delai_fsp_assures_moyen", date(2022, 12, 31)) is None


def test_no_alert_threshold_applies_before_the_file_says() -> None:
    assert le(IJ, "2022-12-31").cible.seuil_alerte is None
    assert juger(IJ, "2022-12-31", "60") == "sous_le_socle"
    assert juger(IJ, "2023-01-01", "60") == "seuil_alerte_franchi"
    assert juger(IJ, "2023-01-01", "35") == "sous_le_socle", "the bound is not beyond"


def test_a_target_is_the_one_known_that_day() -> None:
    convention = charger_conventions()["cnam-2018-2022"]
    avant = cible_applicable(IJ, date(2018, 6, 1), connu_le=date(2017, 12, 31))
    assert convention.signature > date(2017, 12, 31)
    assert avant is not None
    assert (avant.cible.statut, avant.cible.valeur) == ("absente", None)


def test_every_watched_indicator_of_the_igas_list_has_a_threshold_and_may_have_a_letter() -> None:
    surveilles = charger_seuils().surveilles
    assert {code for code, s in surveilles.items() if s.liste == "igas"} == {
        IJ, D9, "delai_cmuc_acs_moyen", "taux_decroche", "delai_fsp_assures_moyen", "delai_fsp_medecins_moyen",
        "reclamations_10j",
    }  # fmt: skip
    for code, s in surveilles.items():
        assert s.courrier == (s.liste == "igas")
        assert (s.seuil < s.retour) == (indicateur(code).sens == "haut"), "hysteresis: one comes back from further"
    assert {COURRIELS, "delai_fse_d9", "delai_ame_d9"} <= surveilles.keys()


def test_the_list_of_the_gdr_processes_is_off_until_it_is_made_active(tmp_path: Path) -> None:
    code, livre = "delai_entente_prealable_d9", Path(seuils.__file__).with_name("seuils.yaml")
    assert code not in charger_seuils().surveilles
    actif = tmp_path / "seuils.yaml"
    texte = livre.read_text(encoding="utf-8")
    actif.write_text(texte.replace("listes_actives: [igas,", "listes_actives: [gdr, igas,"), encoding="utf-8")
    assert charger_seuils(actif).surveilles[code].liste == "gdr"
    faux = tmp_path / "faux.yaml"
    faux.write_text(texte.replace("listes_actives: [igas,", "listes_actives: [gdp, igas,"), encoding="utf-8")
    with pytest.raises(CatalogueInvalide, match="listes_actives"):
        charger_seuils(faux)


def test_one_row_of_a_convention_at_most_is_measured_by_an_indicator() -> None:
    regies = {c.code for c in charger_conventions().values() if c.regime is not None}
    for code, lignes in lignes_calculees().items():
        conventions = [c.code for c, _ in lignes if c.code in regies]
        assert len(conventions) == len(set(conventions)), code


@pytest.mark.parametrize(
    ("remplace", "par", "faute"),
    [
        ('seuil: "35", retour: "32"', 'seuil: "32", retour: "35"', "not in this order"),
        ('seuil: "35"', 'seuil: "trente"', "not an exact number"),
        ("annee: 2021}", "annee: 2022}", "the row has no number for 2022"),
        ("convention: cnam-2018-2022, annee: 2021", "convention: cnamss, annee: 2021", "has no row"),
        ("indicateur: delai_ame_d9", "indicateur: delai_ami_d9", "delai_ami_d9 is not a computed indicator"),
        ("liste: hypothese, courrier: false", "liste: hypothese", "proposes no letter"),
        ("fenetre: 28", "fenetre: 0", "at least one day"),
        ("depuis: 2023-01-01", "depuis: hier", "is not a date"),
        ("indicateur: delai_ame_d9", "indicateur: courriels_48h", "is given twice"),
    ],
)
def test_a_fault_is_named_with_its_place(tmp_path: Path, remplace: str, par: str, faute: str) -> None:
    texte = Path("shared/catalogue/seuils.yaml").read_text(encoding="utf-8")
    assert remplace in texte
    fichier = tmp_path / "seuils.yaml"
    fichier.write_text(texte.replace(remplace, par), encoding="utf-8")
    with pytest.raises(CatalogueInvalide, match=faute):
        charger_seuils(fichier)


def test_a_caisse_is_judged_by_the_convention_of_its_regime(monkeypatch: pytest.MonkeyPatch) -> None:
    """75 % of e-mails in 48 hours in 2020: under the 80 % of the CNAM, over the 70 % of the CNMSS."""
    reseau = charger()
    militaire = replace(reseau.par_slug["cpam-83"], regime="militaire")
    autre = Reseau([militaire if c.slug == "cpam-83" else c for c in reseau.caisses], reseau.hierarchies.values())
    monkeypatch.setattr(presentation, "charger", lambda: autre)
    annee = Periode(jour_de(date(2020, 1, 1)), jour_de(date(2020, 12, 31)))
    codes = (RESEAU, reseau.par_slug["cpam-13"].code, militaire.code)
    mesurees = [Valeur(code, annee, 75.0, 4, 3, 4) for code in codes]
    lignes = {li["caisse"]: li for li in presentation.presenter(indicateur(COURRIELS), mesurees, [annee], None)}
    verdicts = {slug: lignes[slug]["verdict"] for slug in ("reseau", "cpam-13", "cpam-83")}
    assert verdicts == {"reseau": "sous_le_socle", "cpam-13": "sous_le_socle", "cpam-83": "atteint"}
    assert lignes["cpam-83"]["cible"]["convention"] == "cnmss-2019-2023"


def test_what_is_assumed_for_the_network_binds_no_other_regime() -> None:
    continuee = cible_applicable(IJ, date(2026, 11, 1), regime="militaire")
    assert continuee is not None
    assert continuee.cible.valeur is None, "the alert threshold is watched everywhere"
