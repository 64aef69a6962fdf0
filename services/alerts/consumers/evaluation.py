"""An evaluation: read, then change every alert in one transaction.

One evaluator works at a time (an advisory lock held from before the reading to after the commit), so that what is
written is never older than what was written before; one that dies leaves nothing half done, and the next does the
same again. Evaluating twice what did not change changes nothing.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from zoneinfo import ZoneInfo

from sqlalchemy import select, text
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from services.alerts.consumers.avis import annoncer
from services.alerts.consumers.lecture import Amont
from services.alerts.consumers.recolte import Recolte, recolter
from services.alerts.contestations.store import adaptees_le
from services.alerts.domain.continuite import (
    Declaration,
    ReglagesContinuite,
    observer_declarations,
    observer_desaccord,
    observer_sources,
    situation_calculee,
    situation_declaree,
)
from services.alerts.domain.escalade import ReglagesEscalade, escalader
from services.alerts.domain.etats import FINIS, Cle, Observation, Suivi, Transition, observer, vieillir
from services.alerts.domain.groupes import ReglagesAvis
from services.alerts.domain.performance import classer, observer_retires
from services.alerts.domain.portee import Silence
from services.alerts.store import alertes, registres
from services.alerts.store.alertes import Vivante
from services.alerts.store.base import TOUT
from services.alerts.store.tables import a_evaluer, evaluation
from shared.clock import Clock
from shared.indicators.fausses_decouvertes import Controle
from shared.network.ouvertures import ouvertures_de
from shared.network.reseau import charger

_VERROU = int.from_bytes(b"alerts", "big")
"""Advisory lock of the evaluator."""

_FUSEAU = ZoneInfo(registres.FUSEAU)


@dataclass(frozen=True, slots=True)
class ReglagesEvaluation:
    """Every rule of the live alerts that is a number."""

    continuite: ReglagesContinuite = field(default_factory=ReglagesContinuite)
    escalade: ReglagesEscalade = field(default_factory=ReglagesEscalade)
    avis: ReglagesAvis = field(default_factory=ReglagesAvis)


@dataclass(frozen=True, slots=True)
class Bilan:
    """What an evaluation did. ``sans_reponse``: what could not be read; its alerts were left as they are."""

    instant: datetime
    complete: bool
    transitions: int
    sans_reponse: tuple[str, ...]


@dataclass(slots=True)
class Evaluateur:
    """Evaluates the live alerts of the whole network."""

    moteur: AsyncEngine
    amont: Amont
    clock: Clock
    reglages: ReglagesEvaluation = field(default_factory=ReglagesEvaluation)

    async def evaluer(self, *, complete: bool) -> Bilan | None:
        """Evaluate everything, or only what a bell asked for. None: another evaluator is at work, or nothing to do."""
        async with self.moteur.connect() as conn:
            if not await conn.scalar(text("SELECT pg_try_advisory_lock(:verrou)"), {"verrou": _VERROU}):
                return None
            await conn.commit()
            try:
                return await self._evaluer(conn, complete=complete)
            finally:
                await _liberer(conn)

    async def _evaluer(self, conn: AsyncConnection, *, complete: bool) -> Bilan | None:
        instant = self.clock.now()
        jour = instant.astimezone(_FUSEAU).date()
        demandes = {li.process: li.numero for li in await conn.execute(select(a_evaluer))}
        neutralisations = await registres.neutralisations_en_vigueur(conn)
        adaptees = await adaptees_le(conn, jour)
        await conn.rollback()
        if not demandes and not complete:
            return None
        processus = None if complete or TOUT in demandes else demandes.keys()
        recolte = await recolter(
            self.amont, processus, jour, instant, neutralisations, adaptees, self.reglages.continuite
        )
        # On the connection that holds the lock: whoever lost it cannot write.
        async with conn.begin():
            nombre = await self._ecrire(conn, recolte, jour, instant)
            await _noter(conn, instant, recolte, complete=processus is None)
            for process, numero in demandes.items():
                await conn.execute(
                    a_evaluer.delete().where(a_evaluer.c.process == process, a_evaluer.c.numero == numero)
                )
        return Bilan(instant, processus is None, nombre, tuple(recolte.sans_reponse))

    async def _ecrire(self, conn: AsyncConnection, recolte: Recolte, jour: date, instant: datetime) -> int:
        silences = await registres.silences_en_cours(conn, instant)
        declarations = await registres.declarations_en_cours(conn, instant)
        vivantes = await alertes.vivantes(conn)
        vues = [
            *recolte.observations,
            *observer_retires(vivantes, jour, instant),
            *observer_declarations(declarations, vivantes, instant),
        ]
        if recolte.muettes is not None:
            vues += observer_sources(recolte.muettes, vivantes, instant, self.reglages.continuite)
        lot = _Lot(conn, vivantes, silences, instant, self.reglages.escalade)
        await lot.appliquer({vue.cle: vue for vue in vues})
        await lot.appliquer(_desaccords(lot.etats, declarations, instant, self.reglages.continuite))
        await lot.vieillir()
        await annoncer(conn, silences, instant, self.reglages.avis)
        return lot.transitions


@dataclass(slots=True)
class _Lot:
    """The alerts alive, changed and written one after the other."""

    conn: AsyncConnection
    vivantes: Mapping[Cle, Vivante]
    silences: Collection[Silence]
    instant: datetime
    escalade: ReglagesEscalade
    etats: dict[Cle, Suivi] = field(default_factory=dict)
    transitions: int = 0
    _vues: set[Cle] = field(default_factory=set)

    def __post_init__(self) -> None:
        self.etats = {cle: vivante.suivi for cle, vivante in self.vivantes.items()}

    async def appliquer(self, vues: Mapping[Cle, Observation]) -> None:
        for cle, vue in sorted(vues.items()):
            vivante = self.vivantes.get(cle)
            if vivante is None:
                suivi, lignes = observer(None, vue)
                if suivi is not None:
                    await alertes.commencer(self.conn, suivi, lignes, vue)
                    self._retenir(cle, suivi, lignes)
                continue
            await self._avancer(cle, vivante, vue)

    async def vieillir(self) -> None:
        """What time makes of the alerts that were not observed."""
        for cle, vivante in self.vivantes.items():
            if cle not in self._vues:
                await self._avancer(cle, vivante, None)

    async def _avancer(self, cle: Cle, vivante: Vivante, vue: Observation | None) -> None:
        suivi, lignes = _evoluer(vivante.suivi, vue, self.instant)
        if not any(silence.tait(cle, self.instant) for silence in self.silences):
            monte, cran = escalader(suivi, self.instant, ouvertures_de(charger().par_slug[cle.caisse]), self.escalade)
            suivi, lignes = monte or suivi, (*lignes, *cran)
        if vue is not None or suivi != vivante.suivi:
            await alertes.enregistrer(self.conn, vivante, suivi, lignes, vue)
        self._retenir(cle, suivi, lignes)

    def _retenir(self, cle: Cle, suivi: Suivi, lignes: Collection[Transition]) -> None:
        self.etats[cle] = suivi
        self.transitions += len(lignes)
        self._vues.add(cle)


def _evoluer(suivi: Suivi, vue: Observation | None, instant: datetime) -> tuple[Suivi, tuple[Transition, ...]]:
    """An observation, then what time adds to it unless it ended the alert."""
    observe, lignes = (suivi, ()) if vue is None else observer(suivi, vue)
    if observe is None or observe.etat in FINIS:
        return observe or suivi, lignes
    vieilli, suites = vieillir(observe, instant)
    return vieilli or observe, (*lignes, *suites)


def _desaccords(
    etats: Mapping[Cle, Suivi], declarations: Collection[Declaration], instant: datetime, reglages: ReglagesContinuite
) -> dict[Cle, Observation]:
    """For each caisse that declares its situation, or was followed as disagreeing."""
    ouvertes: dict[str, list[Cle]] = {}
    for cle, suivi in etats.items():
        if suivi.etat in ("ouverte", "prise_en_compte"):
            ouvertes.setdefault(cle.caisse, []).append(cle)
    suivies = {cle.caisse for cle, s in etats.items() if cle.genre == "desaccord" and s.etat not in FINIS}
    vues = [
        observer_desaccord(
            caisse,
            situation_declaree(caisse, declarations, instant),
            situation_calculee(cle.genre for cle in ouvertes.get(caisse, ())),
            instant,
            reglages,
        )
        for caisse in sorted(suivies | {d.caisse for d in declarations if d.genre == "situation"})
    ]
    return {vue.cle: vue for vue in vues}


async def _noter(conn: AsyncConnection, instant: datetime, recolte: Recolte, *, complete: bool) -> None:
    """When it was, and for a complete evaluation the false-discovery control over all that was tried."""
    valeurs: dict[str, object] = {"vue_le": instant, "sans_reponse": recolte.sans_reponse}
    if complete:
        controle = classer(recolte.essais)
        await alertes.classer(conn, _gravites(controle))
        valeurs |= {
            "complete_le": instant,
            "essais": controle.essais,
            "averes": controle.averes,
            "fausses_attendues": controle.fausses_attendues,
        }
    depot = insert(evaluation).values(unique_ligne=True, **valeurs)
    await conn.execute(depot.on_conflict_do_update(index_elements=["unique_ligne"], set_=valeurs))


def _gravites(controle: Controle[tuple[str, str]]) -> dict[Cle, tuple[str, float, float]]:
    return {Cle("performance", *f.cle): (f.gravite, f.p, f.p_ajustee) for f in controle.franchissements}


async def _liberer(conn: AsyncConnection) -> None:
    """Give the lock back; a connection that cannot is dropped, and the lock with it."""
    try:
        await conn.rollback()
        await conn.execute(text("SELECT pg_advisory_unlock(:verrou)"), {"verrou": _VERROU})
        await conn.commit()
    except Exception:
        await conn.invalidate()
        raise
