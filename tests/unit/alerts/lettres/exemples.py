"""One plausible document of each kind: data as the comité keeps them at its closing."""

from typing import Any

CAISSE = {"slug": "cpam-31", "nom": "CPAM de la Haute-Garonne"}
MOIS = ("2026-04", "2026-05", "2026-06", "2026-07", "2026-08", "2026-09", "2026-10")
EMPREINTE = "6a1f0c9be2d84e5f7730b1c4a9e6d2f805c3e7b9146af28d5b0c9e3f71d8a246"


def serie(*valeurs: float | None) -> list[dict[str, Any]]:
    return [{"du": f"{m}-01", "au": f"{m}-28", "valeur": v} for m, v in zip(MOIS, valeurs, strict=True)]


IJ: dict[str, Any] = {
    "code": "ij_delai_premiere_non_subrogee",
    "libelle": "Délai de la première IJ non subrogée",
    "unite": "jours",
    "valeur": 41.27,
    "n": 1864,
    "intervalle": [39.8, 42.9],
    "seuil": 35.0,
    "cible": {"objectif": 27.0, "socle": 30.0, "seuil_alerte": 35.0, "statut": "fixee"},
    "verdict": "seuil_alerte_franchi",
    "formule": "moyenne, en jours, de la réception de l'avis d'arrêt au premier paiement à l'assuré",
    "sens": "bas",
    "du": "2026-10-01",
    "au": "2026-10-31",
    "serie": serie(28.4, 29.1, 30.6, None, 34.9, 38.2, 41.27),
    "detenteurs": {
        "employeur": {"jours": 12.1, "part": 29.3},
        "caisse": {"jours": 21.4, "part": 51.9},
        "assure": {"jours": 3.2, "part": 7.8},
        "service_medical": {"jours": 4.57, "part": 11.0},
        "prenante": {"jours": 0.0, "part": 0.0},
    },
}
FSP: dict[str, Any] = {
    "code": "fsp_assures",
    "libelle": "Délai de traitement des FSP assurés",
    "unite": "jours",
    "valeur": 15.04,
    "n": 20413,
    "intervalle": [14.9, 15.2],
    "cible": {"objectif": 9.0, "socle": 12.0, "seuil_alerte": 15.0, "hypothese": True},
    "verdict": "seuil_alerte_franchi",
    "sens": "bas",
    "serie": serie(9.1, 9.4, 10.2, 11.7, 12.8, 14.1, 15.04),
    "executante": {"slug": "cpam-09", "nom": "CPAM de l'Ariège"},
}
COURRIER: dict[str, Any] = {
    "mois": "2026-10",
    "mois_en_clair": "octobre 2026",
    "caisse": CAISSE,
    "indicateurs": [IJ],
    "motifs": [
        "Seuil d'alerte franchi deux mois de suite : 38,2 jours en septembre, 41,3 jours en octobre.",
        "La caisse tient les dossiers 52 % du temps ; le stock est passé de 4200 à 6 300 demandes.",
    ],
    "consigne": None,
    "president": "Directrice déléguée aux opérations",
    "date": "2026-11-09",
    "echeance": "2026-12-01",
    "empreinte": EMPREINTE,
}
AIDE: dict[str, Any] = {
    "processus": "indemnités journalières",
    "volume": 2100,
    "unite": "demandes",
    "etp": 5.5,
    "du": "2026-11-23",
    "au": "2027-01-15",
    "aidantes": [{"slug": "cpam-46", "nom": "CPAM du Lot"}, {"slug": "cpam-32", "nom": "CPAM du Gers"}],
    "sans_aide": "44 jours fin décembre (de 41 à 47)",
    "avec_aide": "33 jours fin décembre (de 31 à 36)",
}
PROCES_VERBAL: dict[str, Any] = {
    "mois": "2026-10",
    "mois_en_clair": "octobre 2026",
    "date": "2026-11-09",
    "president": "Directrice déléguée aux opérations",
    "empreinte": EMPREINTE,
    "pris_le": "2026-11-06T06:00:00+01:00",
    "catalogue": "2026.10",
    "quorum": 3,
    "caisses_examinees": 14,
    "fausses_attendues": 0.6,
    "membres": [
        {"nom": "A. Bernard", "qualite": "présidente, direction déléguée aux opérations"},
        {"nom": "C. Dubois", "qualite": "coordination nationale PHARE"},
        {"nom": "E. Fournier", "qualite": "pilotage du réseau"},
        {"nom": "G. Henry", "qualite": "audit", "present": False},
    ],
    "decisions": [
        {
            "caisse": CAISSE, "mesure": "courrier_entraide", "issue": "acceptee", "retenue": "courrier_entraide",
            "indicateurs": ["Délai de la première IJ non subrogée"],
            "motif": "Stock en hausse de moitié ; plan provisoire d'entraide disponible.",
        },
        {
            "caisse": CAISSE, "mesure": "audit", "issue": "ecartee",
            "indicateurs": ["Délai de la première IJ non subrogée"],
            "motif": "Deux mois seulement : la dégradation n'est pas établie dans la durée.",
            "dissentiments": [{"membre": "E. Fournier", "motif": "l'organisation est en cause depuis l'été."}],
        },
        {
            "caisse": {"slug": "cpam-76-rouen", "nom": "CPAM de Rouen-Elbeuf-Dieppe-Seine-Maritime"},
            "mesure": "courrier_plan_actions", "issue": "amendee", "retenue": "preconisation",
            "indicateurs": ["Taux de décroché"], "motif": "Panne de téléphonie de trois jours, réparée.",
        },
    ],
}  # fmt: skip

DONNEES: dict[str, dict[str, Any]] = {
    "preconisation": {**COURRIER, "indicateurs": [FSP]},
    "courrier_plan_actions": {
        **COURRIER,
        "indicateurs": [IJ, FSP],
        "precedents": ["préconisation du 8 septembre 2026", "courrier d'alerte du 7 octobre 2026"],
        "consigne": "Le comité demande que le plan traite d'abord les dossiers de plus de 60 jours.",
    },
    "courrier_entraide": {**COURRIER, "aides": [AIDE]},
    "audit": COURRIER,
    "accompagnement_si": COURRIER,
    "delestage_ou_tram": COURRIER,
    "proces_verbal": PROCES_VERBAL,
}
