"""Declared measures: what is refused, in French, and what a kept one is worth."""

from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from services.alerts.domain.mesures import Mesure, MesureRefusee, juger, verifier
from shared.catalogue.conventions import charger_conventions

AUJOURDHUI = date(2026, 3, 2)


def _ligne(calculee: bool, statistique: str = "taux") -> tuple[str, str]:
    return next(
        (c.code, ligne.code)
        for c in charger_conventions().values()
        for ligne in c.lignes.values()
        if (ligne.calcul is not None) is calculee
        and ligne.statistique == statistique
        and ligne.unite == "%"
        and not any(cible.segment for cible in ligne.cibles)
        and c.du.year < c.au.year
    )


CONVENTION, CODE = _ligne(calculee=False)
REGIE = charger_conventions()[CONVENTION]
ANNEE = REGIE.du.year + 1
BONNE = Mesure(
    CONVENTION, CODE, None, "Toulouse", date(ANNEE, 1, 1), date(ANNEE, 12, 31), Decimal("87.5"), "Rapport annuel",
    date(ANNEE + 1, 3, 1),
)  # fmt: skip


def test_une_bonne_mesure_est_gardee_sous_le_slug_de_la_caisse() -> None:
    assert verifier(BONNE, AUJOURDHUI) == replace(BONNE, organisme="cpam-31")
    assert verifier(replace(BONNE, organisme="reseau"), AUJOURDHUI).organisme == "reseau"


@pytest.mark.parametrize(
    ("changes", "champ", "indice"),
    [
        ({"convention": "cnam-2018"}, "convention", "cnam-2018-2022"),
        ({"code": "inconnu"}, "code", "inconnu"),
        ({"segment": "nord"}, "segment", "nord"),
        ({"organisme": "Atlantide"}, "caisse", "Atlantide"),
        ({"au": date(ANNEE - 1, 12, 31)}, "au", "avant son début"),
        ({"du": date(1999, 1, 1)}, "du", "la période en sort"),
        ({"date_source": date(2026, 3, 3)}, "date", "dans l'avenir"),
        ({"valeur": Decimal("100.5")}, "valeur", "0 à 100"),
        ({"valeur": Decimal("NaN")}, "valeur", "fini"),
    ],
)
def test_une_mauvaise_mesure_est_refusee_en_nommant_le_champ(changes: dict[str, Any], champ: str, indice: str) -> None:
    with pytest.raises(MesureRefusee) as refus:
        verifier(replace(BONNE, **changes), AUJOURDHUI)
    assert refus.value.champ == champ
    assert indice in str(refus.value)


def test_une_ligne_que_vigie_calcule_se_declare_aussi_et_dit_de_quel_indicateur_elle_est_la_voisine() -> None:
    ij = replace(BONNE, convention="cnamts-2014-2017", code="delai_ij", du=date(2016, 1, 1), au=date(2016, 12, 31))
    jugee = juger(verifier(replace(ij, valeur=Decimal("30"), date_source=date(2017, 3, 1)), AUJOURDHUI), AUJOURDHUI)
    assert (jugee["calcul"], jugee["verdict"]) == ("delai_ij_premiere_non_subrogee_moyen", "atteint")


def test_hors_convention_un_indicateur_calcule_se_declare_sous_le_nom_de_vigie() -> None:
    """2025: no convention; the last target known, 25 days in 2022, is carried over."""
    code, annee = "delai_ij_premiere_non_subrogee_moyen", (date(2025, 1, 1), date(2025, 12, 31))
    ij = replace(BONNE, convention="cnam-2018-2022", code="delai_ij", du=annee[0], au=annee[1], valeur=Decimal("25.5"))
    with pytest.raises(MesureRefusee, match=f"déclarez « {code} » sous la convention « vigie »"):
        verifier(ij, AUJOURDHUI)
    jugee = juger(verifier(replace(ij, convention="vigie", code=code), AUJOURDHUI), AUJOURDHUI)
    assert (jugee["calcul"], jugee["verdict"], jugee["cible"]["hypothese"]) == (code, "socle_atteint", True)
    with pytest.raises(MesureRefusee, match="ne calcule aucun indicateur"):
        verifier(replace(ij, convention="vigie"), AUJOURDHUI)
    with pytest.raises(MesureRefusee, match="0 à 100"):
        verifier(replace(ij, convention="vigie", code="taux_decroche", valeur=Decimal(101)), AUJOURDHUI)


def test_une_periode_a_venir_n_est_pas_mesuree() -> None:
    with pytest.raises(MesureRefusee, match="pas encore passé"):
        verifier(BONNE, date(ANNEE, 12, 30))


def test_une_mesure_est_jugee_par_la_cible_de_son_annee() -> None:
    jugee = juger(verifier(BONNE, AUJOURDHUI), AUJOURDHUI)
    assert jugee["unite"] == "%"
    assert jugee["verdict"] in ("atteint", "socle_atteint", "sous_le_socle", "sans_cible", "a_determiner")
    assert jugee["cible"]["annee"] == ANNEE
