"""Measuring effects: the values and the comparable caisses are asked of the service that owns the indicator."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import datetime
from typing import Any

import structlog
from sqlalchemy import Row
from sqlalchemy.ext.asyncio import AsyncEngine

from services.alerts.comite.calendrier import FUSEAU, Mois, jour_de_preparation, lire_mois, mois_de
from services.alerts.comite.lecture import Lecteur
from services.alerts.consumers.lecture import LectureImpossible
from services.alerts.domain.etats import SYSTEME
from services.alerts.effets import store
from services.alerts.effets.domain import HORIZONS, Effet, effet
from services.alerts.effets.store import Cle, cle_de
from services.alerts.plans.lecture import mesures_mensuelles, presents
from services.alerts.store.base import transaction
from shared.catalogue.indicateurs import charger_indicateurs, indicateur
from shared.indicators.differences import mois_d_avant

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

    ``toutes``: every measure that was retained, by which other caisses are no longer comparable.
    """
    juge, decidee = lire_mois(ligne.mois), decidee_en(ligne)
    vus: dict[tuple[str, int], Effet] = {}
    for code in codes:
        defini = indicateur(code)
        temoins = await _comparables(lecteur, defini.service, ligne.caisse, juge)
        du, au = mois_d_avant(juge)[0], decidee.plus(max(horizons))
        series = presents(await mesures_mensuelles(lecteur, defini, None, du, au), [ligne.caisse, *temoins])
        traitee = series.pop(ligne.caisse)
        for horizon in horizons:
            pendant = [
                li
                for li in toutes
                if code in li.indicateurs
                and du <= decidee_en(li) <= decidee.plus(horizon)
                and cle_de(li) != cle_de(ligne)
            ]
            touches = {li.caisse for li in pendant} - {ligne.caisse}
            autres = sum(li.caisse == ligne.caisse for li in pendant)
            vus[code, horizon] = effet(horizon, decidee, juge, traitee, series, defini.sens, touches, autres)
    return vus


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
    return {**asdict(vu), "mois": str(vu.mois), **{nom: list(getattr(vu, nom)) for nom in _LISTES}}


_LISTES = ("temoins", "ecartes", "reserves")


async def _comparables(lecteur: Lecteur, service: str, caisse: str, juge: Mois) -> list[str]:
    """The group of a caisse as it was when it was judged, itself left out."""
    document = await lecteur.demander(service, "/v1/groupes", {"caisse": caisse, "au": str(juge.au)})
    try:
        return [membre["caisse"] for membre in document["caisses"] if membre["caisse"] != caisse]
    except (KeyError, TypeError) as exc:
        raise LectureImpossible(f"Réponse inattendue du service {service} à /v1/groupes ({exc!r}).") from exc
