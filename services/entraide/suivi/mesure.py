"""Measuring missions: what is expected is kept before the first day, what came of it is measured month by month."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict
from datetime import datetime
from typing import Any

import structlog
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from services.entraide.domain.cycle_de_vie import Cote
from services.entraide.domain.effet import HORIZONS, Effet, effet, prolonger
from services.entraide.propositions.lignes import Lue
from services.entraide.suivi import lecture, store
from services.entraide.suivi.missions import (
    COTES,
    Suivi,
    a_commence,
    caisse_du_cote,
    debut,
    est_mission,
    mesurable_le,
    mois_du_debut,
    mois_touches,
    suivis,
    voisines,
)
from services.entraide.suivi.phrases import effet as dire_effet
from services.entraide.suivi.store import Attendue, Cle, Faite
from shared.database.transactions import transaction
from shared.indicators.differences import mois_d_avant
from shared.indicators.semblables import HISTOIRE, MOIS_AVANT, PART, POSITIF
from shared.network.jours import date_de
from shared.network.mois import Mois, mois_de
from shared.network.reseau import charger
from shared.service.amonts import Amonts, LectureImpossible

PREAVIS = 3
"""Days before the first one at which the projection may be kept: the nearer, the more it knows."""

_log = structlog.get_logger(__name__)


def a_projeter(lue: Lue, jour: int) -> bool:
    """Whether what is expected of its caisses is to be kept on this day: before the first of a mission that will be,
    or after it when nobody could, which is then said."""
    vivante = est_mission(lue) and lue.proposition.etat in ("ordonnee", "active")
    return vivante and jour >= debut(lue) - PREAVIS


async def projeter_les_dues(
    moteur: AsyncEngine, amonts: Amonts, toutes: Sequence[Lue], jour: int, instant: datetime
) -> int:
    """Keep the projections that are due; how many missions. What nobody answers for waits for the next round."""
    async with moteur.connect() as conn:
        faites = await store.missions_projetees(conn)
    nombre = 0
    for lue in toutes:
        if lue.id in faites or not a_projeter(lue, jour):
            continue
        try:
            attendues = await _attendues(amonts, lue, mois_de(date_de(jour)))
        except LectureImpossible as exc:
            _log.warning("mission non projetée", mission=lue.id, raison=str(exc))
            continue
        async with transaction(moteur) as conn:
            await store.garder_projections(conn, lue.id, attendues, instant)
        nombre += 1
    return nombre


async def _attendues(amonts: Amonts, lue: Lue, courant: Mois) -> dict[Cle, Attendue]:
    attendues: dict[Cle, Attendue] = {}
    for cote in COTES:
        caisse = caisse_du_cote(lue, cote)
        for suivi in suivis(lue.proposition.process):
            for horizon in HORIZONS:
                voulu = mois_du_debut(lue).plus(horizon)
                lu, arrete = await lecture.projection(amonts, suivi.indicateur, caisse, voulu, courant)
                tardive = arrete is not None and arrete >= debut(lue)
                attendues[cote, suivi.indicateur.code, horizon] = Attendue(lu, tardive)
    return attendues


def mesurables(lue: Lue, jour: int) -> list[int]:
    """The horizons whose month is over and judged."""
    return [h for h in HORIZONS if a_commence(lue) and jour >= mesurable_le(lue, h)]


def a_mesurer(lue: Lue, jour: int, faits: Iterable[Faite]) -> list[Faite]:
    """What is due and was never measured under the present version of its indicator."""
    deja = set(faits)
    voulus = [
        Faite(lue.id, horizon, cote, suivi.indicateur.code, suivi.indicateur.version)
        for horizon in mesurables(lue, jour)
        for cote in COTES
        for suivi in suivis(lue.proposition.process)
    ]
    return [v for v in voulus if v not in deja]


async def mesurer_les_dus(
    moteur: AsyncEngine, amonts: Amonts, toutes: Sequence[Lue], jour: int, instant: datetime
) -> int:
    """Measure every effect that is due; how many. What nobody answers for waits for the next round."""
    async with moteur.connect() as conn:
        faits = await store.effets_faits(conn, [lue.id for lue in toutes])
    par_mission: defaultdict[int, list[Faite]] = defaultdict(list)
    for faite in faits:
        par_mission[faite.mission].append(faite)
    nombre = 0
    for lue in toutes:
        voulus = a_mesurer(lue, jour, par_mission[lue.id])
        if not voulus:
            continue
        try:
            async with moteur.connect() as conn:
                mesures = await _mesurer(conn, amonts, lue, toutes, voulus)
        except LectureImpossible as exc:
            _log.warning("effet d'une mission non mesuré", mission=lue.id, raison=str(exc))
            continue
        async with transaction(moteur) as conn:
            nombre += await store.garder_effets(conn, mesures, instant)
    return nombre


async def _mesurer(
    conn: AsyncConnection, amonts: Amonts, lue: Lue, toutes: Sequence[Lue], voulus: Sequence[Faite]
) -> dict[Faite, dict[str, Any]]:
    attendues = await store.lire_projections(conn, lue.id)
    depart = mois_du_debut(lue)
    du, au = depart.plus(-HISTOIRE - MOIS_AVANT), depart.plus(max(v.horizon for v in voulus))
    codes = {v.indicateur for v in voulus}
    mesures: dict[Faite, dict[str, Any]] = {}
    for suivi in (s for s in suivis(lue.proposition.process) if s.indicateur.code in codes):
        lignes = await lecture.mensuelles(amonts, suivi, du, au)
        for faite in (v for v in voulus if v.indicateur == suivi.indicateur.code):
            cote = COTES[0] if faite.cote == COTES[0] else COTES[1]
            attendue = attendues.get(
                (cote, suivi.indicateur.code, faite.horizon), Attendue(lecture.JAMAIS_GARDEE, False)
            )
            mesures[faite] = _decrire(lue, suivi, faite.horizon, cote, lignes, attendue, toutes)
    return mesures


def _decrire(
    lue: Lue,
    suivi: Suivi,
    horizon: int,
    cote: Cote,
    lignes: Mapping[str, Mapping[Mois, Mapping[str, Any]]],
    attendue: Attendue,
    toutes: Sequence[Lue],
) -> dict[str, Any]:
    caisse, depart = caisse_du_cote(lue, cote), mois_du_debut(lue)
    du_reseau = charger().par_slug.keys() & lignes.keys()
    series = {c: {m: float(li["valeur"]) for m, li in lignes[c].items()} for c in du_reseau}
    proches = voisines(lue, toutes, horizon)
    projetee = attendue.projetee
    if suivi.indicateur.genre not in lecture.PROJETABLES:
        projetee = prolonger(series.get(caisse, {}), mois_d_avant(depart.plus(-1))) or lecture.JAMAIS_GARDEE
    vu = effet(
        horizon, depart, caisse, series, suivi.indicateur.sens, projetee,
        mois_touches([*toutes, lue], lue.proposition.process),
        bornes=PART if suivi.indicateur.unite == "%" else POSITIF, relative=suivi.relatif,
        autre_aide=any(caisse in (a.proposition.aidante, a.proposition.aidee) for a in proches),
        tardive=attendue.tardive,
    )  # fmt: skip
    ligne = lignes.get(caisse, {}).get(vu.mois)
    tenu = _objectif_tenu(ligne)
    return {
        **_en_clair(vu),
        "caisse": caisse,
        "verdict": None if ligne is None else ligne["verdict"],
        "objectif": None if ligne is None or ligne["cible"] is None else ligne["cible"]["objectif"],
        "objectif_tenu": tenu,
        "phrase": dire_effet(vu, suivi.indicateur, charger().par_slug[caisse].nom, cote, tenu),
    }


def _objectif_tenu(ligne: Mapping[str, Any] | None) -> bool | None:
    """None: nothing to hold, or not measured."""
    if ligne is None or ligne["verdict"] not in _JUGES:
        return None
    return bool(ligne["verdict"] == "atteint")


_JUGES = ("atteint", "socle_atteint", "sous_le_socle", "seuil_alerte_franchi")


def _en_clair(vu: Effet) -> dict[str, Any]:
    return {
        "mois": str(vu.mois),
        "conclusion": vu.conclusion,
        "conclusion_tiree_de": "comparables" if vu.jugee_sur_elle_meme is None else "projection",
        "comparaison": {
            **{nom: valeur for nom, valeur in asdict(vu.comparaison).items() if nom != "mois"},
            "temoins": list(vu.comparaison.temoins),
            "situations": [{"caisse": c, "mois": str(mois)} for c, mois in vu.comparaison.situations],
        },
        "contre_projection": None if vu.propre is None else asdict(vu.propre),
        "raison_sans_projection": vu.raison_propre,
        "relative": vu.relative,
        "reserves": list(vu.reserves),
    }
