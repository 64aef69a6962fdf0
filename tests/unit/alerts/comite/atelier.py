"""Hand-made months: what the owners of the indicators would answer, in a few words."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from services.alerts.comite.calendrier import Mois
from services.alerts.comite.dossier import Passe
from services.alerts.comite.instantane import Instantane, composer
from services.alerts.comite.instruction import instruire, lignes_de
from services.alerts.comite.regles import Regles, charger_regles
from services.alerts.comite.releves import Explications, Serie
from services.alerts.domain.performance import Preuve, classer, eprouvable, essais
from services.alerts.domain.portee import Neutralisation
from shared.catalogue.indicateurs import indicateur
from shared.catalogue.seuils import charger_seuils
from shared.indicators.intervalles import Sommes

MOIS = Mois(2026, 10)
INSTANT = datetime(2026, 11, 6, 8, tzinfo=UTC)
IJ, DECROCHE, CMUC = "delai_ij_premiere_non_subrogee_moyen", "taux_decroche", "delai_cmuc_acs_moyen"

Valeurs = Mapping[str, Sequence[float | None]]


def serie(code: str, valeurs: Valeurs, n: int | Mapping[str, int] = 1_000, ecart_type: float = 5.0) -> Serie:
    """Twelve months of an indicator; short series are filled with their first value. ``n``: of each month."""
    surveille = charger_seuils().surveilles[code]
    effectif = n if isinstance(n, Mapping) else dict.fromkeys(valeurs, n)
    par_caisse: dict[str, list[dict[str, Any]]] = {}
    preuves: dict[str, Preuve] = {}
    for caisse, donnees in valeurs.items():
        pleine = [donnees[0]] * (12 - len(donnees)) + list(donnees)
        par_caisse[caisse] = [
            {
                "caisse": caisse, "du": str(MOIS.plus(rang - 11).du), "au": str(MOIS.plus(rang - 11).au),
                "valeur": valeur, "n": effectif[caisse] if valeur is not None else 0,
                "intervalle": None, "verdict": "non_mesure" if valeur is None else "sous_le_socle", "cible": None,
            }
            for rang, valeur in enumerate(pleine)
        ]  # fmt: skip
        if pleine[-1] is not None and eprouvable(indicateur(code)):
            combien, moyenne = effectif[caisse], pleine[-1]
            carres = round(combien * (ecart_type**2 + moyenne**2))
            preuves[caisse] = Sommes(combien, round(combien * moyenne), carres)
    return Serie(surveille, "essai-1", par_caisse, preuves)


def figer(*series: Serie, neutralisations: Sequence[Neutralisation] = (), manques: Sequence[str] = ()) -> Instantane:
    lignes = [ligne for s in series for ligne in lignes_de(s, MOIS, neutralisations, {})]
    tentes = [
        e
        for s in series
        for e in essais(
            s.surveille,
            [s.mesures(c)[-1] for c in s.par_caisse],
            {(indicateur(s.surveille.indicateur).process, c): phrase for c, phrase in s.incomplets().items()},
        )
    ]
    listes = [s.surveille for s in series]
    return composer(MOIS, INSTANT, listes, lignes, classer(tentes), {"contacts": {"0": 7}}, manques)


def preparer(
    *series: Serie,
    explications: Mapping[str, Explications] | None = None,
    passes: Mapping[str, Passe] | None = None,
    regles: Regles | None = None,
    audits_deja: int = 0,
) -> dict[str, dict[str, Any]]:
    """The case files of a hand-made month."""
    instantane = figer(*series)
    caisses = {li.caisse for li in instantane.lignes if li.a_examiner}
    return instruire(
        MOIS,
        instantane,
        {s.surveille.indicateur: s for s in series},
        explications or {},
        {caisse: (passes or {}).get(caisse, Passe()) for caisse in caisses},
        {},
        regles or charger_regles(),
        audits_deja=audits_deja,
    )


def mesures(dossiers: Mapping[str, Any], caisse: str) -> list[str]:
    return [p["mesure"] for p in dossiers[caisse]["propositions"]]
