"""Measuring effects: the values are asked of the service that owns the indicator."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import datetime
from typing import Any

import structlog
from sqlalchemy import Row
from sqlalchemy.ext.asyncio import AsyncEngine

from services.alerts.comite.calendrier import FUSEAU, Mois, jour_de_preparation, mois_de
from services.alerts.comite.lecture import Lecteur
from services.alerts.consumers.lecture import LectureImpossible
from services.alerts.domain.etats import SYSTEME
from services.alerts.effets import store
from services.alerts.effets.domain import HORIZONS, Effet, effet
from services.alerts.effets.store import Cle, cle_de
from services.alerts.plans.lecture import mesures_mensuelles, presents
from services.alerts.store.base import transaction
from shared.catalogue.indicateurs import charger_indicateurs, indicateur
from shared.indicators.semblables import HISTOIRE, MOIS_AVANT, PART, POSITIF
from shared.network.reseau import charger

_log = structlog.get_logger(__name__)

Vus = Mapping[tuple[str, int], Effet]
"""(indicator, horizon) -> what is known of it."""


def decidee_en(ligne: Row[Any]) -> Mois:
    """The month a measure was decided in, which is neither before nor after."""
    return mois_de(ligne.prise_le.astimezone(FUSEAU).date())


def mesurables(ligne: Row[Any], instant: datetime) -> list[int]:
    """The horizons whose month is over, and judged: from the day the comité would be prepared on."""
    jour = instant.astimezone(FUSEAU).date()
    return [h for h in HORIZONS if jour >= jour_de_preparation(decidee_en(ligne).plus(h))]


async def mesurer(
    lecteur: Lecteur, ligne: Row[Any], horizons: Sequence[int], toutes: Sequence[Row[Any]], codes: Sequence[str]
) -> Vus:
    """The effects of one measure at these horizons, on these of its indicators. Raises LectureImpossible.

    ``toutes``: every measure that was retained: while one touches a caisse, it says nothing of what comes without.
    """
    decidee = decidee_en(ligne)
    vus: dict[tuple[str, int], Effet] = {}
    for code in codes:
        defini = indicateur(code)
        du, au = decidee.plus(-HISTOIRE - MOIS_AVANT), decidee.plus(max(horizons))
        lues = await mesures_mensuelles(lecteur, defini, None, du, au)
        series = presents(lues, charger().par_slug.keys() & lues.keys())
        autres = [li for li in toutes if code in li.indicateurs and cle_de(li) != cle_de(ligne)]
        touches, bornes = _mois_touches(autres), PART if defini.unite == "%" else POSITIF
        for horizon in horizons:
            pendant = sum(
                li.caisse == ligne.caisse and decidee.plus(-MOIS_AVANT) <= decidee_en(li) <= decidee.plus(horizon)
                for li in autres
            )
            vus[code, horizon] = effet(
                horizon, decidee, ligne.caisse, series, defini.sens, touches, bornes, autres_mesures=pendant
            )
    return vus


def _mois_touches(mesures: Sequence[Row[Any]]) -> dict[str, set[Mois]]:
    """The months in which each caisse was under a measure: that of the decision, and those it may show in."""
    touches: dict[str, set[Mois]] = {}
    for ligne in mesures:
        decidee = decidee_en(ligne)
        touches.setdefault(ligne.caisse, set()).update(decidee.plus(rang) for rang in (0, *HORIZONS))
    return touches


async def mesurer_et_garder(
    moteur: AsyncEngine,
    lecteur: Lecteur,
    ligne: Row[Any],
    voulus: Sequence[tuple[str, int]],
    instant: datetime,
    par: str,
    *,
    remplacer: bool,
) -> None:
    """Measure some (indicator, horizon) of a measure and keep them. Raises LectureImpossible: then nothing is kept."""
    async with moteur.connect() as conn:
        toutes = await store.retenues(conn)
    codes = list(dict.fromkeys(code for code, _ in voulus))
    vus = await mesurer(lecteur, ligne, sorted({h for _, h in voulus}), toutes, codes)
    async with transaction(moteur) as conn:
        for code, horizon in voulus:
            decrit = decrire(vus[code, horizon])
            await store.garder(conn, cle_de(ligne), code, horizon, decrit, instant, par, remplacer=remplacer)


async def mesurer_les_dus(moteur: AsyncEngine, lecteur: Lecteur, instant: datetime) -> int:
    """Measure every effect whose month is over and that was never measured; how many. What nobody answers for waits."""
    async with moteur.connect() as conn:
        toutes, faites = await store.retenues(conn), await store.mesures_faites(conn)
    nombre = 0
    for ligne in toutes:
        cle: Cle = cle_de(ligne)
        voulus = [
            (code, h)
            for h in mesurables(ligne, instant)
            for code in ligne.indicateurs
            if code in charger_indicateurs() and (cle, code, h) not in faites
        ]
        if not voulus:
            continue
        try:
            await mesurer_et_garder(moteur, lecteur, ligne, voulus, instant, SYSTEME, remplacer=False)
        except LectureImpossible as exc:
            _log.warning("effet non mesuré", mesure=str(cle), raison=str(exc))
        else:
            nombre += len(voulus)
    return nombre


def decrire(vu: Effet) -> dict[str, Any]:
    """An effect in plain values."""
    vue = vu.comparaison
    return {
        **asdict(vue),
        "horizon": vu.horizon,
        "mois": str(vue.mois),
        "temoins": list(vue.temoins),
        "situations": [{"caisse": caisse, "mois": str(mois)} for caisse, mois in vue.situations],
        "reserves": list(vu.reserves),
    }
