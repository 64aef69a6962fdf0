"""The *facteur*: takes what is due, sends it, writes what came of it. Any number may run, anywhere."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import structlog
from prometheus_client import Counter, Gauge
from sqlalchemy import Row
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from services.alerts.lettres.contenu import ContenuInvalide
from services.alerts.lettres.rendu import RenduImpossible
from services.alerts.lettres.store import GabaritChange, imprimer
from services.alerts.notifications import jeton, store
from services.alerts.notifications.coffre import Coffre, SecretIllisible
from services.alerts.notifications.courriel import voie_de
from services.alerts.notifications.domain import (
    PREMIER,
    SECOND,
    Canal,
    Resultat,
    SanteWebhook,
    nom_du_destinataire,
    rangs_a_relancer,
    sante_apres,
    suite,
)  # fmt: skip
from services.alerts.notifications.envoi import VALIDITE_LIEN, Envoi, Voie
from services.alerts.notifications.publication import livrer, prochaine_relance, publier_notification
from services.alerts.notifications.reglages import ReglagesNotifications
from services.alerts.notifications.webhook import WebhookSortant
from services.alerts.store.base import transaction
from shared.clock import Clock
from shared.service.periodique import repeter

_log = structlog.get_logger(__name__)

PERIODE_S = 0.5
"""Between two looks at what is due."""

PARALLELE = 4
"""Livraisons sent at once by one process: each holds a connection to the database while it lasts."""

_CANAUX: tuple[Canal, ...] = ("courriel", "webhook")

envois = Counter("vigie_notifications_envois", "Tries to send a notification, by what they gave.", ("canal", "issue"))
restantes = Gauge("vigie_notifications_livraisons", "Livraisons that wait or have failed.", ("canal", "etat"))
age = Gauge("vigie_notifications_attente_secondes", "Age of the oldest livraison that waits.", ("canal",))


@dataclass(slots=True)
class Facteur:
    """``voies``: the channels, by name."""

    moteur: AsyncEngine
    clock: Clock
    voies: Mapping[Canal, Voie]
    url_publique: str
    coffre: Coffre
    _rescelle: bool = False

    async def executer(self, arret: asyncio.Event) -> None:
        """Send until ``arret``; a database that is away is waited for. Raises what will not pass by itself.

        On cancellation the livraisons under way are given back as they were, and tried again later.
        """
        await repeter("facteur", self.tour, arret, PERIODE_S)

    async def _resceller(self) -> None:
        """Seal again, once a process, what the previous key sealed; what does not open stays as it is, and is told."""
        if self._rescelle or self.coffre.courante is None:
            return
        async with transaction(self.moteur) as conn:
            for ligne in await store.secrets_gardes(conn):
                if self.coffre.est_courant(ligne.webhook_secret):
                    continue
                try:
                    secret = self.coffre.ouvrir(ligne.webhook_secret, ligne.caisse)
                except SecretIllisible as exc:
                    _log.error("secret de webhook illisible", caisse=ligne.caisse, raison=str(exc))
                    continue
                await store.garder_secret(conn, ligne.caisse, self.coffre.sceller(secret, ligne.caisse))
        self._rescelle = True

    async def tour(self) -> int:
        """Remind who must be, send everything that is due; how many tries were made."""
        await self._resceller()
        await self._relancer()
        async with self.moteur.connect() as conn:
            due = await store.quelque_chose_est_du(conn, self.clock.now())
        taches = [asyncio.create_task(self._envoyer_tout()) for _ in range(PARALLELE if due else 0)]
        try:
            essais = sum(await asyncio.gather(*taches))
        finally:
            for tache in taches:
                tache.cancel()
            await asyncio.gather(*taches, return_exceptions=True)
        async with self.moteur.connect() as conn:
            await self._mesurer(conn)
        return essais

    async def _envoyer_tout(self) -> int:
        nombre = 0
        while await self._envoyer_une():
            nombre += 1
        return nombre

    async def _envoyer_une(self) -> bool:
        async with transaction(self.moteur) as conn:
            prise = await store.prendre(conn, self.clock.now())
            if prise is None:
                return False
            cle = await store.cle_accuse(conn)
        # Printed before the row is held: printing writes by a connection of its own.
        pdf = await self._imprimer(prise.document)
        async with transaction(self.moteur) as conn:
            ligne = await store.tenir(conn, prise)
            if ligne is not None:
                resultat = pdf if isinstance(pdf, Resultat) else await self._essayer(ligne, cle, pdf)
                envois.labels(ligne.canal, resultat.issue).inc()
                await self._conclure(conn, ligne, prise, resultat)
        return True

    async def _imprimer(self, document: str | None) -> bytes | Resultat | None:
        """What is to be attached, or the failure of this try: one letter that cannot be printed stops no other."""
        if document is None:
            return None
        try:
            return await imprimer(self.moteur, document)
        except (ContenuInvalide, GabaritChange, RenduImpossible) as exc:
            _log.error("document non imprimé", document=document, exc_info=exc)
            return Resultat("passager", f"Document {document} : {exc}")

    async def _essayer(self, ligne: Row[Any], cle: bytes, pdf: bytes | None) -> Resultat:
        try:
            envoi = self._preparer(ligne, cle, pdf)
            return await self.voies[envoi.canal].envoyer(envoi)
        except SecretIllisible as exc:
            return Resultat("passager", str(exc))
        except Exception as exc:
            # A fault of the program in one channel must not keep the other notifications from leaving.
            _log.exception("faute d'un canal", canal=ligne.canal, notification=str(ligne.notification))
            return Resultat("passager", f"Faute du programme : {type(exc).__name__}")

    def _preparer(self, ligne: Row[Any], cle: bytes, pdf: bytes | None) -> Envoi:
        lien = jeton.ecrire(cle, ligne.notification, ligne.creee_le + VALIDITE_LIEN)
        par_webhook = ligne.canal == "webhook"
        return Envoi(
            livraison=ligne.id, notification=ligne.notification, canal=ligne.canal, rang=ligne.rang,
            occurrence=ligne.occurrence, caisse=ligne.caisse, nom=nom_du_destinataire(ligne.caisse) or ligne.caisse,
            genre=ligne.genre, objet=ligne.objet, texte=ligne.texte, donnees=ligne.donnees, creee_le=ligne.creee_le,
            instant=self.clock.now(), adresse=ligne.webhook_url if par_webhook else ligne.courriel,
            secret=self._secret(ligne) if par_webhook else None, document=ligne.document, pdf=pdf,
            lien_accuse=f"{self.url_publique}/accuse/{lien}" if ligne.accuse_attendu else None,
            lien_document=f"{self.url_publique}/v1/documents/{ligne.document}" if ligne.document else None,
        )  # fmt: skip

    def _secret(self, ligne: Row[Any]) -> str | None:
        return None if ligne.webhook_secret is None else self.coffre.ouvrir(ligne.webhook_secret, ligne.caisse)

    async def _conclure(self, conn: AsyncConnection, ligne: Row[Any], prise: store.Prise, resultat: Resultat) -> None:
        instant = self.clock.now()
        apres = suite(str(ligne.id), prise.tentative, resultat, instant)
        await store.conclure(conn, ligne.id, resultat, apres, instant)
        if resultat.issue in ("passager", "definitif"):
            _log.warning(
                "notification non remise", notification=str(ligne.notification), canal=ligne.canal,
                tentative=prise.tentative, etat=apres.etat, detail=resultat.detail,
            )  # fmt: skip
        if ligne.canal == "webhook":
            await self._suivre_webhook(conn, ligne, resultat, instant)
        elif apres.etat == "echec":
            await _passer_au_second(conn, ligne, instant)

    async def _suivre_webhook(
        self, conn: AsyncConnection, ligne: Row[Any], resultat: Resultat, instant: datetime
    ) -> None:
        avant = SanteWebhook(ligne.echec_depuis, ligne.desactive_le, ligne.motif)
        sante = sante_apres(avant, resultat, instant)
        if sante == avant:
            return
        await store.noter_sante(conn, ligne.caisse, ligne.webhook_url, sante)
        if sante.desactive_le is not None and avant.desactive_le is None:
            await publier_notification(
                conn,
                cle=f"webhook:{ligne.caisse}:{int(instant.timestamp())}",
                caisse=ligne.caisse,
                genre="webhook_desactive",
                objet="Votre webhook est désactivé",
                texte=f"{sante.motif} Les messages suivants l'attendent ; corrigez son adresse ou réactivez-le.",
                maintenant=instant,
                accuse_attendu=False,
            )

    async def _relancer(self) -> None:
        """Say again what nobody acknowledged: in one transaction, so that each reminder is written once."""
        instant = self.clock.now()
        async with transaction(self.moteur) as conn:
            for ligne in await store.a_relancer(conn, instant):
                rangs = rangs_a_relancer(ligne.relances, await store.rangs_connus(conn, ligne.caisse))
                for rang in rangs:
                    derniere = await store.derniere_occurrence(conn, ligne.id, "courriel", rang)
                    await livrer(conn, ligne.id, "courriel", rang, 0 if derniere is None else derniere + 1, instant)
                await store.reporter_relance(
                    conn, ligne.id, prochaine_relance(ligne.caisse, instant) if rangs else None
                )

    async def _mesurer(self, conn: AsyncConnection) -> None:
        comptes = await store.en_souffrance(conn)
        maintenant = self.clock.now()
        for canal in _CANAUX:
            for etat in ("a_envoyer", "echec"):
                nombre, premiere = comptes.get((canal, etat), (0, maintenant))
                restantes.labels(canal, etat).set(nombre)
                if etat == "a_envoyer":
                    age.labels(canal).set(max(0.0, (maintenant - premiere).total_seconds()))


async def _passer_au_second(conn: AsyncConnection, ligne: Row[Any], instant: datetime) -> None:
    """The first contact cannot be reached: the second is told at once."""
    if ligne.rang == PREMIER and SECOND in await store.rangs_connus(conn, ligne.caisse):
        await livrer(conn, ligne.notification, "courriel", SECOND, 0, instant)


def facteur_de(moteur: AsyncEngine, clock: Clock, reglages: ReglagesNotifications) -> Facteur:
    """The facteur the settings describe."""
    voies: dict[Canal, Voie] = {"courriel": voie_de(reglages), "webhook": WebhookSortant(reglages)}
    return Facteur(moteur, clock, voies, reglages.url_publique.rstrip("/"), reglages.coffre())
