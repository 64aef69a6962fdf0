"""Statistics on hand-made cells: what counts, what is not measured, whose calendar."""

from datetime import date

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as hs

from shared.indicators import statistiques as st
from shared.indicators.periodes import Periode, decouper
from shared.indicators.statistiques import RESEAU, Contexte, Valeur
from shared.network.jours import jour_de
from shared.network.ouvertures import ouvertures_de
from shared.network.reseau import charger

PARIS, BAS_RHIN, REUNION, MARTINIQUE = (
    charger().caisse(slug).code for slug in ("cpam-75", "cpam-67", "cgss-974", "cgss-972")
)
CALENDRIERS = {caisse.code: ouvertures_de(caisse).calendrier for caisse in charger().caisses}


def jour(texte: str) -> int:
    return jour_de(date.fromisoformat(texte))


def cellules(*noms: str, lignes: list[tuple[int, ...]]) -> dict[str, np.ndarray]:
    tableau = np.array(lignes, dtype=np.int64).reshape(-1, len(noms))
    return {nom: tableau[:, rang] for rang, nom in enumerate(noms)}


def le(texte: str, heure: int = 12) -> Contexte:
    """The same day and hour everywhere."""
    return Contexte(CALENDRIERS, dict.fromkeys(CALENDRIERS, (jour(texte), heure)))


def par_caisse(valeurs: list[Valeur], periode: Periode) -> dict[int, tuple[float | None, int]]:
    return {v.caisse: (v.valeur, v.n) for v in valeurs if v.periode == periode}


def test_un_taux_est_la_part_du_numerateur_et_le_reseau_celle_de_toutes_les_caisses() -> None:
    p = Periode(10, 12)
    lues = cellules(
        "caisse", "jour", "num", "den", lignes=[(1, 10, 9, 10), (1, 12, 0, 10), (2, 11, 1, 80), (2, 13, 5, 5)]
    )
    assert par_caisse(st.rapport(lues, [p]), p) == {1: (45.0, 20), 2: (1.25, 80), RESEAU: (10.0, 100)}


def test_sans_activite_rien_n_est_mesure_ni_0_ni_100() -> None:
    lues = cellules("caisse", "jour", "num", "den", lignes=[(1, 10, 0, 0), (2, 10, 3, 4)])
    valeurs = st.rapport(lues, [Periode(10, 10), Periode(11, 11)])
    assert par_caisse(valeurs, Periode(10, 10)) == {2: (75.0, 4), RESEAU: (75.0, 4)}
    assert par_caisse(valeurs, Periode(11, 11)) == {}
    assert st.rapport(cellules("caisse", "jour", "num", "den", lignes=[]), [Periode(10, 10)]) == []


def test_ce_qu_une_correction_a_tout_repris_n_est_plus_mesure() -> None:
    lues = cellules("caisse", "jour", "num", "den", lignes=[(1, 10, 4, 5), (1, 10, -4, -5)])
    assert st.rapport(lues, [Periode(10, 10)]) == []


def test_une_moyenne_en_jours_est_exacte_en_secondes_et_au_dela_de_2_puissance_53() -> None:
    p = Periode(0, 9)
    lues = cellules(
        "caisse", "jour", "somme", "n", lignes=[(1, 3, 86_400 * 10**12 + 43_200, 10**12), (2, 3, 129_600, 1)]
    )
    valeurs = par_caisse(st.moyenne(lues, [p], 86_400), p)
    assert valeurs[2] == (1.5, 1)
    assert valeurs[1] == ((86_400 * 10**12 + 43_200) / (86_400 * 10**12), 10**12)


def test_des_periodes_qui_se_recouvrent_comptent_chacune_leurs_jours() -> None:
    jour_, semaine = Periode(16, 16), Periode(10, 16)
    lues = cellules("caisse", "jour", "num", "den", lignes=[(1, 10, 1, 1), (1, 16, 0, 1)])
    valeurs = st.rapport(lues, [jour_, semaine])
    assert par_caisse(valeurs, jour_)[1] == (0.0, 1)
    assert par_caisse(valeurs, semaine)[1] == (50.0, 2)


LIGNES = hs.lists(
    hs.tuples(hs.integers(1, 4), hs.integers(0, 40), hs.integers(0, 30), hs.integers(0, 9)), min_size=1, max_size=60
)


@given(LIGNES, hs.sampled_from(["jour", "semaine", "mois", None]))
def test_chaque_periode_et_caisse_a_le_decile_de_numpy_sur_ses_propres_dossiers(lignes: list, pas: str | None) -> None:
    lues = cellules("caisse", "jour", "duree", "n", lignes=lignes)
    periodes = decouper(date(1970, 1, 3), date(1970, 2, 5), pas)
    trouves = {(v.caisse, v.periode): (v.valeur, v.n) for v in st.quantiles(lues, lues["duree"], (9, 10), periodes)}
    attendus = {}
    for periode in periodes:
        for caisse in (RESEAU, 1, 2, 3, 4):
            durees = [
                d for c, j, d, n in lignes for _ in range(n) if caisse in (RESEAU, c) and periode.du <= j <= periode.au
            ]
            if durees:
                decile = np.quantile(durees, np.nextafter(0.9, 0), method="inverted_cdf")
                attendus[caisse, periode] = (float(decile), len(durees))
    assert trouves == attendus


@given(LIGNES, hs.sampled_from(["jour", "semaine", "mois", None]))
def test_chaque_periode_et_caisse_a_le_taux_de_ses_propres_lignes(lignes: list, pas: str | None) -> None:
    lues = cellules("caisse", "jour", "den", "num", lignes=[(c, j, d, min(d, n)) for c, j, d, n in lignes])
    periodes = decouper(date(1970, 1, 3), date(1970, 2, 5), pas)
    trouves = {(v.caisse, v.periode): (v.valeur, v.n) for v in st.rapport(lues, periodes)}
    attendus = {}
    for periode in periodes:
        for caisse in (RESEAU, 1, 2, 3, 4):
            siennes = [ln for ln in lignes if caisse in (RESEAU, ln[0]) and periode.du <= ln[1] <= periode.au]
            den = sum(d for _, _, d, _ in siennes)
            if den:
                attendus[caisse, periode] = (100 * sum(min(d, n) for _, _, d, n in siennes) / den, den)
    assert trouves == attendus


def test_les_jours_ouvres_sont_ceux_de_chaque_caisse_dans_un_meme_decile() -> None:
    # From 24 December 2025 to the 29th: Christmas everywhere, and Saint-Étienne in Alsace-Moselle.
    debut, fin = np.full(2, jour("2025-12-24")), np.full(2, jour("2025-12-29"))
    caisses = np.array([PARIS, BAS_RHIN])
    durees = st.jours_ecoules("jours_ouvres", caisses, debut, fin, CALENDRIERS)
    assert durees.tolist() == [2, 1]
    lues = {"caisse": caisses, "jour": fin, "n": np.array([1, 9])}
    p = Periode(int(fin[0]), int(fin[0]))
    valeurs = par_caisse(st.quantiles(lues, durees, (9, 10), [p]), p)
    assert valeurs == {PARIS: (2.0, 1), BAS_RHIN: (1.0, 9), RESEAU: (1.0, 10)}
    assert st.jours_ecoules("jours_calendaires", caisses, debut, fin, CALENDRIERS).tolist() == [5, 5]


MOUVEMENTS = ("caisse", "jour", "jour_ouvert", "n", "ouverts")


def mouvements(*dossiers: tuple[int, str, str | None]) -> dict[str, np.ndarray]:
    """(caisse, day opened, day closed) of each file."""
    lignes = []
    for caisse, ouvert, clos in dossiers:
        lignes.append((caisse, jour(ouvert), jour(ouvert), 1, 1))
        if clos is not None:
            lignes.append((caisse, jour(clos), jour(ouvert), -1, 0))
    return cellules(*MOUVEMENTS, lignes=lignes)


def test_le_stock_et_son_age_sont_ceux_du_soir_demande_meme_passe() -> None:
    lues = mouvements(
        (PARIS, "2026-03-02", "2026-03-20"), (PARIS, "2026-03-09", "2026-03-10"), (PARIS, "2026-03-10", None)
    )
    soirs = [Periode(jour(f"2026-03-{j}"), jour(f"2026-03-{j}")) for j in ("09", "10", "20")]
    ici = le("2026-04-01")
    assert [par_caisse(st.stock(lues, soirs, ici), s)[PARIS] for s in soirs] == [(2.0, 2), (2.0, 2), (1.0, 1)]
    ages = st.stock_age_quantile(lues, "jours_calendaires", (9, 10), soirs, ici)
    assert [par_caisse(ages, s)[PARIS] for s in soirs] == [(7.0, 2), (8.0, 2), (10.0, 1)]


def test_un_stock_vide_vaut_zero_pour_qui_a_deja_ouvert_des_dossiers_et_n_a_pas_d_age() -> None:
    lues = mouvements((PARIS, "2026-03-02", "2026-03-03"))
    soir = Periode(jour("2026-03-03"), jour("2026-03-03"))
    assert par_caisse(st.stock(lues, [soir], le("2026-04-01")), soir) == {PARIS: (0.0, 0), RESEAU: (0.0, 0)}
    assert st.stock_age_quantile(lues, "jours_calendaires", (9, 10), [soir], le("2026-04-01")) == []


def test_avant_le_premier_dossier_il_n_y_a_pas_de_stock() -> None:
    veille = Periode(jour("2026-03-01"), jour("2026-03-01"))
    assert st.stock(mouvements((PARIS, "2026-03-02", None)), [veille], le("2026-04-01")) == []


def test_le_stock_d_une_periode_en_cours_est_celui_de_maintenant_et_son_age_ne_court_pas_jusqu_a_la_fin() -> None:
    lues = mouvements((PARIS, "2026-03-02", None), (PARIS, "2026-03-25", None))
    mars = Periode(jour("2026-03-01"), jour("2026-03-31"))
    ici = le("2026-03-12")
    assert par_caisse(st.stock(lues, [mars], ici), mars)[PARIS] == (1.0, 1)
    assert par_caisse(st.stock_age_quantile(lues, "jours_calendaires", (9, 10), [mars], ici), mars)[PARIS] == (10.0, 1)


def test_une_periode_a_venir_n_a_pas_de_stock() -> None:
    avril = Periode(jour("2026-04-01"), jour("2026-04-30"))
    assert st.stock(mouvements((PARIS, "2026-03-02", None)), [avril], le("2026-03-12")) == []


def test_aujourd_hui_est_celui_de_chaque_caisse() -> None:
    # 23:00 on the 11th in Martinique is already the 12th on La Réunion.
    ici = Contexte(CALENDRIERS, {**le("2026-03-12").maintenant, MARTINIQUE: (jour("2026-03-11"), 23)})
    douze = Periode(jour("2026-03-12"), jour("2026-03-12"))
    lues = mouvements((REUNION, "2026-03-02", None), (MARTINIQUE, "2026-03-02", None))
    ages = par_caisse(st.stock_age_quantile(lues, "jours_calendaires", (9, 10), [douze], ici), douze)
    assert ages == {REUNION: (10.0, 1), MARTINIQUE: (9.0, 1), RESEAU: (10.0, 2)}


def test_l_age_du_stock_en_jours_ouvres_suit_le_calendrier_de_chaque_caisse() -> None:
    lues = mouvements((PARIS, "2025-12-24", None), (BAS_RHIN, "2025-12-24", None))
    soir = Periode(jour("2025-12-29"), jour("2025-12-29"))
    ages = par_caisse(st.stock_age_quantile(lues, "jours_ouvres", (9, 10), [soir], le("2026-01-05")), soir)
    assert (ages[PARIS], ages[BAS_RHIN]) == ((2.0, 1), (1.0, 1))


DOSSIERS = hs.lists(
    hs.tuples(hs.sampled_from([PARIS, REUNION]), hs.integers(20_000, 20_040), hs.none() | hs.integers(0, 30)),
    min_size=1,
    max_size=40,
)


@given(DOSSIERS, hs.sampled_from(["jour", "semaine", None]))
def test_stock_et_age_sont_ceux_qu_on_compte_dossier_par_dossier(dossiers: list, pas: str | None) -> None:
    lignes = []
    for caisse, ouvert, duree in dossiers:
        lignes.append((caisse, ouvert, ouvert, 1, 1))
        if duree is not None:
            lignes.append((caisse, ouvert + duree, ouvert, -1, 0))
    lues = cellules(*MOUVEMENTS, lignes=lignes)
    periodes = decouper(date(2024, 10, 1), date(2024, 11, 20), pas)
    ici = le("2024-12-31")
    stocks = {(v.caisse, v.periode): v.valeur for v in st.stock(lues, periodes, ici)}
    ages = {
        (v.caisse, v.periode): (v.valeur, v.n)
        for v in st.stock_age_quantile(lues, "jours_calendaires", (9, 10), periodes, ici)
    }
    for periode in periodes:
        for caisse in (PARIS, REUNION, RESEAU):
            connus = [d for d in dossiers if caisse in (RESEAU, d[0]) and d[1] <= periode.au]
            ouverts = [periode.au - o for _, o, d in connus if d is None or o + d > periode.au]
            assert stocks.get((caisse, periode)) == (float(len(ouverts)) if connus else None)
            if ouverts:
                decile = float(np.quantile(ouverts, np.nextafter(0.9, 0), method="inverted_cdf"))
                assert ages[caisse, periode] == (decile, len(ouverts))
            else:
                assert (caisse, periode) not in ages


@pytest.mark.parametrize("pas", ["jour", "mois"])
def test_une_statistique_sans_cellule_ne_donne_rien(pas: str) -> None:
    vides = cellules(*MOUVEMENTS, "num", "den", "somme", lignes=[])
    periodes = decouper(date(2026, 1, 1), date(2026, 2, 15), pas)
    ici = le("2026-03-01")
    assert st.rapport(vides, periodes) == st.moyenne(vides, periodes) == []
    assert st.quantiles(vides, vides["n"], (9, 10), periodes) == []
    assert st.stock(vides, periodes, ici) == st.stock_age_quantile(vides, "jours_ouvres", (9, 10), periodes, ici) == []
