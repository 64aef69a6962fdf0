"""What was measured over the months of a trajectory, asked of the service that owns the indicator."""

from collections.abc import Collection, Mapping
from datetime import date
from fractions import Fraction
from typing import Any

from services.alerts.comite.calendrier import Mois, mois_de
from services.alerts.comite.lecture import Lecteur
from services.alerts.consumers.lecture import LectureImpossible
from services.alerts.plans.trajectoire import Mesure
from shared.catalogue.indicateurs import Indicateur
from shared.catalogue.seuils import Vue, charger_seuils


def vue_de(code: str) -> Vue:
    """On whose account the comité judges an indicator: the caisse responsible, where nothing else is set."""
    surveille = charger_seuils().surveilles.get(code)
    return "responsable" if surveille is None else surveille.vue


async def mesures_mensuelles(
    lecteur: Lecteur, defini: Indicateur, caisse: str | None, du: Mois, au: Mois
) -> dict[str, dict[Mois, Mesure]]:
    """Caisse -> month -> measure, the months ``du`` to ``au`` in; ``caisse`` None: all. Raises LectureImpossible.

    A value built on too few of its events is no measure.
    """
    chemin = f"/v1/indicateurs/{defini.code}/valeurs"
    options = {"du": str(du.du), "au": str(au.au), "pas": "mois", "vue": vue_de(defini.code)}
    document = await lecteur.demander(
        defini.service, chemin, options if caisse is None else {**options, "caisse": caisse}
    )
    par_caisse: dict[str, dict[Mois, Mesure]] = {}
    try:
        for ligne in document["valeurs"]:
            mois = mois_de(date.fromisoformat(ligne["du"]))
            par_caisse.setdefault(ligne["caisse"], {})[mois] = _mesure(ligne, defini)
    except (KeyError, TypeError, ValueError) as exc:
        raise LectureImpossible(f"Réponse inattendue du service {defini.service} à {chemin} ({exc!r}).") from exc
    return par_caisse


def _mesure(ligne: Mapping[str, Any], defini: Indicateur) -> Mesure:
    if ligne["valeur"] is None or ligne["verdict"] == "non_mesure":
        return Mesure(None)
    bas, haut = ligne["intervalle"] or (None, None)
    return Mesure(_exacte(ligne, defini), ligne["n"], bas, haut)


def _exacte(ligne: Mapping[str, Any], defini: Indicateur) -> Fraction:
    numerateur, denominateur = ligne["numerateur"], ligne["denominateur"]
    if defini.unite == "%" and numerateur is not None and denominateur:
        return Fraction(100 * numerateur, denominateur)
    return Fraction(str(ligne["valeur"]))


def presents(series: Mapping[str, Mapping[Mois, Mesure]], caisses: Collection[str]) -> dict[str, dict[Mois, float]]:
    """The measured values alone, of these caisses."""
    return {
        caisse: {mois: float(m.valeur) for mois, m in series.get(caisse, {}).items() if m.valeur is not None}
        for caisse in caisses
    }
