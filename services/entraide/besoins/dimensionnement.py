"""Sizing: the situations of caisses read from the services that own them, and what a need amounts to in its unit."""

import asyncio
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, time
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy.ext.asyncio import AsyncConnection

from services.entraide.besoins.aides import TRAVAILLEES, Clef, Fait, Montees, aidees_depuis, aides
from services.entraide.besoins.amonts import Amonts
from services.entraide.besoins.charges import (
    RIEN,
    Aide,
    Bornes,
    Dossiers,
    EnPlus,
    SansCible,
    Telephone,
    bornes,
    lectures,
    situation_annoncee,
    situation_des_dossiers,
    situation_du_telephone,
)
from services.entraide.domain.activites import ProductiviteInconnue, parametres, productivite
from services.entraide.domain.besoins import JOURS_PAR_ETP_SEMAINE, dimensionner, en_volume
from services.entraide.domain.donneur import SituationTelephone, etp_manquants
from services.entraide.domain.montage import Attendue
from services.entraide.domain.semaines import JOURS, Horizon, lundi_de
from services.entraide.domain.telephone import modele
from services.entraide.propositions.lignes import VIVANTES, Lue, calendrier_de
from services.entraide.propositions.store import lister
from services.entraide.suivi.lecture import travail
from shared.network.jours import date_de, jour_de
from shared.network.tram import charger_tram
from shared.service.amonts import LectureImpossible

FENETRE = 42
"""Days of the recent pace that the load is read at (``shared/indicators/projection/modele.py``)."""

_PARIS = ZoneInfo("Europe/Paris")


class NonDimensionnable(LookupError):
    """Nothing can size the need; the message is a French sentence."""


@dataclass(frozen=True, slots=True)
class Situations:
    """Where caisses stand over a horizon. ``par_clef``: those that could be read. ``tenues``: what is to be held.

    By process, why nothing was read: ``manques`` for good, ``muets`` for now (a service does not answer).
    """

    horizon: Horizon
    hier: int
    par_clef: Mapping[Clef, Attendue]
    tenues: Mapping[str, Bornes]
    manques: Mapping[str, str] = field(default_factory=dict)
    muets: Mapping[str, str] = field(default_factory=dict)

    def de(self, caisse: str, process: str) -> Attendue | None:
        return self.par_clef.get((caisse, process))


def horizon_a(maintenant: datetime) -> Horizon:
    """The weeks a plan is made for: from the Monday that comes."""
    jour = aujourd_hui(maintenant)
    return Horizon(lundi_de(jour) + JOURS, int(parametres()["horizon_semaines"]))


def aujourd_hui(maintenant: datetime) -> int:
    """Day number it is in Paris, where the network is led from."""
    return jour_de(maintenant.astimezone(_PARIS).date())


def lundi_a(maintenant: datetime) -> datetime:
    """The first instant of the week, in Paris."""
    return datetime.combine(date_de(lundi_de(aujourd_hui(maintenant))), time(), _PARIS)


async def propositions_utiles(conn: AsyncConnection) -> tuple[Lue, ...]:
    """Those whose work counts, past or to come."""
    return await lister(conn, etats={*VIVANTES, *TRAVAILLEES})


async def lire_situations(
    amonts: Amonts,
    clefs: Collection[Clef],
    lues: Collection[Lue],
    maintenant: datetime,
    en_plus: Mapping[Clef, EnPlus],
    echantillon: int,
    montees: Montees,
) -> Situations:
    """The situations of these (caisse, process), with what ``lues`` brought and will bring; by calls outside of any
    transaction."""
    horizon, hier = horizon_a(maintenant), aujourd_hui(maintenant) - 1
    par_clef: dict[Clef, Attendue] = {}
    tenues: dict[str, Bornes] = {}
    manques: dict[str, str] = {}
    muets: dict[str, str] = {}

    async def lire(process: str) -> None:
        voulues = {caisse for caisse, p in clefs if p == process}
        try:
            trouvees, tenir = await _lire_un_process(
                amonts, process, voulues, lues, horizon, hier, en_plus, echantillon, montees
            )
        except (LectureImpossible, NonDimensionnable) as exc:
            (muets if isinstance(exc, LectureImpossible) else manques)[process] = str(exc)
            return
        tenues[process] = tenir
        par_clef.update({(caisse, process): s for caisse, s in trouvees.items()})

    await asyncio.gather(*(lire(process) for process in sorted({p for _, p in clefs})))
    return Situations(horizon, hier, dict(sorted(par_clef.items())), tenues, manques, muets)


async def _lire_un_process(
    amonts: Amonts,
    process: str,
    caisses: Collection[str],
    lues: Collection[Lue],
    horizon: Horizon,
    hier: int,
    en_plus: Mapping[Clef, EnPlus],
    echantillon: int,
    montees: Montees,
) -> tuple[dict[str, Attendue], Bornes]:
    lecture = lectures().get(process)
    if lecture is None:
        raise NonDimensionnable(f"Aucune charge n'est lue pour « {process} » : le besoin ne peut être dimensionné.")
    try:
        tenir = bornes(lecture, date_de(horizon.premier))
    except SansCible as exc:
        raise NonDimensionnable(str(exc)) from None
    siennes = [lue for lue in lues if lue.proposition.process == process]
    if isinstance(lecture, Telephone):
        aidees = await _aides(amonts, lecture, siennes, hier, lecture.jours, horizon, echantillon, montees)
        lus = await amonts.appels(lecture, hier)

        def inverser() -> dict[str, Attendue]:
            return {
                c: situation_du_telephone(
                    lus[c], tenir, horizon, aidees.get((c, process), Aide()), calendrier_de(c), modele(),
                    en_plus.get((c, process), RIEN), echantillon,
                )
                for c in sorted(lus.keys() & set(caisses))
            }  # fmt: skip

        return await asyncio.to_thread(inverser), tenir
    aidees = await _aides(amonts, lecture, siennes, hier, FENETRE, horizon, echantillon, montees)
    charges = await amonts.dossiers(lecture, horizon)
    return {
        c: situation_des_dossiers(
            charges[c], tenir, horizon, aidees.get((c, process), Aide()), en_plus.get((c, process), RIEN), echantillon
        )
        for c in sorted(charges.keys() & set(caisses))
    }, tenir


async def _aides(
    amonts: Amonts,
    lecture: Dossiers | Telephone,
    lues: Sequence[Lue],
    hier: int,
    fenetre: int,
    horizon: Horizon,
    echantillon: int,
    montees: Montees,
) -> Mapping[Clef, Aide]:
    """What was delivered is read where aid was worked lately. A prenante's work for its cédante (TRAM) is no aid."""
    tram = charger_tram()

    async def lire(clef: Clef, du: int) -> list[Fait]:
        lus = await travail(amonts, lecture.service, clef[1], du, hier, caisse=clef[0], pas="jour")
        return [
            Fait(f.caisse, f.productrice, f.du, echantillon * (f.clos if isinstance(lecture, Dossiers) else f.livre))
            for f in lus
            if not tram.traite(clef[1], f.productrice, f.caisse, f.du)
        ]

    premiers = aidees_depuis(lues, hier, fenetre)
    lus = await asyncio.gather(*(lire(clef, du) for clef, du in premiers.items()))
    return aides(lues, dict(zip(premiers, lus, strict=True)), hier, fenetre, horizon, montees)


def annoncee(situations: Situations, process: str, en_plus: EnPlus) -> Attendue:
    """What stands for the situation of a caisse that could not be read, when a person gave the volume."""
    tenir = situations.tenues.get(process)
    if tenir is None:
        lecture = lectures().get(process)
        tenir = Bornes(0.0, 0.0, True) if lecture is None else bornes(lecture, date_de(situations.horizon.premier))
    return situation_annoncee(process, tenir, situations.horizon, en_plus)


def mesurer(
    process: str, situation: Attendue, tenir: Bornes, horizon: Horizon, periode: tuple[int, int] | None = None
) -> dict[str, Any]:
    """What a need amounts to, as plain values: in the unit of the process, then in ETP, with what says so.

    ``periode``: first and last day in which calls are to be helped (None: the whole horizon); files wait.

    Raises NonDimensionnable. Several tenths of a second for calls: run it off the loop.
    """
    commun = {
        "premier_lundi": date_de(horizon.premier).isoformat(),
        "semaines": horizon.nombre,
        "objectif": tenir.objectif,
        "socle": tenir.socle,
        "cible_hypothese": tenir.hypothese,
    }
    if isinstance(situation, SituationTelephone):
        return commun | _mesurer_appels(process, situation, horizon, periode)
    taille = dimensionner(process, situation)
    return commun | {
        **conversion(process),
        "volume": round(taille.volume, 3),
        "etp_semaines": round(taille.etp_semaines, 3),
        "par_semaine": [round(v, 3) for v in taille.par_semaine],
        "retard_socle": [round(v, 3) for v in taille.manque_socle],
        "retard_objectif": [round(v, 3) for v in taille.projection.retard_objectif],
        "stock": round(situation.stock, 3),
        "stock_projete": [round(v, 3) for v in taille.projection.stock],
        "arrivees": [round(v, 3) for v in situation.arrivees],
        "capacite": [round(v, 3) for v in situation.capacite],
    }


def _mesurer_appels(
    process: str, s: SituationTelephone, horizon: Horizon, periode: tuple[int, int] | None
) -> dict[str, Any]:
    telephone = modele()
    manques = {taux: etp_manquants(s, taux, telephone) for taux in (s.taux_socle, s.taux_objectif)}
    etp = manques[s.taux_objectif]
    semaines = range(horizon.nombre) if periode is None else horizon.semaines(*periode)
    total = sum(etp[rang] for rang in semaines)
    return conversion(process) | {
        "volume": round(en_volume(process, total), 3),
        "etp_semaines": round(total, 3),
        "etp_par_semaine": [round(v, 2) for v in etp],
        "etp_socle_par_semaine": [round(v, 2) for v in manques[s.taux_socle]],
        "appels_par_jour": [round(v, 1) for v in s.appels_par_jour],
        "etp_presents": [round(v, 2) for v in s.etp],
        "decroche": [
            round(telephone.decroche(a, e), 4) for a, e in zip(s.appels_par_jour, s.etp, strict=True)
        ],
        "etp_presents_hypothese": True,
    }  # fmt: skip


def conversion(process: str) -> dict[str, Any]:
    """What turns volumes of a process into ETP, as plain values. Raises NonDimensionnable."""
    try:
        p = productivite(process)
    except ProductiviteInconnue as exc:
        raise NonDimensionnable(str(exc)) from None
    return {
        "unite": p.unite,
        "volume_annuel_par_etp": p.volume,
        "volume_par_etp_semaine": round(p.par_jour * JOURS_PAR_ETP_SEMAINE, 3),
        "source": p.source,
        "hypothese": p.hypothese,
    }
