"""Reminders of a plan that is due and of its actions, and the mark of those that are late."""

from datetime import date, datetime

from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from services.alerts.lettres.typographie import jour as en_clair
from services.alerts.notifications.publication import publier_notification
from services.alerts.plans import store
from services.alerts.plans.domain import jours_de_retard, rappel_du
from services.alerts.store.base import transaction
from services.alerts.suivis.histoire import Genre, tracer
from shared.network.calendrier import Calendrier
from shared.network.jours import date_de
from shared.network.ouvertures import ouvertures_de
from shared.network.reseau import charger

HEURE = 8
"""Nobody is written to before this hour of the caisse's own clock."""


def calendrier_et_jour(caisse: str, instant: datetime) -> tuple[Calendrier, date]:
    """The calendar of a caisse, and the day it is there."""
    ouvertures = ouvertures_de(charger().par_slug[caisse])
    return ouvertures.calendrier, date_de(ouvertures.fuseau.jour(int(instant.timestamp())))


def heure_locale(caisse: str, instant: datetime) -> int:
    """The hour it is there, 0 to 23."""
    return ouvertures_de(charger().par_slug[caisse]).fuseau.heure(int(instant.timestamp()))


async def rappeler(moteur: AsyncEngine, maintenant: datetime) -> int:
    """Send the reminders that are due and mark what is late; how many. By two at once, or again, once."""
    envoyes = 0
    async with transaction(moteur) as conn:
        for demande in await store.sans_plan(conn):
            if demande.echeance is not None:
                envoyes += await _rappeler(
                    conn, "plan_attendu", demande.lettre, demande.caisse, demande.echeance, demande.creee_le,
                    f"le plan d'actions demandé par le courrier {demande.lettre}", demande.lettre, maintenant,
                )  # fmt: skip
        for action in await store.actions_en_attente(conn):
            quoi = f"l'action {action.numero} de votre plan n° {action.plan}, « {action.intitule} »"
            envoyes += await _rappeler(
                conn, "plan", action.plan, action.caisse, action.echeance, action.echeance_fixee_le, quoi,
                f"{action.plan}/{action.numero}", maintenant,
            )  # fmt: skip
    return envoyes


async def _rappeler(
    conn: AsyncConnection,
    genre: Genre,
    sujet: int | str,
    caisse: str,
    echeance: date,
    fixee_le: datetime,
    quoi: str,
    objet: str,
    maintenant: datetime,
) -> bool:
    calendrier, jour = calendrier_et_jour(caisse, maintenant)
    _, depuis = calendrier_et_jour(caisse, fixee_le)
    rappel = rappel_du(echeance, jour, depuis, calendrier)
    if rappel is None or heure_locale(caisse, maintenant) < HEURE:
        return False
    retard = jours_de_retard(echeance, jour, calendrier)
    cle = f"rappel:{genre}:{objet}:{echeance}:{fixee_le.timestamp():.0f}:{rappel}"
    donnees = {"objet": objet, "echeance": echeance.isoformat(), "rappel": rappel, "jours_de_retard": retard}
    if not await tracer(conn, genre, sujet, maintenant, "retard" if retard else "rappel", donnees=donnees, cle=cle):
        return False
    quand = (
        f"Échéance du {en_clair(echeance)} dépassée de {retard} jour(s) ouvré(s)"
        if retard
        else (f"Échéance le {en_clair(echeance)}")
    )
    await publier_notification(
        conn, cle=cle, caisse=caisse, genre="rappel_plan", maintenant=maintenant, donnees=donnees, accuse_attendu=False,
        objet="Plan d'actions : échéance dépassée" if retard else "Plan d'actions : échéance proche",
        texte=f"{quand} : {quoi}.",
    )  # fmt: skip
    return True
