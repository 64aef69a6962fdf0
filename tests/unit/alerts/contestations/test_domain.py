"""Answers are the last word; adapted targets cover the days they were granted for, and no other."""

from datetime import date, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.alerts.contestations.chiffre import change
from services.alerts.contestations.domain import (
    PASSAGES_CONTESTATION,
    PASSAGES_EVOCATION,
    Adaptation,
    AdaptationInvalide,
    Bornes,
    adaptation_le,
    adapter,
    hors_de,
    seuil_adapte,
    verifier,
)
from services.alerts.suivis.passages import MotifManquant, PassageImpossible, Passages, passer
from shared.catalogue.modele_conventions import Cible
from shared.indicators.sens import Mieux
from shared.indicators.verdicts import verdict

DEBUT = date(2026, 1, 1)
PERIODES = st.tuples(st.integers(0, 60), st.integers(0, 60)).map(
    lambda ab: (DEBUT + timedelta(days=min(ab)), DEBUT + timedelta(days=max(ab)))
)


@pytest.mark.parametrize("passages", [PASSAGES_CONTESTATION, PASSAGES_EVOCATION])
def test_une_reponse_a_un_texte_et_ne_se_reprend_pas(passages: Passages) -> None:
    for issue in passages["deposee"]:
        with pytest.raises(MotifManquant):
            passer(passages, "deposee", issue, None)
        passer(passages, "deposee", issue, "Vu les pièces")
        with pytest.raises(PassageImpossible):
            passer(passages, issue, "refusee", "Changé d'avis")


@given(st.lists(PERIODES, min_size=1, max_size=8))
def test_posees_l_une_apres_l_autre_la_derniere_qui_couvre_un_jour_y_vaut(periodes: list[tuple[date, date]]) -> None:
    """Against the plainest bookkeeping there is: one entry per day."""
    presentes: list[Adaptation] = []
    par_jour: dict[date, int] = {}
    for numero, (du, au) in enumerate(periodes):
        presentes = [reste for p in presentes for reste in hors_de(p, du, au)]
        presentes.append(Adaptation(du, au, Bornes(Decimal(80)), numero))
        par_jour |= {du + timedelta(days=n): numero for n in range((au - du).days + 1)}
    for n in range(-1, 62):
        jour = DEBUT + timedelta(days=n)
        vaut = adaptation_le(presentes, jour)
        assert (None if vaut is None else vaut.evocation) == par_jour.get(jour)
        assert sum(p.du <= jour <= p.au for p in presentes) <= 1
    assert all(p.du <= p.au for p in presentes)


@given(PERIODES, PERIODES)
def test_ce_qui_reste_hors_d_une_periode_garde_tous_ses_autres_jours(
    une: tuple[date, date], autre: tuple[date, date]
) -> None:
    restes = hors_de(Adaptation(*une, Bornes(Decimal(80)), 1), *autre)
    jours = {une[0] + timedelta(days=n) for n in range((une[1] - une[0]).days + 1)}
    ote = {autre[0] + timedelta(days=n) for n in range((autre[1] - autre[0]).days + 1)}
    gardes = [r.du + timedelta(days=n) for r in restes for n in range((r.au - r.du).days + 1)]
    assert sorted(gardes) == sorted(jours - ote)


@pytest.mark.parametrize(
    ("objectif", "socle", "mieux"), [(None, None, "haut"), ("80", "85", "haut"), ("30", "25", "bas")]
)
def test_une_adaptation_sans_borne_ou_au_socle_plus_dur_que_l_objectif_est_refusee(
    objectif: str | None, socle: str | None, mieux: Mieux
) -> None:
    bornes = Bornes(*(None if b is None else Decimal(b) for b in (objectif, socle)))
    with pytest.raises(AdaptationInvalide):
        verifier(DEBUT, DEBUT, bornes, mieux)


def test_une_adaptation_a_rebours_est_refusee() -> None:
    with pytest.raises(AdaptationInvalide):
        verifier(date(2026, 2, 1), DEBUT, Bornes(Decimal(80)), "haut")


def test_le_verdict_suit_la_cible_adaptee_et_le_seuil_d_alerte_reste() -> None:
    cible = Cible(2026, "fixee", Decimal(90), None, DEBUT, socle=Decimal(85), seuil_alerte=Decimal(75))
    adaptee = adapter(cible, Bornes(objectif=Decimal(82), socle=Decimal(78)), "haut")
    assert [verdict(v, cible, "haut") for v in (91, 83, 79, 74)] == [
        "atteint", "sous_le_socle", "sous_le_socle", "seuil_alerte_franchi",
    ]  # fmt: skip
    assert [verdict(v, adaptee, "haut") for v in (91, 83, 79, 74)] == [
        "atteint", "atteint", "socle_atteint", "seuil_alerte_franchi",
    ]  # fmt: skip
    tue = adapter(cible, Bornes(socle=Decimal(80)), "haut")
    assert tue.valeur == Decimal(90), "la borne tue reste celle de la convention"


@pytest.mark.parametrize(
    ("mieux", "seuil", "socle", "attendu"),
    [("haut", "80", "70", "70"), ("haut", "80", "82", "80"), ("bas", "35", "45", "45"), ("bas", "35", "30", "35")],
)
def test_ce_qui_est_accorde_n_est_pas_une_alerte(mieux: Mieux, seuil: str, socle: str, attendu: str) -> None:
    assert seuil_adapte(Decimal(seuil), Bornes(socle=Decimal(socle)), mieux) == Decimal(attendu)


def test_on_ne_dit_pas_qu_un_chiffre_a_change_sans_avoir_lu_les_deux() -> None:
    lu = {"manque": None, "valeur": 80.0, "n": 10, "numerateur": 8, "denominateur": 10}
    assert change(lu, dict(lu)) is False
    assert change(lu, lu | {"n": 11}) is True
    assert change(lu, {"manque": "Le service ne répond pas."}) is None
