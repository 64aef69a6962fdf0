"""A convention file that contradicts itself is refused with every fault at once, each with its place."""

from collections.abc import Callable
from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest

from shared.catalogue import conventions
from shared.catalogue.conventions import charger_conventions
from shared.catalogue.processus import CatalogueInvalide

TETE = """\
convention: {code}
libelle: Essai
organisme: ESSAI
regime: essai
du: {du}
au: {au}
signature: {{le: {du}}}
source: {{fichier: "000", titre: Essai, lignes: [1]}}
fiches:
  - code: "1"
    titre: Une fiche
    indicateurs:
"""
RANGEE = """\
      - code: {code}
        libelle: Un taux
        mesure: Une phrase.
        type: resultat
        statistique: taux
        unite: "%"
        sens: {sens}
        {reste}
        lignes: [1]
"""
Ecrire = Callable[..., Path]


@pytest.fixture
def ecrire(tmp_path: Path) -> Ecrire:
    """Write one convention of one row; returns its folder."""

    def _ecrire(reste: str, *, nom: str = "essai", code: str = "taux", sens: str = "haut", du: str = "2020-01-01",
                au: str = "2021-12-31") -> Path:  # fmt: skip
        texte = TETE.format(code=nom, du=du, au=au) + RANGEE.format(code=code, sens=sens, reste=reste)
        (tmp_path / f"{nom}.yaml").write_text(texte, encoding="utf-8")
        return tmp_path

    return _ecrire


@pytest.mark.parametrize(
    ("reste", "phrase"),
    [
        ("cibles: {2020: 90}", "cibles 2020: valeur: 90 is not an exact number in quotes"),
        ("cibles: {2020: 90.5}", "90.5 is not an exact number in quotes"),
        ('cibles: {2020: "90,5"}', "'90,5' is not an exact number in quotes"),
        ('cibles: {2019: "90"}', "cibles 2019: is outside the convention"),
        ("cibles: {2020: {statut: ferme}}", "a firm or provisional target needs a number, or words"),
        ('cibles: {2020: {statut: absente, valeur: "90"}}', "a target that is absente has none"),
        ('cibles: {2020: {statut: promise, valeur: "90"}}', "statut: promise is not one of ferme"),
        ('cibles: {2020: {valeur: "90", operateur: "<="}}', "operateur: <= contradicts sens: haut"),
        ('cibles: {2020: {valeur: "80", socle: "90"}}', "not in this order, from best to worst"),
        ('cibles: {2020: ["90", "91"]}', "cibles: 2020 2020-01-01 given twice"),
        ('cibles: {2020: {valeur: "90", conu_le: 2020-01-02}}', "cibles 2020: unknown key: conu_le"),
        ('resultats: {2020: {statut: non_fourni, valeur: "0"}}', "valeur: non_fourni has no number"),
        ("resultats: {2020: mesure}", "valeur: mesure needs a number"),
        ("resultats: {2020: qualitatif}", "imprime: qualitatif needs the words of the source"),
        ("verdict: presque", "verdict: presque is not one of atteint"),
        ("calcul: taux_de_rien", "calcul: taux_de_rien is not a computed indicator"),
        ("calcul: delai_fse_moyen", "calcul: delai_fse_moyen is in jours (bas), the row in % (haut)"),
        ("calcul: delai_fse_moyen", "calcul: delai_fse_moyen is a moyenne, the row a taux"),
        ("calculs: taux_decroche", "unknown key: calculs"),
    ],
)
def test_a_fault_is_named_with_its_place(ecrire: Ecrire, reste: str, phrase: str) -> None:
    with pytest.raises(CatalogueInvalide) as refus:
        charger_conventions(ecrire(reste))
    fautes = str(refus.value).splitlines()
    assert len(fautes) == (2 if "delai_fse_moyen" in reste else 1)
    faute = next(f for f in fautes if phrase in f)
    assert faute.startswith(("essai.yaml, fiches 1, indicateurs taux", "essai.yaml, taux, calcul"))


def test_a_row_without_a_better_way_has_no_target(ecrire: Ecrire) -> None:
    with pytest.raises(CatalogueInvalide, match="sens is neutre"):
        charger_conventions(ecrire('cibles: {2020: "90"}', sens="neutre"))


def test_a_key_given_twice_is_refused_with_its_line(ecrire: Ecrire) -> None:
    with pytest.raises(CatalogueInvalide, match=r"essai.yaml: declared twice: 2020 .*line 20"):
        charger_conventions(ecrire('cibles: {2020: "90", 2020: "91"}'))


def test_every_fault_of_every_file_is_reported_at_once(ecrire: Ecrire) -> None:
    ecrire('cibles: {2020: 90, 2030: "9"}', nom="un", sens="mieux")
    dossier = ecrire("verdict: presque", nom="deux", code="Taux")
    with pytest.raises(CatalogueInvalide) as refus:
        charger_conventions(dossier)
    fautes = str(refus.value).splitlines()
    assert {faute.split(",")[0] for faute in fautes} == {
        "un.yaml",
        "deux.yaml",
        "deux and un both bind essai on 2020-01-01",
    }
    assert len(fautes) > 5


def test_two_conventions_of_one_regime_cannot_hold_on_the_same_day(ecrire: Ecrire) -> None:
    ecrire("note: a", nom="un", au="2021-12-31")
    dossier = ecrire("note: b", nom="deux", du="2021-12-31", au="2022-12-31")
    with pytest.raises(CatalogueInvalide, match="un and deux both bind essai on 2021-12-31"):
        charger_conventions(dossier)


def test_an_amendment_changes_the_target_from_the_day_it_is_known_and_not_before(
    ecrire: Ecrire, monkeypatch: pytest.MonkeyPatch
) -> None:
    amendee = '{valeur: "85", statut: ferme, connu_le: 2020-09-15}'
    dossier = ecrire(f'cibles: {{2020: [{{valeur: "90", statut: provisoire}}, {amendee}]}}')
    chargees = charger_conventions(dossier)
    monkeypatch.setattr(conventions, "charger_conventions", lambda: chargees)
    connues = {jour: conventions.cible("essai", "taux", 2020, jour) for jour in (date(2020, 9, 14), date(2020, 9, 15))}
    assert [(c.statut, c.valeur) for c in connues.values()] == [("provisoire", Decimal(90)), ("ferme", Decimal(85))]
    assert conventions.cible("essai", "taux", 2020).valeur == Decimal(85)
    assert conventions.cible("essai", "taux", 2020, date(2019, 12, 31)).statut == "absente"
