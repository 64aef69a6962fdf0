"""Audits and accompagnements SI: their states, the capacity of a year, the ranking."""

from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.alerts.suivis.domain import ENGAGES, PASSAGES, Candidat, charger_capacite, classer
from services.alerts.suivis.ouverture import Gravite, gravite, par_processus
from services.alerts.suivis.passages import PassageImpossible, passer
from shared.catalogue.processus import CatalogueInvalide

ETATS = ("propose", "programme", "en_cours", "rendu", "clos")

CANDIDATS = st.lists(
    st.builds(
        Candidat, st.integers(1, 10_000), st.integers(0, 12), st.floats(0, 500), st.integers(1, 300)
    ),
    max_size=30, unique_by=lambda c: c.id,
)  # fmt: skip


def test_le_chemin_ordinaire_va_de_propose_a_clos() -> None:
    for de, vers in pairwise(ETATS):
        passer(PASSAGES, de, vers, None)


@pytest.mark.parametrize("vers", ETATS)
def test_rien_ne_suit_clos(vers: str) -> None:
    with pytest.raises(PassageImpossible):
        passer(PASSAGES, "clos", vers, "encore")


def test_de_tout_etat_on_peut_clore() -> None:
    for de in ETATS[:-1]:
        passer(PASSAGES, de, "clos", "Sans suite")


def test_la_capacite_est_celle_des_sources() -> None:
    """60 to 70 auditors, 100 days each (IGAS 2017, tome II, A[95], L3805): the low end is kept."""
    capacite = charger_capacite()
    assert capacite.jours(2026) == 6_000
    assert capacite.auditeurs_max * capacite.jours_par_auditeur == 7_000


def test_une_annee_peut_differer(tmp_path: Path) -> None:
    fichier = tmp_path / "capacite.yaml"
    fichier.write_text(
        "{auditeurs: 60, auditeurs_max: 70, jours_par_auditeur: 100, jours_par_audit: 40, "
        "annees: {2027: {auditeurs: 64}}}"
    )
    assert (charger_capacite(fichier).jours(2026), charger_capacite(fichier).jours(2027)) == (6_000, 6_400)


@pytest.mark.parametrize("texte", ["{auditeurs: 60}", "{auditeurs: -1, auditeurs_max: 1, jours_par_auditeur: 1, jours_par_audit: 1, annees: {}}"])  # fmt: skip  # noqa: E501
def test_une_capacite_fautive_est_refusee(tmp_path: Path, texte: str) -> None:
    fichier = tmp_path / "capacite.yaml"
    fichier.write_text(texte)
    with pytest.raises(CatalogueInvalide):
        charger_capacite(fichier)


def test_les_plus_durables_passent_d_abord_et_un_trop_long_laisse_sa_place() -> None:
    places = classer(
        [Candidat(1, 6, 10, 40), Candidat(2, 12, 5, 70), Candidat(3, 6, 20, 50), Candidat(4, 6, 10, 10)], 100
    )
    assert [(n, p.rang, p.dans_la_capacite) for n, p in places.items()] == [
        (2, 1, True), (3, 2, False), (1, 3, False), (4, 4, True),
    ]  # fmt: skip


@given(CANDIDATS, st.integers(-100, 2_000))
def test_le_classement_tient_dans_la_capacite_et_ne_depend_pas_de_l_ordre_donne(
    candidats: list[Candidat], restants: int
) -> None:
    places = classer(candidats, restants)
    assert places == classer(list(reversed(candidats)), restants)
    assert sorted(p.rang for p in places.values()) == list(range(1, len(candidats) + 1))
    pris = sum(c.jours for c in candidats if places[c.id].dans_la_capacite)
    assert pris <= max(0, restants)
    assert all(c.jours > restants - pris for c in candidats if not places[c.id].dans_la_capacite)


def constat(code: str, seuil: float | None, valeur: float | None, *serie: float | None) -> dict[str, object]:
    return {"code": code, "seuil": seuil, "valeur": valeur, "serie": [{"valeur": v} for v in serie]}


def test_la_gravite_se_lit_dans_la_lettre_du_bon_cote_du_seuil() -> None:
    assert gravite(constat("taux_decroche", 80, 60, 90, None, 80, 79, 60)) == Gravite(2, 25.0)
    assert gravite(constat("delai_ij_premiere_non_subrogee_moyen", 40, 50, 39, 41, 50)) == Gravite(2, 25.0)
    assert gravite(constat("taux_decroche", None, 60, 60)) == Gravite(0, 0.0)
    assert gravite(constat("taux_decroche", 80, None, None)) == Gravite(0, 0.0)
    assert gravite(constat("taux_decroche", 80, 90)) == Gravite(0, 0.0)


def test_une_lettre_ouvre_un_suivi_par_processus_avec_le_pire_de_chacun() -> None:
    lettre = {
        "indicateurs": [
            constat("taux_decroche", 80, 79, 79), constat("taux_decroche", 80, 60, 60, 60),
            constat("delai_ij_premiere_non_subrogee_moyen", 40, 60, 60),
        ]
    }  # fmt: skip
    assert par_processus(lettre) == {"appel": Gravite(2, 25.0), "ij": Gravite(1, 50.0)}


def test_les_etats_engages_sont_tous_ceux_d_apres_la_proposition() -> None:
    assert set(ETATS) - {"propose"} == ENGAGES
