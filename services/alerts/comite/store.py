"""The comité in the database. Every write goes through the event that says it; the row of the comité follows."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Row, insert, select, text, update
from sqlalchemy.dialects.postgresql import insert as deposer
from sqlalchemy.ext.asyncio import AsyncConnection

from services.alerts.comite.calendrier import Mois
from services.alerts.comite.instantane import Instantane, lire
from services.alerts.comite.lettre import Lettre
from services.alerts.comite.seance import Decision, Evenement, Seance, rejouer
from services.alerts.comite.tables import comites, decisions, dossiers, evenements, instantanes, lettres, pieces
from services.alerts.notifications.publication import notifier_lettre
from services.alerts.store.tables import alertes, transitions

_VERROU = int.from_bytes(b"comite", "big")


async def verrouiller(conn: AsyncConnection, mois: Mois) -> bool:
    """Take the lock of a month's preparation for this connection, or say that another has it."""
    pris = await conn.scalar(text("SELECT pg_try_advisory_lock(:verrou)"), {"verrou": _cle(mois)})
    return bool(pris)


async def deverrouiller(conn: AsyncConnection, mois: Mois) -> None:
    await conn.execute(text("SELECT pg_advisory_unlock(:verrou)"), {"verrou": _cle(mois)})


def _cle(mois: Mois) -> int:
    return (_VERROU << 15) ^ (mois.annee * 12 + mois.numero)


async def lire_comite(conn: AsyncConnection, mois: Mois, *, pour_ecrire: bool = False) -> Row[Any] | None:
    """The row of a comité, or None; locked until the end of the transaction when asked."""
    requete = select(comites).where(comites.c.mois == str(mois))
    return (await conn.execute(requete.with_for_update() if pour_ecrire else requete)).one_or_none()


async def lister(conn: AsyncConnection, avant: str | None, limite: int) -> Sequence[Row[Any]]:
    """Comités of the months before ``avant``, the newest first."""
    requete = select(comites).order_by(comites.c.mois.desc()).limit(limite)
    return (await conn.execute(requete if avant is None else requete.where(comites.c.mois < avant))).all()


async def figer(conn: AsyncConnection, instantane: Instantane, octets: bytes, empreinte: str) -> None:
    """Begin a comité with its snapshot. Raises IntegrityError when the month has one."""
    await conn.execute(
        insert(comites).values(
            mois=instantane.mois, etat="en_preparation", version=1, empreinte=empreinte, fige_le=instantane.pris_le
        )
    )
    await conn.execute(
        insert(instantanes).values(
            mois=instantane.mois, pris_le=instantane.pris_le, empreinte=empreinte, contenu=octets.decode()
        )
    )


async def lire_instantane(conn: AsyncConnection, mois: Mois) -> tuple[Instantane, bytes] | None:
    """The snapshot and its bytes, as they were digested."""
    contenu = await conn.scalar(select(instantanes.c.contenu).where(instantanes.c.mois == str(mois)))
    return None if contenu is None else (lire(contenu), contenu.encode())


async def classer(conn: AsyncConnection, mois: Mois, contenus: Mapping[str, Mapping[str, Any]]) -> None:
    """Keep the case files, by caisse."""
    if contenus:
        lignes = [{"mois": str(mois), "caisse": caisse, "contenu": dict(c)} for caisse, c in contenus.items()]
        await conn.execute(insert(dossiers), lignes)


async def lire_dossiers(conn: AsyncConnection, mois: Mois, caisse: str | None = None) -> dict[str, dict[str, Any]]:
    """The case files of a month by caisse, in the order of the slugs."""
    requete = select(dossiers).where(dossiers.c.mois == str(mois)).order_by(dossiers.c.caisse)
    lus = await conn.execute(requete if caisse is None else requete.where(dossiers.c.caisse == caisse))
    return {ligne.caisse: ligne.contenu for ligne in lus}


async def lire_seance(conn: AsyncConnection, mois: Mois) -> tuple[Seance, int]:
    """The present of the séance, and the rank of the last event."""
    lus = await lire_evenements(conn, mois)
    return rejouer(lus), len(lus)


async def lire_evenements(conn: AsyncConnection, mois: Mois) -> list[Evenement]:
    lus = await conn.execute(select(evenements).where(evenements.c.mois == str(mois)).order_by(evenements.c.rang))
    return [Evenement(li.type, li.instant, li.par, li.donnees) for li in lus]


async def ajouter(conn: AsyncConnection, mois: Mois, rang: int, evenement: Evenement, seance: Seance) -> Row[Any]:
    """Write one event of this rank and what the comité has become; its row. Raises IntegrityError when the rank is
    taken."""
    await conn.execute(
        insert(evenements).values(
            mois=str(mois), rang=rang, type=evenement.type, instant=evenement.instant, par=evenement.par,
            donnees=dict(evenement.donnees),
        )
    )  # fmt: skip
    dates = {"preparee": "prepare_le", "ouverte": "ouvert_le", "close": "clos_le"}
    quand = {dates[evenement.type]: evenement.instant} if evenement.type in dates else {}
    requete = (
        update(comites)
        .where(comites.c.mois == str(mois))
        .values(etat=seance.etat, version=comites.c.version + 1, **quand)
        .returning(comites)
    )
    ligne: Row[Any] = (await conn.execute(requete)).one()
    return ligne


async def resumer(conn: AsyncConnection, mois: Mois, resume: Mapping[str, Any]) -> None:
    """Keep the counts of a comité beside its state."""
    await conn.execute(update(comites).where(comites.c.mois == str(mois)).values(resume=dict(resume)))


async def trancher(conn: AsyncConnection, mois: Mois, acte: int, prises: Iterable[Decision], instant: datetime) -> None:
    """Keep the decisions of an act: 0 the closing, n the n-th addendum."""
    lignes = [
        {
            "mois": str(mois), "acte": acte, "caisse": d.caisse, "mesure": d.mesure, "issue": d.issue,
            "retenue": d.retenue, "indicateurs": list(d.indicateurs), "motif": d.motif, "prise_le": instant,
            "dissentiments": [{"membre": x.membre, "motif": x.motif} for x in d.dissentiments],
        }
        for d in prises
    ]  # fmt: skip
    if lignes:
        await conn.execute(insert(decisions), lignes)


async def poster(conn: AsyncConnection, mois: Mois, acte: int, ecrites: Iterable[Lettre], instant: datetime) -> None:
    """Pin the letters of an act and put them on their way. Raises IntegrityError for one that was written already,
    ContenuInvalide for one that its template could not print."""
    for rang, le in enumerate(ecrites):
        await notifier_lettre(conn, le, instant)
        await conn.execute(
            insert(lettres).values(
                cle=le.cle, mois=str(mois), acte=acte, rang=rang, modele=le.modele, destinataire=le.destinataire,
                creee_le=instant,
            )
        )  # fmt: skip


async def lire_lettres(conn: AsyncConnection, mois: Mois) -> list[Row[Any]]:
    """The letters of a comité, in the order they were written."""
    return list(
        await conn.execute(select(lettres).where(lettres.c.mois == str(mois)).order_by(lettres.c.acte, lettres.c.rang))
    )


async def courriers_avant(conn: AsyncConnection, mois: Mois, depuis: Mois) -> dict[str, list[dict[str, Any]]]:
    """Past measures that were sent to each caisse, from ``depuis`` to the month before, the newest first."""
    requete = (
        select(decisions.c.caisse, decisions.c.mois, decisions.c.retenue, decisions.c.indicateurs)
        .where(decisions.c.mois >= str(depuis), decisions.c.mois < str(mois), decisions.c.retenue.is_not(None))
        .order_by(decisions.c.mois.desc(), decisions.c.acte.desc(), decisions.c.mesure)
    )
    par_caisse: dict[str, list[dict[str, Any]]] = {}
    for li in await conn.execute(requete):
        ecrit = {"mois": li.mois, "modele": li.retenue, "indicateurs": list(li.indicateurs)}
        par_caisse.setdefault(li.caisse, []).append(ecrit)
    return par_caisse


async def audits_de_l_annee(conn: AsyncConnection, mois: Mois) -> int:
    """Caisses an audit was decided for in the year of the month, before it, as last corrected."""
    requete = (
        select(decisions)
        .where(decisions.c.mois >= f"{mois.annee:04d}-01", decisions.c.mois < str(mois))
        .order_by(decisions.c.acte)
    )
    en_vigueur = {(li.mois, li.caisse, li.mesure): li.retenue for li in await conn.execute(requete)}
    return len({caisse for (_, caisse, _), retenue in en_vigueur.items() if retenue == "audit"})


async def commentaires(conn: AsyncConnection, caisses: Iterable[str], depuis: datetime) -> dict[str, list[Any]]:
    """What was said of the alerts of these caisses since an instant."""
    requete = (
        select(alertes.c.caisse, alertes.c.objet, transitions.c.instant, transitions.c.par, transitions.c.motif)
        .join(transitions, transitions.c.alerte == alertes.c.id)
        .where(
            alertes.c.caisse.in_(list(caisses)), transitions.c.action == "commentaire", transitions.c.instant >= depuis
        )
        .order_by(transitions.c.instant)
    )
    dits: dict[str, list[Any]] = {}
    for li in await conn.execute(requete):
        dit = {"objet": li.objet, "instant": li.instant.isoformat(), "par": li.par, "texte": li.motif}
        dits.setdefault(li.caisse, []).append(dit)
    return dits


async def alertes_ouvertes(conn: AsyncConnection, caisses: Iterable[str]) -> dict[str, list[str]]:
    """Kinds of the open alerts of these caisses."""
    requete = select(alertes.c.caisse, alertes.c.genre).where(
        alertes.c.caisse.in_(list(caisses)), alertes.c.etat.in_(["ouverte", "prise_en_compte"])
    )
    genres: dict[str, list[str]] = {}
    for li in await conn.execute(requete):
        genres.setdefault(li.caisse, []).append(li.genre)
    return genres


async def joindre(
    conn: AsyncConnection, mois: str, caisse: str, genre: str, cle: str, contenu: Any, instant: datetime
) -> bool:
    """Attach a piece to a case file, once for each ``cle``; whether it is new. It may come before the file does."""
    depot = deposer(pieces).values(
        mois=mois, caisse=caisse, genre=genre, cle=cle, contenu=contenu, recu_le=instant
    )  # fmt: skip
    fait = await conn.execute(depot.on_conflict_do_nothing().returning(pieces.c.cle))
    return fait.one_or_none() is not None


async def lire_pieces(conn: AsyncConnection, mois: Mois, caisse: str) -> list[Row[Any]]:
    requete = select(pieces).where(pieces.c.mois == str(mois), pieces.c.caisse == caisse)
    return list(await conn.execute(requete.order_by(pieces.c.recu_le, pieces.c.cle)))


async def plans_provisoires(conn: AsyncConnection, mois: Mois) -> dict[str, Any]:
    """The last plan that entraide gave for each case file of a month, by caisse."""
    requete = select(pieces).where(pieces.c.mois == str(mois), pieces.c.genre == "plan_provisoire")
    lues = await conn.execute(requete.order_by(pieces.c.recu_le, pieces.c.cle))
    return {ligne.caisse: ligne.contenu for ligne in lues}
