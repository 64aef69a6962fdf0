"""The way in: what is to be said to a caisse, written in the transaction of what it speaks of."""

import uuid
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from services.alerts.comite.lettre import NOMS, Lettre
from services.alerts.domain.escalade import echeance
from services.alerts.lettres.store import deposer
from services.alerts.lettres.typographie import jour, phrase
from services.alerts.notifications.domain import NATIONAUX, PREMIER, RELANCE, SECOND, Canal, nom_du_destinataire
from services.alerts.notifications.tables import destinataires, livraisons, notifications
from shared.network.ouvertures import ouvertures_de
from shared.network.reseau import charger

_ESPACE = uuid.UUID("6f0f4f0e-6a1c-5a3e-9d7c-3f2b1d0c9a58")
"""Names of notifications are made in it: the same key gives the same identifier everywhere."""


def identifiant(cle: str) -> uuid.UUID:
    """The identifier of the notification of this key: what its receivers tell a repetition by."""
    return uuid.uuid5(_ESPACE, cle)


async def publier_notification(
    conn: AsyncConnection,
    *,
    cle: str,
    caisse: str,
    genre: str,
    objet: str,
    texte: str,
    maintenant: datetime,
    donnees: Mapping[str, Any] | None = None,
    document: str | None = None,
    accuse_attendu: bool = True,
    rangs: Sequence[int] = (PREMIER,),
) -> uuid.UUID:
    """Say something to a caisse (or to one of ``NATIONAUX``), by its channels, if the caller commits.

    ``cle``: names it for ever; said twice under one key, it is said once. ``genre``: ends the type of its CloudEvent
    (``vigie.notification.<genre>.v1``). ``objet`` and ``texte``: what a person reads. ``document``: the reference of a
    document deposited before, attached to it. ``rangs``: the contacts written to. With ``accuse_attendu`` it is said
    again until somebody acknowledges it. Raises ValueError for an unknown addressee.
    """
    if nom_du_destinataire(caisse) is None:
        raise ValueError(f"no caisse, nor national addressee, is {caisse!r}")
    identite = identifiant(cle)
    relance = prochaine_relance(caisse, maintenant) if accuse_attendu else None
    depot = insert(notifications).values(
        id=identite, cle=cle, caisse=caisse, genre=genre, objet=phrase(objet), texte=phrase(texte),
        donnees=dict(donnees or {}), document=document, creee_le=maintenant, accuse_attendu=accuse_attendu,
        prochaine_relance=relance,
    )  # fmt: skip
    fait = await conn.execute(depot.on_conflict_do_nothing().returning(notifications.c.id))
    if fait.one_or_none() is None:
        return identite
    choix = (await conn.execute(select(destinataires).where(destinataires.c.caisse == caisse))).one_or_none()
    voies: list[tuple[Canal, int]] = []
    if choix is None or choix.courriel:
        voies += [("courriel", rang) for rang in rangs]
    if choix is not None and choix.webhook_url is not None:
        voies.append(("webhook", 0))
    for canal, rang in voies:
        await livrer(conn, identite, canal, rang, 0, maintenant)
    return identite


async def livrer(
    conn: AsyncConnection, notification: uuid.UUID, canal: Canal, rang: int, occurrence: int, maintenant: datetime
) -> None:
    """Put a livraison on its way; nothing when it is already."""
    depot = insert(livraisons).values(
        notification=notification, canal=canal, rang=rang, occurrence=occurrence, etat="a_envoyer",
        prochain_essai=maintenant, creee_le=maintenant,
    )  # fmt: skip
    await conn.execute(depot.on_conflict_do_nothing())


def prochaine_relance(caisse: str, depuis: datetime) -> datetime | None:
    """When silence is broken: so many working days of the caisse's own calendar. None: never (national addressee)."""
    if caisse in NATIONAUX:
        return None
    return echeance(depuis, RELANCE.jours_ouvres, ouvertures_de(charger().par_slug[caisse]))


async def notifier_lettre(conn: AsyncConnection, lettre: Lettre, maintenant: datetime) -> uuid.UUID:
    """Pin a letter of the comité and send it, in the closing's transaction. The minutes go to the comité itself, and
    ask for no acknowledgement. Raises ContenuInvalide, DocumentDifferent: no closing with a letter that cannot be
    printed.
    """
    await deposer(conn, lettre.cle, lettre.modele, lettre.destinataire, lettre.donnees, maintenant)
    proces_verbal = lettre.modele == "proces_verbal"
    mois = lettre.donnees.get("mois_en_clair", lettre.donnees["mois"])
    echeance_le = lettre.donnees.get("echeance")
    suite = f" Une réponse est attendue au plus tard le {_jour(echeance_le)}." if echeance_le else ""
    if proces_verbal:
        texte = f"Le procès-verbal du comité d'alerte ({mois}) est joint."
    else:
        texte = f"Le comité d'alerte ({mois}) vous adresse le courrier joint : {NOMS[lettre.modele]}.{suite}"
    return await publier_notification(
        conn,
        cle=f"lettre:{lettre.cle}",
        caisse=lettre.destinataire,
        genre=lettre.modele,
        objet=f"{NOMS[lettre.modele]}, {mois}",
        texte=texte,
        maintenant=maintenant,
        donnees={"mois": lettre.donnees["mois"], "echeance": echeance_le},
        document=lettre.cle,
        accuse_attendu=not proces_verbal,
    )


def _jour(iso: Any) -> str:
    return jour(datetime.fromisoformat(str(iso)).date())


async def notifier_avis(
    conn: AsyncConnection, numero: int, contenu: Mapping[str, Any], maintenant: datetime
) -> uuid.UUID:
    """Send a notice of the live alerts (a row of ``avis``), in the evaluation's own transaction.

    Its level says who reads it; live alerts have reminders and escalation of their own.
    """
    nouvelles, ouvertes = contenu["nouvelles"], contenu["ouvertes"]
    lignes = [f"- {alerte['constat']} ({alerte['etat'].replace('_', ' ')})" for alerte in nouvelles or ouvertes]
    rappel = contenu["motif"] == "rappel"
    titre = "Rappel : alertes ouvertes" if rappel else "Alertes"
    caisse, niveau = contenu["caisse"], contenu["niveau"]
    commun: dict[str, Any] = {
        "genre": "alertes",
        "objet": f"{titre}, {nom_du_destinataire(caisse)} ({len(lignes)})",
        "texte": "\n".join([_compter(len(ouvertes)), *lignes]),
        "maintenant": maintenant,
        "donnees": dict(contenu),
        "accuse_attendu": False,
    }
    if niveau > 1:
        await publier_notification(conn, cle=f"avis:{numero}:national", caisse="coordination-nationale", **commun)
    rangs = (PREMIER, SECOND) if niveau >= 1 else (PREMIER,)
    return await publier_notification(conn, cle=f"avis:{numero}", caisse=caisse, rangs=rangs, **commun)


def _compter(ouvertes: int) -> str:
    if ouvertes == 0:
        return "Plus aucune alerte n'est ouverte pour votre caisse."
    if ouvertes == 1:
        return "Une alerte est ouverte pour votre caisse."
    return f"{ouvertes} alertes sont ouvertes pour votre caisse."
