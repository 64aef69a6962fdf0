"""Preparing a month: freeze it, then make the case files; two transactions, each done once whoever is killed when.

One preparation of a month works at a time (an advisory lock of the connection that writes). The first transaction
keeps the snapshot; a preparation that starts again after it reads that snapshot and takes no other. The second keeps
the case files, says *préparé* and announces the provisional needs: all of it or nothing.
"""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, time

import structlog
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from services.alerts.comite import besoins, store
from services.alerts.comite.calendrier import FUSEAU, Mois, est_fini
from services.alerts.comite.dossier import Passe, a_decider
from services.alerts.comite.entraides import entraides_de
from services.alerts.comite.fragilites import fragilites_de
from services.alerts.comite.instantane import Instantane, empreinte, en_octets
from services.alerts.comite.instantane import composer as composer_instantane
from services.alerts.comite.instruction import instruire, lignes_de, lignes_non_lues, situation_de
from services.alerts.comite.lecture import Lecteur
from services.alerts.comite.plans_ouverts import decrire_plans
from services.alerts.comite.regles import Regles, charger_regles
from services.alerts.comite.releves import Explications, Serie
from services.alerts.comite.seance import Evenement, Seance, preparer
from services.alerts.comite.tenue import annoncer, inscrire
from services.alerts.consumers.lecture import LectureImpossible
from services.alerts.contestations.store import adaptees_le
from services.alerts.domain.cibles import Adaptees, regroupees
from services.alerts.domain.continuite import inhibitions
from services.alerts.domain.performance import Mesure, classer, essais, surveilles_le
from services.alerts.plans.store import plans_ouverts
from services.alerts.store import registres
from shared.catalogue.indicateurs import indicateur
from shared.catalogue.seuils import Surveille
from shared.clock import Clock
from shared.log.types import ErreurJournal, Journal

PREPARATEUR = "vigie"
"""Who prepares when nobody asked."""

_log = structlog.get_logger(__name__)


class PreparationImpossible(Exception):
    """The month cannot be prepared now; ``str()`` is a French sentence. ``passagere``: it may be tried again soon."""

    def __init__(self, message: str, *, passagere: bool = False) -> None:
        super().__init__(message)
        self.passagere = passagere


@dataclass(slots=True)
class Preparateur:
    """Prepares the comités of the network."""

    moteur: AsyncEngine
    lecteur: Lecteur
    journal: Journal
    clock: Clock
    regles: Regles = field(default_factory=charger_regles)

    async def preparer(self, mois: Mois, par: str = PREPARATEUR, *, sans_attendre: bool = False) -> bool | None:
        """Prepare a month that is over. True: it was done now; False: it was already; None: another is at it.

        ``sans_attendre``: freeze what answers; else a value that cannot be read stops everything, to be tried again.
        Raises PreparationImpossible.
        """
        if not est_fini(mois, self.clock.now()):
            raise PreparationImpossible(f"{mois.en_clair.capitalize()} n'est pas fini : il n'y a rien à figer.")
        if not surveilles_le(mois.au):
            raise PreparationImpossible(f"Aucun indicateur n'était surveillé en {mois.en_clair}.")
        async with self.moteur.connect() as conn:
            if not await store.verrouiller(conn, mois):
                return None
            await conn.commit()
            try:
                return await self._preparer(conn, mois, par, sans_attendre=sans_attendre)
            finally:
                await _liberer(conn, mois)

    async def _preparer(self, conn: AsyncConnection, mois: Mois, par: str, *, sans_attendre: bool) -> bool:
        ligne = await store.lire_comite(conn, mois)
        garde = await store.lire_instantane(conn, mois)
        await conn.rollback()
        if ligne is not None and ligne.etat != "en_preparation":
            return False
        adaptees = await adaptees_le(conn, mois.au)
        await conn.rollback()
        series, manques = await self._series(mois, adaptees, tolere=sans_attendre)
        if garde is None:
            instantane = await self._figer(conn, mois, series, adaptees, manques)
        else:
            instantane, _ = garde
        await self._instruire(conn, mois, instantane, series, par)
        return True

    async def _series(self, mois: Mois, adaptees: Adaptees, *, tolere: bool) -> tuple[dict[str, Serie], list[str]]:
        surveilles = surveilles_le(mois.au)
        lues = await asyncio.gather(*(self._serie(s, mois, adaptees) for s in surveilles), return_exceptions=True)
        series: dict[str, Serie] = {}
        manques = []
        for surveille, lue in zip(surveilles, lues, strict=True):
            if isinstance(lue, Serie):
                series[surveille.indicateur] = lue
            elif isinstance(lue, LectureImpossible):
                manques.append(f"{indicateur(surveille.indicateur).libelle} : non lu. {lue}")
            else:
                raise lue
        if manques and not tolere:
            raise PreparationImpossible(
                f"Préparation de {mois.en_clair} remise : " + " ".join(manques) + " Un instantané ne se refait pas.",
                passagere=True,
            )
        return series, manques

    async def _serie(self, surveille: Surveille, mois: Mois, adaptees: Adaptees) -> Serie:
        """One indicator; the proofs of a caisse with a seuil of its own are those of that seuil. Raises
        LectureImpossible."""
        (_, *a_part) = regroupees(surveille, adaptees)
        serie = await self.lecteur.serie(surveille, mois)
        preuves = dict(serie.preuves)
        propres: dict[str, Surveille] = {}
        for propre, caisses in a_part:
            lue = await self.lecteur.serie(propre, mois)
            preuves |= {caisse: lue.preuves[caisse] for caisse in caisses or () if caisse in lue.preuves}
            propres |= dict.fromkeys(caisses or (), propre)
        return replace(serie, preuves=preuves, propres=propres)

    async def _figer(
        self,
        conn: AsyncConnection,
        mois: Mois,
        series: Mapping[str, Serie],
        adaptees: Adaptees,
        manques: Sequence[str],
    ) -> Instantane:
        positions = await self._positions()
        muettes, non_lues = await self.lecteur.muettes(mois)
        neutralisations = await registres.neutralisations_en_vigueur(conn)
        await conn.rollback()
        inhibees = inhibitions(muettes)
        lignes, tentes = [], []
        for serie in series.values():
            lignes += lignes_de(serie, mois, neutralisations, inhibees, adaptees)
            neutres = {li.caisse for li in lignes if li.neutralisee_par and li.indicateur == serie.surveille.indicateur}
            mesures: dict[Surveille, list[Mesure]] = {}
            for caisse in serie.par_caisse:
                if caisse not in neutres:
                    mesures.setdefault(serie.juge(caisse), []).append(serie.mesures(caisse)[-1])
            process = indicateur(serie.surveille.indicateur).process
            partielles = {(process, caisse): phrase for caisse, phrase in serie.incomplets().items()}
            for surveille, siennes in mesures.items():
                tentes += essais(surveille, siennes, {**partielles, **inhibees})
        for surveille in surveilles_le(mois.au):
            if surveille.indicateur not in series:
                lignes += lignes_non_lues(surveille, "Le service qui tient cet indicateur n'a pas répondu.")
        instantane = composer_instantane(
            mois, self.clock.now(), surveilles_le(mois.au), lignes, classer(tentes), positions, [*manques, *non_lues]
        )
        octets = en_octets(instantane)
        async with conn.begin():
            await store.figer(conn, instantane, octets, empreinte(octets))
        _log.info("mois figé", mois=str(mois), lignes=len(lignes), empreinte=empreinte(octets))
        return instantane

    async def _instruire(
        self, conn: AsyncConnection, mois: Mois, instantane: Instantane, series: Mapping[str, Serie], par: str
    ) -> None:
        franchies = [li for li in instantane.lignes if li.a_examiner]
        explications = await self._explications(mois, {li.indicateur for li in franchies}, series)
        caisses = sorted({li.caisse for li in franchies})
        passes, manques = await self._passes(conn, mois, caisses, series)
        audits = await store.audits_de_l_annee(conn, mois)
        await conn.rollback()
        contenus = instruire(
            mois, instantane, series, explications, passes, manques, self.regles, audits_deja=audits
        )  # fmt: skip
        proposees = a_decider(contenus)
        franchis = {caisse: [c["indicateur"] for c in d["constats"]] for caisse, d in contenus.items()}
        evenement = Evenement("preparee", self.clock.now(), par, preparer(Seance(), proposees, franchis))
        async with conn.begin():
            await store.classer(conn, mois, contenus)
            await inscrire(conn, mois, 1, evenement, Seance())
            await store.resumer(conn, mois, {"caisses": len(contenus), "proposees": len(proposees)})
            annonce = {"besoins": besoins.provisoires(mois, evenement.instant, contenus)}
            identifiant = f"comite-{mois}-provisoires"
            await annoncer(conn, mois, besoins.TYPE_PROVISOIRES, identifiant, evenement.instant, annonce)
        _log.info("comité préparé", mois=str(mois), caisses=len(contenus), mesures=len(proposees))

    async def _explications(self, mois: Mois, codes: set[str], series: Mapping[str, Serie]) -> dict[str, Explications]:
        voulus = [code for code in series if code in codes]
        lues = await asyncio.gather(
            *(self.lecteur.explications(series[code].surveille, mois, self.regles.fin_de_mois) for code in voulus)
        )
        return dict(zip(voulus, lues, strict=True))

    async def _passes(
        self, conn: AsyncConnection, mois: Mois, caisses: Sequence[str], series: Mapping[str, Serie]
    ) -> tuple[dict[str, Passe], dict[str, list[str]]]:
        instant = self.clock.now()
        courriers = await store.courriers_avant(conn, mois, mois.plus(-12))
        dits = await store.commentaires(conn, caisses, datetime.combine(mois.du, time(), FUSEAU))
        ouvertes = await store.alertes_ouvertes(conn, caisses)
        declarations = await registres.declarations_en_cours(conn, instant)
        plans = await plans_ouverts(conn, caisses)
        fragiles = await fragilites_de(conn, caisses, mois)
        entraides = await entraides_de(conn, caisses)
        await conn.rollback()
        induits = await asyncio.gather(
            *(self.lecteur.contacts_induits(caisse, mois) for caisse in caisses), return_exceptions=True
        )
        passes, manques = {}, {}
        for caisse, lus in zip(caisses, induits, strict=True):
            if isinstance(lus, BaseException) and not isinstance(lus, LectureImpossible):
                raise lus
            manques[caisse] = [f"Contacts induits inconnus. {lus}"] if isinstance(lus, LectureImpossible) else []
            passes[caisse] = Passe(
                courriers=courriers.get(caisse, ()),
                plans=decrire_plans(plans.get(caisse, ()), caisse, series, mois),
                situation=situation_de(caisse, declarations, ouvertes.get(caisse, ()), instant),
                commentaires=dits.get(caisse, ()),
                contacts_induits=None if isinstance(lus, LectureImpossible) else lus,
                fragilites=fragiles.get(caisse, ()),
                entraides=entraides.get(caisse, ()),
            )
        return passes, manques

    async def _positions(self) -> dict[str, Mapping[str, int] | None]:
        """Where the log of each service ends: what is read after holds at most that."""
        positions: dict[str, Mapping[str, int] | None] = {}
        for service in self.lecteur.adresses:
            try:
                bornes = await self.journal.bornes(f"vigie.{service}.v1")
            except ErreurJournal:
                positions[service] = None
            else:
                positions[service] = {str(partition): b.fin for partition, b in bornes.items()}
        return positions


async def _liberer(conn: AsyncConnection, mois: Mois) -> None:
    """Give the lock back; a connection that cannot is dropped, and the lock with it."""
    try:
        await conn.rollback()
        await store.deverrouiller(conn, mois)
        await conn.commit()
    except Exception:
        await conn.invalidate()
        raise
