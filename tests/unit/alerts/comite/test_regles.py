"""The right measures for the right caisse, on hand-made months."""

from pathlib import Path

import msgspec
import pytest

from services.alerts.comite.dossier import Passe, a_decider
from services.alerts.comite.regles import (
    FICHIER,
    JAMAIS,
    MESURES,
    Condition,
    Franchissement,
    Regles,
    charger_regles,
    examiner,
    proposer,
)
from services.alerts.comite.releves import Explications
from shared.catalogue.processus import CatalogueInvalide
from tests.unit.alerts.comite.atelier import CMUC, DECROCHE, IJ, mesures, preparer, serie

SAIN = {"cpam-31": [25.0], "cpam-33": [26.0], "cpam-59-flandres": [24.0]}


def test_une_crise_soudaine_des_ij_propose_un_courrier_avec_entraide_et_lui_seul() -> None:
    dossiers = preparer(serie(IJ, {**SAIN, "cpam-75": [27.0, 55.0]}))
    assert list(dossiers) == ["cpam-75"]
    assert mesures(dossiers, "cpam-75") == ["courrier_entraide"]
    (proposition,) = dossiers["cpam-75"]["propositions"]
    assert proposition["indicateurs"] == [IJ]
    assert proposition["motifs"][0]["motif"].startswith(
        "Dégradation récente (1 mois) et forte (écart de 57 % au seuil)"
    )


def test_une_derive_lente_propose_un_plan_d_actions_et_pas_d_entraide() -> None:
    dossiers = preparer(serie(IJ, {**SAIN, "cpam-75": [30.0, 31.0, 32.5, 34.0, 35.5, 36.5, 37.5]}))
    assert mesures(dossiers, "cpam-75") == ["courrier_plan_actions"]


def test_un_premier_mois_juste_au_dela_n_appelle_qu_une_preconisation() -> None:
    dossiers = preparer(serie(IJ, {**SAIN, "cpam-75": [30.0, 37.0]}))
    assert mesures(dossiers, "cpam-75") == ["preconisation"]


def test_une_panne_du_telephone_deja_finie_n_appelle_qu_une_preconisation() -> None:
    panne = serie(DECROCHE, {"cpam-75": [92.0, 55.0], "cpam-31": [91.0]}, n=20_000)
    finie = {DECROCHE: Explications(fin_de_mois={"cpam-75": 91.0})}
    assert mesures(preparer(panne, explications=finie), "cpam-75") == ["preconisation"]


def test_une_panne_du_telephone_qui_dure_appelle_l_entraide() -> None:
    panne = serie(DECROCHE, {"cpam-75": [92.0, 55.0], "cpam-31": [91.0]}, n=20_000)
    en_cours = {DECROCHE: Explications(fin_de_mois={"cpam-75": 50.0})}
    assert mesures(preparer(panne, explications=en_cours), "cpam-75") == ["courrier_entraide"]


def test_une_petite_caisse_bruitee_est_listee_sans_mesure() -> None:
    dossiers = preparer(
        serie(DECROCHE, {"ccss-48": [90.0, 78.0], "cpam-31": [91.0]}, n={"ccss-48": 50, "cpam-31": 20_000})
    )
    assert mesures(dossiers, "ccss-48") == []
    (constat,) = dossiers["ccss-48"]["constats"]
    assert constat["gravite"] == "a_surveiller"


def test_une_degradation_durable_propose_un_audit_et_un_plan_mais_plus_d_entraide() -> None:
    dossiers = preparer(serie(IJ, {**SAIN, "cpam-75": [30.0, *[48.0] * 7]}))
    assert mesures(dossiers, "cpam-75") == ["courrier_plan_actions", "audit"]


def test_une_fragilite_structurelle_n_appelle_pas_phare_mais_un_delestage_ou_un_tram() -> None:
    regles = msgspec.structs.replace(charger_regles(), taille_critique=frozenset({"ccss-48"}))
    dossiers = preparer(serie(CMUC, {"ccss-48": [20.0, 40.0, 40.0, 40.0], "cpam-31": [15.0]}), regles=regles)
    assert mesures(dossiers, "ccss-48") == ["courrier_plan_actions", "delestage_ou_tram"]


def test_la_carte_de_controle_seule_ne_suffit_pas_a_la_fragilite_structurelle() -> None:
    incapable = {IJ: Explications(cartes={"cpam-75": _carte("incapable")})}
    recent = preparer(serie(IJ, {**SAIN, "cpam-75": [30.0, 55.0]}), explications=incapable)
    assert "delestage_ou_tram" not in mesures(recent, "cpam-75")
    ancien = preparer(serie(IJ, {**SAIN, "cpam-75": [55.0]}), explications=incapable)
    assert "delestage_ou_tram" in mesures(ancien, "cpam-75")


def _carte(assurance: str) -> dict[str, object]:
    return {"assurance": assurance, "limites": {"bas": 1}, "points": [{"signal": None}]}


def test_une_petite_caisse_qui_va_bien_n_est_jamais_dite_de_taille_critique() -> None:
    assert charger_regles().taille_critique == frozenset()


def test_un_processus_hors_de_diademe_appelle_l_accompagnement_si_et_ferme_l_entraide() -> None:
    regles = msgspec.structs.replace(charger_regles(), hors_diademe={"ij": frozenset({"cpam-75"})})
    dossiers = preparer(serie(IJ, {**SAIN, "cpam-75": [27.0, 55.0]}), regles=regles)
    assert mesures(dossiers, "cpam-75") == ["courrier_plan_actions", "accompagnement_si"]


def test_l_entraide_n_est_pas_proposee_quand_le_temps_passe_chez_d_autres() -> None:
    parts = {"caisse": {"jours": 5.0, "part": 20.0}, "employeur": {"jours": 20.0, "part": 80.0}}
    ailleurs = {IJ: Explications(detenteurs={"cpam-75": {"detenteurs": parts}})}
    dossiers = preparer(serie(IJ, {**SAIN, "cpam-75": [27.0, 55.0]}), explications=ailleurs)
    assert mesures(dossiers, "cpam-75") == ["courrier_plan_actions"]


def test_une_lettre_couvre_tous_les_indicateurs_de_la_caisse() -> None:
    dossiers = preparer(
        serie(IJ, {**SAIN, "cpam-75": [27.0, 55.0]}), serie(CMUC, {"cpam-75": [18.0, 45.0], "cpam-31": [15.0]})
    )
    (proposition,) = dossiers["cpam-75"]["propositions"]
    assert proposition["mesure"] == "courrier_entraide"
    assert set(proposition["indicateurs"]) == {IJ, CMUC}


def test_un_courrier_recent_n_est_pas_repete_avant_quatre_mois() -> None:
    ecrit = {"modele": "courrier_plan_actions", "indicateurs": [IJ]}
    derive = serie(IJ, {**SAIN, "cpam-75": [30.0, 36.5, 37.0, 37.5]})
    recent = {"cpam-75": Passe(courriers=[{**ecrit, "mois": "2026-08"}])}
    ancien = {"cpam-75": Passe(courriers=[{**ecrit, "mois": "2026-06"}])}
    assert mesures(preparer(derive, passes=recent), "cpam-75") == []
    assert mesures(preparer(derive, passes=ancien), "cpam-75") == ["courrier_plan_actions"]


def test_une_mesure_decidee_a_le_temps_d_agir_avant_d_etre_proposee_de_nouveau() -> None:
    """Three months for an entraide, twelve for an audit, by the shipped rules."""
    crise = serie(IJ, {**SAIN, "cpam-75": [27.0, *[55.0] * 5]})
    recente = Passe(courriers=[{"mois": "2026-09", "modele": "courrier_entraide", "indicateurs": [IJ]}])
    dossiers = preparer(crise, passes={"cpam-75": recente})
    assert mesures(dossiers, "cpam-75") == []
    assert any("décidé il y a 1 mois" in dite for dite in dossiers["cpam-75"]["regles_arretees"])
    ancienne = Passe(courriers=[{"mois": "2026-07", "modele": "courrier_entraide", "indicateurs": [IJ]}])
    assert mesures(preparer(crise, passes={"cpam-75": ancienne}), "cpam-75") == ["courrier_entraide"]
    audite = Passe(courriers=[{"mois": "2026-05", "modele": "audit", "indicateurs": [IJ]}])
    dure = preparer(serie(IJ, {**SAIN, "cpam-75": [48.0]}), passes={"cpam-75": audite})
    assert mesures(dure, "cpam-75") == ["courrier_plan_actions"]


def test_un_plan_deja_ouvert_n_est_pas_redemande() -> None:
    derive = serie(IJ, {**SAIN, "cpam-75": [30.0, 36.5, 37.0, 37.5]})
    plan = {"indicateurs": [IJ], "trajectoires": {IJ: {"etat": "en_retard"}}}
    dossiers = preparer(derive, passes={"cpam-75": Passe(plans=[plan])})
    assert mesures(dossiers, "cpam-75") == []
    assert dossiers["cpam-75"]["constats"][0]["questions"]["sur_la_trajectoire"] is False


def test_au_dessus_du_plancher_un_jour_manquant_est_dit_a_cote_du_chiffre_et_n_ote_aucune_mesure() -> None:
    """One day of twenty of a national source."""
    crise = serie(IJ, {**SAIN, "cpam-75": [27.0, 55.0]})
    for lignes in crise.par_caisse.values():
        lignes[-1]["completude"] = {"taux": 0.95, "complet": False, "sources_muettes": 0}  # type: ignore[index]
    dossiers = preparer(crise)
    assert mesures(dossiers, "cpam-75") == ["courrier_entraide"]
    (constat,) = dossiers["cpam-75"]["constats"]
    assert (constat["gravite"], constat["incomplet"]) == ("avere", None)
    assert constat["reserve"] == "Chiffre bâti sur 95 % des événements attendus."


def test_une_source_muette_encore_au_moment_de_preparer_ote_toute_mesure() -> None:
    crise = serie(IJ, {**SAIN, "cpam-75": [27.0, 55.0]})
    derniere = crise.par_caisse["cpam-75"][-1]
    derniere["completude"] = {"taux": 0.8, "complet": False, "sources_muettes": 1}  # type: ignore[index]
    dossiers = preparer(crise)
    assert mesures(dossiers, "cpam-75") == []
    assert "80 % des événements attendus" in dossiers["cpam-75"]["constats"][0]["incomplet"]


def test_des_jours_trop_jeunes_pour_etre_attendus_ne_disent_rien_contre_un_chiffre() -> None:
    crise = serie(IJ, {**SAIN, "cpam-75": [27.0, 55.0]})
    derniere = crise.par_caisse["cpam-75"][-1]
    derniere["completude"] = {"taux": 1.0, "complet": False, "sources_muettes": 0}  # type: ignore[index]
    assert mesures(preparer(crise), "cpam-75") == ["courrier_entraide"]


def test_un_chiffre_trop_incomplet_est_non_mesure_et_n_ouvre_pas_de_dossier() -> None:
    crise = serie(IJ, {**SAIN, "cpam-75": [27.0, 55.0]})
    crise.par_caisse["cpam-75"][-1]["verdict"] = "non_mesure"  # type: ignore[index]
    assert preparer(crise) == {}


def test_ce_qui_est_surveille_par_hypothese_est_montre_sans_lettre() -> None:
    dossiers = preparer(serie("courriels_48h", {"cpam-75": [90.0, 20.0], "cpam-31": [91.0]}, n=20_000))
    assert mesures(dossiers, "cpam-75") == []
    assert dossiers["cpam-75"]["constats"][0]["gravite"] == "avere"


def test_les_audits_sont_classes_dans_la_capacite_de_l_annee() -> None:
    degradees = {"cpam-75": [50.0], "cpam-31": [45.0], "cpam-33": [30.0, *[60.0] * 7], "cpam-13": [20.0]}
    dossiers = preparer(serie(IJ, degradees), audits_deja=1)
    audits = {
        caisse: (p["rang"], p["dans_la_capacite"])
        for caisse, d in dossiers.items()
        for p in d["propositions"]
        if p["mesure"] == "audit"
    }
    assert audits == {"cpam-75": (1, True), "cpam-31": (2, False), "cpam-33": (3, False)}
    assert [caisse for caisse, mesure in a_decider(dossiers) if mesure == "audit"] == ["cpam-75"]


def test_un_fait_inconnu_arrete_la_regle_et_le_dit() -> None:
    regle = charger_regles().regles[1]
    faits = {"mois_consecutifs": 1, "ecart": 50.0, "revenu": None}
    examen = examiner(Franchissement("cpam-75", IJ, "ij", faits), _seule(regle))  # type: ignore[arg-type]
    assert examen.mesures == {}
    assert "revenu" in examen.arretees[0]


def test_ce_qui_est_remplace_ne_remplace_rien() -> None:
    """Structural weakness puts entraide aside: the plan that entraide would have replaced comes back."""
    faits = {
        "phare": True, "hors_diademe": False, "ecart": 60.0, "mois_consecutifs": 3, "mois_sur_12": 10,
        "incapable": True, "mois_depuis_courrier": JAMAIS, "taille_critique": False,
    }  # fmt: skip
    examen = examiner(Franchissement("cpam-75", IJ, "ij", faits), charger_regles())  # type: ignore[arg-type]
    assert set(examen.mesures) == {"courrier_plan_actions", "delestage_ou_tram", "audit"}


def test_sans_franchissement_il_n_y_a_ni_mesure_ni_phrase() -> None:
    assert proposer([], charger_regles()) == ({}, {})


def _seule(regle: object) -> Regles:
    return msgspec.structs.replace(charger_regles(), regles=(regle,))


@pytest.mark.parametrize(
    "faute",
    [
        "mesure: inconnue, motif: a, si: []",
        "mesure: audit, motif: '{inconnu}', si: []",
        "mesure: audit, motif: a, si: [{fait: ecart}]",
        "mesure: audit, motif: a, si: [{fait: ecart, au_moins: 1, moins_de: 2}]",
        "mesure: audit, motif: a, si: [{fait: autre, au_moins: 1}]",
        "mesure: audit, motif: a, si: [], encore: 1",
    ],
)
def test_un_fichier_de_regles_fautif_est_refuse_au_chargement(tmp_path: Path, faute: str) -> None:
    source = FICHIER.read_text(encoding="utf-8")
    fichier = tmp_path / "regles.yaml"
    fichier.write_text(source + f"\n  - {{{faute}}}\n", encoding="utf-8")
    with pytest.raises(CatalogueInvalide, match=r"regles\.yaml"):
        charger_regles(fichier)


def test_les_regles_livrees_sont_des_hypotheses_et_nomment_toutes_les_mesures() -> None:
    regles = charger_regles()
    assert regles.hypothese
    assert {r.mesure for r in regles.regles} == set(MESURES)


def test_une_borne_est_comprise_dans_au_moins_et_exclue_de_moins_de() -> None:
    assert Condition("ecart", au_moins=25).remplie({"ecart": 25.0}) is True
    assert Condition("ecart", moins_de=25).remplie({"ecart": 25.0}) is False
    assert Condition("ecart", moins_de=25).remplie({}) is None
    assert Condition("ecart", moins_de=25, si_inconnu="passe").remplie({}) is True
