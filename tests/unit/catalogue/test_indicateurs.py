"""The catalogue of indicators: complete, sound, and every contradiction named."""

from collections import Counter
from pathlib import Path
from typing import Any, get_args

import pytest
import yaml

from shared.catalogue.indicateurs import (
    FORMES_DU_GENRE,
    Genre,
    IndicateurInconnu,
    charger_indicateurs,
    indicateur,
    indicateurs_du_service,
)
from shared.catalogue.processus import CatalogueInvalide, tous_les_processus
from shared.dossiers.valeurs import _LECTURES
from shared.indicators.echeances import HORLOGES

PAR_DELAI = ("delai_{}_moyen", "delai_{}_d9", "delai_{}_mediane", "stock_{}", "age_stock_{}_d9")
DEMANDES = {
    "taux_decroche", "taux_appels_aboutis", "attente_decroches_d9", "part_decroches_20s", "courriels_48h",
    "courriels_48h_reel", "part_courriels_clos_sans_reponse", "reclamations_10j",
    *(modele.format(x) for modele in PAR_DELAI
      for x in ("fse", "fsp_assures", "fsp_medecins", "ij_premiere_non_subrogee", "cmuc_acs", "courrier", "ame",
                "carte_vitale", "apias_assures", "smg", "entente_prealable", "retraite_propre",
                "rente_at_mp_premiere")),
    "taux_niveau_1", "part_accueil_20min", "taux_departs_accueil", "satisfaction_assures", "fiabilite_telephone",
    "teleconseillers_connectes", "ecart_sources_appels", "reclamations_21j", "courriers_14j",
}  # fmt: skip


def test_tous_les_indicateurs_attendus_sont_au_catalogue() -> None:
    assert set(charger_indicateurs()) >= DEMANDES


@pytest.mark.parametrize("i", charger_indicateurs().values(), ids=lambda i: i.code)
def test_un_indicateur_se_lit_et_se_calcule(i: Any) -> None:
    assert not i.libelle[0].islower()
    assert i.formule and not i.formule.endswith(".")
    assert i.source is not None or i.hypothese or i.code.startswith(("delai_", "stock_", "age_stock_"))
    processus = tous_les_processus()[i.process]
    assert i.service == processus.service
    horloge = i.parametres.get("horloge")
    assert horloge is None or horloge in processus.horloges
    if i.genre == "echeance":
        assert horloge in HORLOGES
        assert i.parametres["limite"] > 0
    if i.genre.startswith("attente"):
        assert not i.population, "les attentes n'ont pas de strate"
        assert processus.forme == "flux"
    if "q" in i.parametres:
        haut, bas = i.parametres["q"]
        assert 0 < haut < bas


def test_le_catalogue_compte_ses_indicateurs() -> None:
    propres = Counter(i.service for i in charger_indicateurs().values() if not i.mesures)
    assert propres == {"contacts": 71, "claims": 95}, "séries à part"


def test_chaque_processus_a_au_moins_un_indicateur() -> None:
    assert {i.process for i in charger_indicateurs().values()} == set(tous_les_processus())


def test_l_officiel_compte_les_clos_sans_reponse_et_le_reel_les_exclut() -> None:
    officiel, reel = indicateur("courriels_48h").parametres, indicateur("courriels_48h_reel").parametres
    assert (officiel["tenues"], officiel["exclues"]) == (["repondu", "sans_reponse"], [])
    assert (reel["tenues"], reel["exclues"]) == (["repondu"], ["sans_reponse"])


def test_chaque_service_a_les_siens() -> None:
    contacts, claims = (indicateurs_du_service(s) for s in ("contacts", "claims"))
    assert {i.code for i in contacts} | {i.code for i in claims} == set(charger_indicateurs())
    assert not {i.code for i in contacts} & {i.code for i in claims}


def test_chaque_genre_sait_se_lire_et_de_quelle_forme_il_vient() -> None:
    assert set(_LECTURES) == set(FORMES_DU_GENRE) == set(get_args(Genre))


def test_un_code_mal_ecrit_fait_proposer_le_bon() -> None:
    with pytest.raises(IndicateurInconnu, match="taux_decroche"):
        indicateur("taux_decrocher")


def ecrire(dossier: Path, *entrees: dict[str, Any]) -> Path:
    commun = {
        "libelle": "Essai", "process": "appel", "unite": "%", "sens": "haut", "version": "1", "formule": "a / b",
        "statistique": {"rapport": {"numerateur": ["decroche"], "denominateur": ["decroche", "abandon"]}},
    }  # fmt: skip
    fichier = dossier / "indicateurs.yaml"
    fichier.write_text(yaml.safe_dump({"indicateurs": [commun | e for e in entrees], "delais": []}), encoding="utf-8")
    return fichier


@pytest.mark.parametrize(
    ("entree", "faute"),
    [
        ({"process": "telegramme"}, "telegramme"),
        ({"population": {"motif": "lune"}}, "motif=lune"),
        ({"population": {"regime": "general"}}, "regime=general"),
        ({"statistique": {"variance": {}}}, "variance"),
        ({"statistique": {"rapport": {"numerateur": ["raccroche"], "denominateur": ["decroche"]}}}, "raccroche"),
        (
            {"population": {"motif": "droits"}, "statistique": {"attente_moyenne": {"issues": ["decroche"]}}},
            "waits have no stratum",
        ),
        (
            {
                "process": "fse",
                "statistique": {"delai_quantile": {"issues": ["paye"], "q": [1, 2], "horloge": "heures"}},
            },
            "heures is not one of the horloge of fse",
        ),
        ({"process": "fse", "statistique": {"rapport": {"numerateur": [], "denominateur": []}}}, "form is dossiers"),
        ({"statistique": {"stock": {}}}, "form is flux"),
        (
            {"process": "effectif", "statistique": {"releve_moyenne": {"grandeur": "absents"}}},
            "absents is not one of the grandeur of effectif",
        ),
        (
            {"statistique": {"part_strate": {"issues": ["decroche"], "attribut": "regime", "valeurs": ["general"]}}},
            "regime is not one of the attribut of appel",
        ),
        (
            {"statistique": {"part_strate": {"issues": ["decroche"], "attribut": "niveau", "valeurs": ["3"]}}},
            "3 is not one of the valeurs of appel",
        ),
    ],
)
def test_une_contradiction_est_nommee(tmp_path: Path, entree: dict[str, Any], faute: str) -> None:
    fichier = ecrire(tmp_path, {"code": "x"} | entree)
    with pytest.raises(CatalogueInvalide, match=f"x: .*{faute}"):
        charger_indicateurs(fichier)


def test_deux_indicateurs_de_meme_code_sont_refuses(tmp_path: Path) -> None:
    with pytest.raises(CatalogueInvalide, match="declared twice"):
        charger_indicateurs(ecrire(tmp_path, {"code": "x"}, {"code": "x"}))
