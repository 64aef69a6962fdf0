"""Processes as data: what each must declare, and every contradiction named with its place."""

from pathlib import Path
from typing import Any

import pytest
import yaml

from shared.catalogue.processus import (
    CatalogueInvalide,
    ProcessusInconnu,
    charger_processus,
    lire_processus,
    processus,
)

CONTACTS = {
    "accueil", "appel", "comptage_appels", "courriel", "courrier", "effectif", "enquete", "reclamation", "supervision",
}  # fmt: skip
CLAIMS = {
    "ame", "apias", "carte_vitale", "cmuc_acs", "dapias", "dossier_unique", "entente_prealable", "fse", "fsp", "ij",
    "rente_at_mp", "retraite", "smg",
}  # fmt: skip


def test_chaque_service_a_ses_processus() -> None:
    assert {p.code for p in charger_processus().values() if p.service == "contacts"} == CONTACTS
    assert {p.code for p in charger_processus().values() if p.service == "claims"} == CLAIMS


def test_le_couloir_des_smg_n_est_nomme_par_aucun_autre_processus() -> None:
    for p in charger_processus().values():
        if p.code != "smg":
            assert not [v for valeurs in p.attributs.values() for v in valeurs if "smg" in v]


def test_l_effectif_compte_des_personnes_sans_pouvoir_en_nommer_une() -> None:
    effectif = processus("effectif")
    assert set(effectif.grandeurs) == {"connectes", "disponibles"}
    assert not effectif.attributs


def test_un_code_mal_ecrit_fait_proposer_le_bon() -> None:
    with pytest.raises(ProcessusInconnu, match="accueil"):
        processus("acceuil")


RELEVE: dict[str, Any] = {
    "process": "essai", "libelle": "Essai", "service": "contacts", "forme": "releves", "unite": "relevé",
    "jalons": {"lu": "dernier"}, "start": "lu", "stops": {}, "grandeurs": {"degres": 100},
}  # fmt: skip


def ecrire(dossier: Path, brut: dict[str, Any]) -> Path:
    (dossier / "essai.yaml").write_text(yaml.safe_dump(brut), encoding="utf-8")
    return dossier


def test_un_releve_porte_des_grandeurs_et_ne_se_clot_pas(tmp_path: Path) -> None:
    (lu,) = charger_processus(ecrire(tmp_path, RELEVE)).values()
    assert lu == lire_processus(RELEVE)
    assert (lu.grandeurs, lu.arrets, lu.issues) == ({"degres": 100}, (), ())


@pytest.mark.parametrize(
    ("change", "faute"),
    [
        ({"forme": "gazeux"}, "forme: gazeux is not one of dossiers, flux, releves"),
        ({"grandeurs": {}}, "grandeurs: releves have some"),
        ({"forme": "flux", "stops": {"lu": "lu"}}, "grandeurs: releves have some, other forms none"),
        ({"forme": "flux", "grandeurs": {}}, "stops: releves have none, other forms some"),
        ({"stops": {"lu": "lu"}}, "stops: releves have none"),
        ({"grandeurs": {"degres": 0}}, "grandeurs.degres: 0 is not"),
        ({"grandeurs": {"degres": 10**9}}, "grandeurs.degres: 1000000000 is not"),
        ({"attributes": {"degres": ["a"]}}, "grandeurs.degres: is an attribute too"),
        ({"stop": {}}, "unknown key: stop"),
        ({"start": "relu"}, "start: relu is not a jalon"),
        ({"strates": ["lieu"]}, "strates: lieu is not an attribute"),
        ({"clocks": ["semaines"]}, "clocks: semaines is not a clock"),
        ({"process": "autre"}, "process: autre stands in a file named essai.yaml"),
    ],
    ids=lambda v: None if isinstance(v, dict) else v,
)
def test_une_contradiction_est_nommee_a_sa_place(tmp_path: Path, change: dict[str, Any], faute: str) -> None:
    with pytest.raises(CatalogueInvalide, match=f"essai.yaml: {faute}"):
        charger_processus(ecrire(tmp_path, RELEVE | change))
