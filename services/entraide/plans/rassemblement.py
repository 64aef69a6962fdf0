"""Gathering what a plan is made from: the register, the needs and what is agreed here, the figures elsewhere."""

import asyncio
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from sqlalchemy import Row
from sqlalchemy.ext.asyncio import AsyncConnection

from services.entraide.assemblage import ServiceEntraide
from services.entraide.besoins import store as depot_besoins
from services.entraide.besoins.aides import donnes
from services.entraide.besoins.amonts import Amonts
from services.entraide.besoins.charges import EnPlus
from services.entraide.besoins.dimensionnement import (
    Situations,
    annoncee,
    horizon_a,
    lire_situations,
    propositions_utiles,
)
from services.entraide.domain.allocation.modele import Poids
from services.entraide.domain.besoins import Besoin
from services.entraide.domain.montage import Attendue, Donnees, Engagement
from services.entraide.domain.poles import Pole
from services.entraide.plans.contenu import Entree
from services.entraide.plans.empreinte import empreinte, en_clair
from services.entraide.poles import store as depot_poles
from services.entraide.poles.description import en_pole
from services.entraide.propositions.lignes import Lue, calendrier_de
from services.entraide.propositions.store import couverts, ecartees, engagements
from shared.network.tram import charger_tram
from shared.service.amonts import LectureImpossible

RESTE_MIN = 1e-6
"""Below it nothing is left of a need."""

Clef = tuple[str, str]


@dataclass(frozen=True)
class Base:
    """What this service's own tables say at one moment; ``empreinte`` tells whether they still say the same.

    ``poles`` with what they gave over twelve months; ``besoins`` with what is left of them, the covered ones apart.
    """

    poles: tuple[Pole, ...]
    lignes: tuple[Row[Any], ...]
    besoins: tuple[Besoin, ...]
    engagements: tuple[Engagement, ...]
    ecartees: frozenset[tuple[str, str]]
    lues: tuple[Lue, ...]
    empreinte: str

    @property
    def en_plus(self) -> Mapping[Clef, EnPlus]:
        return {(li.caisse, li.process): depot_besoins.en_plus_de(li) for li in self.lignes}


async def lire_la_base(
    conn: AsyncConnection, maintenant: datetime, *, provisoires: bool, cles: Collection[str] | None = None
) -> Base:
    """``provisoires``: the needs of a preparation (``cles``) too; of a caisse and process that has both, those only.

    ``cles`` None: every open need.
    """
    horizon = horizon_a(maintenant)
    ouverts = await depot_besoins.ouverts(conn, provisoires=False, cles=None if provisoires else cles)
    if provisoires:
        en_preparation = await depot_besoins.ouverts(conn, provisoires=True, cles=cles)
        deja = {(li.caisse, li.process) for li in en_preparation}
        ouverts = [*en_preparation, *(li for li in ouverts if (li.caisse, li.process) not in deja)]
    lignes = sorted(ouverts, key=lambda li: li.cle)
    pris = await couverts(conn, [li.cle for li in lignes])
    besoins = [depot_besoins.en_besoin(li, li.volume - pris.get(li.cle, 0.0)) for li in lignes]
    tenus = await engagements(conn, horizon)
    lues = await propositions_utiles(conn)
    poles = await _poles(conn, maintenant, tenus, lues)
    restent = tuple(b for b in besoins if b.volume > RESTE_MIN)
    refusees = await ecartees(conn, [b.cle for b in restent])
    traces = (
        poles, tuple(besoins), [(li.id, li.revision) for li in lignes],
        [(lue.id, lue.proposition.revision) for lue in lues], refusees,
    )  # fmt: skip
    return Base(poles, tuple(lignes), restent, tenus, refusees, lues, empreinte(en_clair(traces)))


async def _poles(
    conn: AsyncConnection, maintenant: datetime, tenus: Sequence[Engagement], lues: Sequence[Lue]
) -> tuple[Pole, ...]:
    """Those that may be asked, and, with nothing more to give, those that were withdrawn but still lend."""
    horizon = horizon_a(maintenant)
    presents = await depot_poles.poles_allouables(conn, horizon)
    retires = []
    for cle in sorted({e.pole for e in tenus} - {p.cle for p in presents}):
        lu = await depot_poles.lire(conn, cle)
        if lu is not None:
            retires.append(replace(en_pole(lu.description), etp=0.0, exceptions={}))
    memoire = donnes(lues, horizon.premier - 1)
    return tuple(replace(p, donne=round(memoire.get(p.cle, 0.0), 6)) for p in (*presents, *retires))


async def lire_ailleurs(
    service: ServiceEntraide, amonts: Amonts, base: Base, maintenant: datetime
) -> tuple[Situations, frozenset[Clef]]:
    """The situations of who needs and of who might give, and the open alerts. Raises LectureImpossible: no plan is
    made blind."""
    voulus = {b.process for b in base.besoins}
    clefs = {(b.caisse, b.process) for b in base.besoins}
    montees = {p.cle: p.acculturation for p in base.poles}
    clefs |= {(p.caisse, process) for p in base.poles for process in p.process & voulus}
    situations, alertes = await asyncio.gather(
        lire_situations(amonts, clefs, base.lues, maintenant, base.en_plus, service.reglages.echantillon, montees),
        amonts.alertes(),
    )
    if situations.muets:
        raise LectureImpossible(" ".join(dict.fromkeys(situations.muets.values())))
    return situations, alertes


def assembler(base: Base, situations: Situations, alertes: frozenset[Clef], poids: Poids | None = None) -> Entree:
    """The input of a plan. A need whose caisse cannot be projected stands on what was announced."""
    connues: dict[Clef, Attendue] = dict(situations.par_clef)
    en_plus = base.en_plus
    for b in base.besoins:
        if (b.caisse, b.process) not in connues:
            connues[b.caisse, b.process] = annoncee(
                situations, b.process, en_plus.get((b.caisse, b.process), EnPlus({}, {}))
            )
    aidantes, aidees = {p.caisse for p in base.poles}, {b.caisse for b in base.besoins}
    donnees = Donnees(
        horizon=situations.horizon,
        poles=base.poles,
        besoins=base.besoins,
        situations=connues,
        alertes=alertes,
        calendriers={c: calendrier_de(c) for c in sorted(aidantes | aidees)},
        engagements=base.engagements,
        poids=poids or Poids(),
        jour=situations.hier + 1,
        tram=frozenset(
            (aidante, b.caisse, b.process)
            for b in base.besoins
            for aidante in aidantes
            if charger_tram().traite(b.process, aidante, b.caisse, b.debut)
        ),
    )
    return Entree(donnees, base.ecartees)
