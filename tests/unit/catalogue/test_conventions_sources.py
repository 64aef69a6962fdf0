"""The transcription against the source texts themselves: labels, numbers and line references."""

import re
from decimal import Decimal
from functools import cache
from pathlib import Path

import pytest

from shared.catalogue.conventions import charger_conventions
from shared.catalogue.modele_conventions import Convention, Ligne

SOURCES = Path(__file__).parents[4] / "shared" / "sources"
pytestmark = pytest.mark.skipif(
    not SOURCES.exists(), reason="les textes des conventions ne sont pas à côté du dépôt : transcription non relue"
)

EN_LETTRES = {"une semaine": 1, "deux": 2, "trois": 3, "un départ en retraite sur deux": 50, "centaine": 100,
              "trente mille": 30_000}  # fmt: skip
RANGEES = [
    pytest.param(convention, rangee, id=f"{convention.code}/{rangee.code}")
    for convention in charger_conventions().values()
    for rangee in convention.lignes.values()
]


@cache
def texte_source(fichier: str) -> list[str]:
    (chemin,) = SOURCES.glob(f"{fichier}_*.txt")
    return chemin.read_text(encoding="utf-8").split("\n")


def cite(convention: Convention, lignes: tuple[int, ...]) -> str:
    texte = texte_source(convention.source.fichier)
    return "\n".join(texte[n - 1] for n in lignes)


def mots(phrase: str) -> list[str]:
    return re.findall(r"\w+", phrase.lower().replace("²", ""))


def serre(texte: str) -> str:
    return "".join(mots(texte))


def nombre(brut: str) -> Decimal | None:
    """The number of a cell: French decimals, thousands with spaces, units around."""
    trouve = re.search(r"-?\s?\d[\d\s]*(?:[.,]\d+)?", brut.replace("\u00a0", " "))
    return Decimal(re.sub(r"\s", "", trouve.group()).replace(",", ".")) if trouve else None


def nombres(texte: str) -> set[Decimal]:
    texte = re.sub(r"[\u00a0\u202f]", " ", texte)
    bruts = re.findall(r"\d{1,3}(?: \d{3})+|\d+(?:[.,]\d+)?", texte) + re.findall(r"\d+(?:[.,]\d+)?", texte)
    lus = {Decimal(b.replace(" ", "").replace(",", ".")) for b in bruts}
    return lus | {Decimal(n) for mot, n in EN_LETTRES.items() if mot in texte}


@pytest.mark.parametrize(("convention", "rangee"), RANGEES)
def test_the_words_of_a_row_are_on_the_lines_it_cites(convention: Convention, rangee: Ligne) -> None:
    source = serre(cite(convention, rangee.lignes))
    imprimes = [i for i in (*(c.imprime for c in rangee.cibles), *(r.imprime for r in rangee.resultats)) if i]
    absents = {mot for phrase in (rangee.libelle, *imprimes) for mot in mots(phrase) if mot not in source}
    assert absents == set()


@pytest.mark.parametrize(("convention", "rangee"), RANGEES)
def test_the_numbers_of_a_row_are_on_the_lines_it_cites(convention: Convention, rangee: Ligne) -> None:
    donnes = {abs(n) for c in rangee.cibles if not c.hypothese for n in (c.valeur, c.socle, c.marge) if n is not None}
    donnes |= {abs(r.valeur) for r in rangee.resultats if r.valeur is not None}
    assert donnes - nombres(cite(convention, rangee.lignes)) == set()


@pytest.mark.parametrize("convention", charger_conventions().values(), ids=lambda c: c.code)
def test_the_lines_a_convention_cites_exist_and_are_not_blank(convention: Convention) -> None:
    texte = texte_source(convention.source.fichier)
    phrases = " ".join(
        (*convention.anomalies, *convention.notes, convention.signature_note or "",
         *(p for r in convention.lignes.values() for p in (*r.anomalies, r.note or "")))
    )  # fmt: skip
    dites = {int(n) for groupe in re.findall(r"lignes? ([\d, à et]+)", phrases) for n in re.findall(r"\d+", groupe)}
    citees = dites | {n for j in convention.jalons for n in j.lignes} | set(convention.source.lignes)
    assert [n for n in sorted(citees) if n > len(texte) or not texte[n - 1].strip()] == []


def test_the_igas_table_is_copied_cell_by_cell() -> None:
    convention = charger_conventions()["cnamts-2014-2017"]
    texte = texte_source("003")
    imprimees = [n for n in range(2986, 3051) if re.match(r"I[RS] ?-", texte[n - 1])]
    assert [r.lignes[0] for r in convention.lignes.values()] == imprimees
    for rangee in convention.lignes.values():
        libelle, *annees, _, flag, verdict = texte[rangee.lignes[0] - 1].split("\t")
        assert rangee.type == {"IR": "resultat", "IS": "suivi"}[libelle[:2]]
        assert rangee.non_transmis == (flag == "non fourni")
        assert (rangee.verdict.imprime if rangee.verdict else "") == verdict
        for annee, cellule in zip((2014, 2015, 2016), annees, strict=True):
            lus = [r.valeur for r in rangee.resultats if r.annee == annee and r.valeur is not None]
            attendus = [nombre(n) for n in re.findall(r"\d[\d,.]*", cellule.replace("m ²", ""))]
            assert lus == attendus, (rangee.code, annee)


@pytest.mark.parametrize("code", ["cnam-2018-2022", "cnmss-2019-2023"])
def test_each_target_stands_under_its_year(code: str) -> None:
    """The last five cells of a row are the five years of the convention."""
    convention = charger_conventions()[code]
    annees = range(convention.du.year, convention.au.year + 1)
    for rangee in convention.lignes.values():
        if rangee.statistique == "liste" or any(c.segment for c in rangee.cibles) or rangee.code == "cout_gestion":
            continue
        cellules = texte_source(convention.source.fichier)[rangee.lignes[0] - 1].split("\t")[-5:]
        imprimees = {a: abs(n) if (n := nombre(c)) is not None else None for a, c in zip(annees, cellules, strict=True)}
        lues = {c.annee: abs(c.valeur) if c.valeur is not None else None for c in rangee.cibles}
        assert lues == imprimees, rangee.code
