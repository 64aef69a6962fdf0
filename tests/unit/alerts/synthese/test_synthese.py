"""The network summary: what it counts, against what, and how it says what it does not know."""

import csv
import io
from datetime import UTC, date, datetime
from typing import Any

import pytest

from services.alerts.comite.calendrier import MoisInvalide
from services.alerts.comite.instantane import Instantane, Ligne
from services.alerts.synthese.comptes import compter, indicateurs, reduction
from services.alerts.synthese.document import en_pdf, vue
from services.alerts.synthese.entraide import NON_DISPONIBLE, SANS_PLAN, entraide
from services.alerts.synthese.periode import lire_periode
from services.alerts.synthese.tableur import COLONNES, en_csv

DECROCHE = "taux_decroche"


def fige(mois: str, **verdicts: str) -> Instantane:
    lignes = tuple(
        Ligne(c.replace("_", "-"), DECROCHE, "1", 80.0, 100, None, None, v, franchi=False) for c, v in verdicts.items()
    )
    return Instantane(mois, datetime(2026, 1, 1, tzinfo=UTC), ({"indicateur": DECROCHE},), lignes, {}, {})


AVANT = fige("2025-10", a="sous_le_socle", b="sous_le_socle", c="socle_atteint", d="sous_le_socle", e="sous_le_socle")
APRES = fige("2026-10", a="seuil_alerte_franchi", b="sous_le_socle", c="atteint", d="socle_atteint", e="sous_le_socle")


@pytest.mark.parametrize("texte", ["2026-13", "26", "octobre", "2026-1", "1815"])
def test_une_periode_est_une_annee_ou_un_mois(texte: str) -> None:
    assert (str(lire_periode("2026")), lire_periode("2026").au) == ("2026", date(2026, 12, 31))
    assert (str(lire_periode("2026-02")), lire_periode("2026-02").au) == ("2026-02", date(2026, 2, 28))
    with pytest.raises(MoisInvalide):
        lire_periode(texte)


def test_une_caisse_a_deux_courriers_le_meme_mois_est_concernee_une_fois() -> None:
    octobre = {
        ("cpam-31", "courrier_entraide"): "courrier_entraide", ("cpam-31", "preconisation"): "courrier_plan_actions",
        ("cpam-75", "audit"): "audit", ("cpam-33", "courrier_plan_actions"): None,
    }  # fmt: skip
    novembre = {("cpam-31", "courrier_plan_actions"): "courrier_plan_actions"}
    compte = compter([octobre, novembre])
    assert (compte["courriers"], compte["caisses_concernees"], compte["audit"]) == (3, 1, 1)


def test_le_recul_se_lit_contre_le_meme_mois_un_an_avant_et_l_objectif_de_reduction() -> None:
    """4 caisses under the socle, then 3: 25 % fewer; 5 under the objectif, then 4: 20 %."""
    annee, figes = lire_periode("2026"), {"2025-10": AVANT, "2026-10": APRES}
    lu = reduction(annee, figes, 15.0)
    assert (lu["sous_le_socle"], lu["un_an_avant"]["sous_le_socle"]) == (3, 4)
    assert lu["evolution"] == {"sous_le_socle": -25.0, "sous_l_objectif": -20.0}
    assert lu["objectif_tenu"] == {"sous_le_socle": True, "sous_l_objectif": True}
    assert reduction(annee, figes, 22.0)["objectif_tenu"] == {"sous_le_socle": True, "sous_l_objectif": False}
    (ligne,) = indicateurs(annee, figes, 15.0)
    assert (ligne["indicateur"], ligne["mois"], ligne["mesurees"]) == (DECROCHE, "2026-10", 5)


def test_sans_comite_un_an_avant_l_evolution_est_inconnue_et_pas_nulle() -> None:
    lu = reduction(lire_periode("2026"), {"2026-10": APRES}, 15.0)
    assert lu["evolution"] == {"sous_le_socle": None, "sous_l_objectif": None}
    assert lu["objectif_tenu"] == {"sous_le_socle": None, "sous_l_objectif": None}


def proposition(numero: int, revision: int, etat: str, **autres: Any) -> dict[str, Any]:
    return {
        "proposition": numero, "revision": revision, "etat": etat, "process": "ij", "unite": "demande",
        "aidee": "cpam-75", "aidante": "cpam-46", "debut": "2026-10-12", "fin": "2026-11-20", "volume": 900.0,
    } | autres  # fmt: skip


def test_l_aide_donnee_se_compte_par_process_dans_son_unite_a_la_derniere_revision() -> None:
    entendues = [
        proposition(1, 0, "proposee"), proposition(1, 2, "active"), proposition(1, 1, "acceptee"),
        proposition(2, 3, "declinee"), proposition(3, 4, "terminee", process="appel", unite="appel", volume=5_000.0),
        proposition(4, 4, "terminee", debut="2024-01-01", fin="2024-02-01"),
    ]  # fmt: skip
    plans = [
        {"process": "ij", "caisse": "cpam-75", "volume": 2_000.0, "volume_apporte": 900.0, "unite": "demande"},
        {"process": "ij", "caisse": "cpam-31", "volume": 300.0, "volume_apporte": 400.0},
        {"process": "fsp", "caisse": "cpam-33", "phrase": "Le besoin n'a pu être dimensionné."},
    ]
    lu = {p["process"]: p for p in entraide(lire_periode("2026"), entendues, plans)["processus"]}
    assert (lu["ij"]["missions"], lu["ij"]["volume_convenu"], lu["ij"]["unite"]) == (1, 900.0, "demande")
    assert (lu["ij"]["besoin"], lu["ij"]["besoin_non_couvert"]) == (2_300.0, 1_100.0)
    assert (lu["appel"]["volume_convenu"], lu["appel"]["besoin"], lu["appel"]["phrase"]) == (5_000.0, None, SANS_PLAN)
    assert (lu["fsp"]["besoin"], lu["fsp"]["besoin_non_couvert"]) == (None, None), "inconnu n'est pas zéro"


def test_sans_evenement_d_entraide_la_synthese_dit_non_disponible() -> None:
    lu = entraide(lire_periode("2026"), [], [])
    assert (lu["disponible"], lu["phrase"], lu["processus"]) == (False, NON_DISPONIBLE, [])


def document() -> dict[str, Any]:
    annee, figes = lire_periode("2026"), {"2025-10": AVANT, "2026-10": APRES}
    total = compter([{("cpam-31", "courrier_entraide"): "courrier_entraide"}])
    comite = {"mois": "2026-10", "etat": "close", "caisses_examinees": 4, "franchissements": 5, **total}
    return {
        "periode": "2026", "libelle": "année 2026",
        "comites": [comite | {"sous_le_socle": 3, "sous_l_objectif": 4}], "total": total | {"comites_clos": 1},
        "indicateurs": indicateurs(annee, figes, 15.0), "reduction": reduction(annee, figes, 15.0),
        "suivis": {"audit": {"propose": 1, "clos": 1}, "accompagnement_si": {}},
        "entraide": entraide(annee, [proposition(1, 2, "active")], []),
    }  # fmt: skip


def test_le_csv_a_un_chiffre_par_ligne_et_une_case_vide_pour_l_inconnu() -> None:
    entete, *lignes = csv.reader(io.StringIO(en_csv(document()).decode()))
    assert tuple(entete) == COLONNES
    lus = {(li[1], li[3], li[4]): (li[5], li[6]) for li in lignes}
    assert lus["indicateur", DECROCHE, "sous_le_socle_evolution"] == ("-25.0", "%")
    assert lus["entraide", "ij", "volume_convenu"] == ("900.0", "demande")
    assert lus["entraide", "ij", "besoin"] == ("", "demande")
    assert lus["suivi", "audit", "clos"] == ("1", "")


def test_le_pdf_se_compose_et_les_memes_chiffres_donnent_les_memes_octets() -> None:
    lu = document()
    octets = en_pdf(lu, date(2027, 1, 15))
    assert octets.startswith(b"%PDF-")
    assert octets == en_pdf(lu, date(2027, 1, 15))
    dit = vue(lu, date(2027, 1, 15))
    assert dit["reduction"]["bornes"]["sous_le_socle"]["evolution"] == "\N{MINUS SIGN}25\N{NARROW NO-BREAK SPACE}%"
    assert dit["entraide"][0]["besoin"] == "non disponible"
