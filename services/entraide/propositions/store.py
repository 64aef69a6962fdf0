"""Propositions in the database: put forward, read, changed one command at a time; what the other rooms ask of them."""

from collections.abc import Collection, Iterable
from datetime import date, datetime
from typing import Any

from sqlalchemy import ColumnElement, Row, func, insert, or_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from services.entraide.domain.activites import parametres
from services.entraide.domain.cycle_de_vie import FINAUX, Etat, Ordre, Proposition, Termes, appliquer, echeance
from services.entraide.domain.montage import Engagement
from services.entraide.domain.semaines import Horizon
from services.entraide.propositions.annonces import annoncer
from services.entraide.propositions.lignes import (
    RENDUES,
    VIVANTES,
    Ligne,
    Lue,
    Trace,
    calendrier_de,
    couvert,
    engagement,
    jour_local,
    rend_un_reste,
)
from services.entraide.propositions.tables import historique, propositions
from shared.network.jours import date_de, jour_de

SYSTEME = "vigie"
"""Who acts when the clock does."""


async def proposer(conn: AsyncConnection, plan: int, lignes: Iterable[Ligne], maintenant: datetime) -> tuple[int, ...]:
    """Put the assignments of a plan to their coordinators, in the caller's transaction; the numbers given, in order.

    Each has the working days of ``parametres.yaml`` to be answered, by the calendars of both. Announced on the log.
    Raises IntegrityError when the plan was put forward already.
    """
    numeros = []
    for ligne in lignes:
        proposition = _nouvelle(ligne, maintenant)
        valeurs = {
            "plan": plan, "besoin": ligne.besoin, "pole": ligne.pole, "aidante": ligne.aidante, "aidee": ligne.aidee,
            "process": ligne.process, "volume_propose": ligne.termes.volume, "explication": dict(ligne.explication),
            "semaines_max": proposition.semaines_max, "proposee_le": maintenant,
            **_valeurs(proposition, None, ligne.termes.volume), "changee_le": maintenant,
        }  # fmt: skip
        lue = _lue((await conn.execute(insert(propositions).values(valeurs).returning(propositions))).one())
        jour = jour_local(ligne.aidante, maintenant)
        trace = Trace(0, "proposer", None, "proposee", SYSTEME, "systeme", None, jour, None, ligne.termes)
        await _inscrire(conn, lue, trace, maintenant)
        numeros.append(lue.id)
    return tuple(numeros)


def _nouvelle(ligne: Ligne, maintenant: datetime) -> Proposition:
    return Proposition(
        "", ligne.aidante, ligne.aidee, ligne.process, ligne.termes,
        echeance_de_reponse((ligne.aidante, ligne.aidee), maintenant), parametres()["mission"]["semaines_max"],
    )  # fmt: skip


def echeance_de_reponse(caisses: Collection[str], maintenant: datetime) -> int:
    """Last day these caisses have to answer what they are asked now: the latest of their calendars."""
    delai = parametres()["proposition"]["jours_ouvres_pour_repondre"]
    return max(echeance(jour_local(c, maintenant), delai, (calendrier_de(c),)) for c in caisses)


async def executer(conn: AsyncConnection, lue: Lue, ordre: Ordre, maintenant: datetime) -> Lue:
    """Obey a command on a proposition read under its lock: its present, its history and its announcement together.

    Raises TransitionRefusee.
    """
    apres = appliquer(lue.proposition, ordre)
    entree = apres.historique[-1]
    clos = ordre.jour if apres.etat in FINAUX else None
    valeurs = _valeurs(apres, clos, lue.volume_propose) | {"changee_le": maintenant}
    if ordre.commande == "demarrer":
        valeurs["demarree_le"] = date_de(ordre.jour)
    requete = update(propositions).where(propositions.c.id == lue.id).values(valeurs).returning(propositions)
    changee = _lue((await conn.execute(requete)).one())
    poses = ordre.termes if apres.termes == lue.proposition.termes else apres.termes
    trace = Trace(
        entree.revision, entree.commande, entree.de, entree.vers, entree.par, entree.role, entree.au_nom_de,
        entree.jour, entree.motif, poses,
    )  # fmt: skip
    await _inscrire(conn, changee, trace, maintenant)
    return changee


async def _inscrire(conn: AsyncConnection, lue: Lue, trace: Trace, instant: datetime) -> None:
    await conn.execute(
        insert(historique).values(
            proposition=lue.id, revision=trace.revision, commande=trace.commande, de=trace.de, vers=trace.vers,
            par=trace.par, role=trace.role, au_nom_de=trace.au_nom_de, jour=date_de(trace.jour), instant=instant,
            motif=trace.motif, termes=None if trace.termes is None else _ecrire_termes(trace.termes),
        )
    )  # fmt: skip
    await annoncer(conn, lue, trace, instant)


async def lire(conn: AsyncConnection, numero: int, *, verrouiller: bool = False) -> Lue | None:
    """One proposition, or None; locked until the end of the transaction when asked."""
    requete = select(propositions).where(propositions.c.id == numero)
    ligne = (await conn.execute(requete.with_for_update() if verrouiller else requete)).one_or_none()
    return None if ligne is None else _lue(ligne)


async def lire_historique(conn: AsyncConnection, numero: int) -> list[tuple[datetime, Trace]]:
    """Every line of one proposition, the oldest first."""
    requete = select(historique).where(historique.c.proposition == numero).order_by(historique.c.revision)
    return [
        (
            li.instant,
            Trace(
                li.revision, li.commande, li.de, li.vers, li.par, li.role, li.au_nom_de, jour_de(li.jour), li.motif,
                None if li.termes is None else _lire_termes(li.termes),
            ),
        )
        for li in await conn.execute(requete)
    ]  # fmt: skip


async def lister(
    conn: AsyncConnection,
    *,
    caisse: str | None = None,
    aidante: str | None = None,
    aidee: str | None = None,
    process: str | None = None,
    besoin: str | None = None,
    plan: int | None = None,
    etats: Collection[Etat] | None = None,
    du: int | None = None,
    au: int | None = None,
    attendue_de: str | None = None,
    avant: int | None = None,
    limite: int | None = None,
) -> tuple[Lue, ...]:
    """Propositions, the newest first. ``caisse``: on either side. ``du`` and ``au``: day numbers, both included, that
    the terms must meet. ``attendue_de``: those this caisse has to answer. ``avant``: those numbered below.
    """
    t = propositions.c
    conditions: list[ColumnElement[bool]] = [
        colonne == valeur
        for colonne, valeur in (
            (t.aidante, aidante), (t.aidee, aidee), (t.process, process), (t.besoin, besoin), (t.plan, plan),
        )
        if valeur is not None
    ]  # fmt: skip
    if caisse is not None:
        conditions.append(or_(t.aidante == caisse, t.aidee == caisse))
    if etats is not None:
        conditions.append(t.etat.in_(etats))
    if du is not None:
        conditions.append(t.fin >= date_de(du))
    if au is not None:
        conditions.append(t.debut <= date_de(au))
    if attendue_de is not None:
        sienne = [(c == attendue_de) & ~t.engagements.contains([c.name]) for c in (t.aidante, t.aidee)]
        conditions += [t.etat == "proposee", or_(*sienne)]
    if avant is not None:
        conditions.append(t.id < avant)
    requete = select(propositions).where(*conditions).order_by(t.id.desc()).limit(limite)
    return tuple(_lue(ligne) for ligne in await conn.execute(requete))


async def engagements(conn: AsyncConnection, horizon: Horizon) -> tuple[Engagement, ...]:
    """What live propositions hold of their pôles over a horizon: what a plan may not promise twice."""
    trouvees = await lister(conn, etats=VIVANTES, du=horizon.premier, au=horizon.lundi(horizon.nombre) - 1)
    tenus = (engagement(lue.proposition, lue.pole, horizon) for lue in trouvees)
    return tuple(tenu for tenu in tenus if tenu is not None)


async def couverts(conn: AsyncConnection, besoins: Collection[str]) -> dict[str, float]:
    """Volume that the propositions of each of these needs take off it; a need without any is not there."""
    t = propositions.c
    requete = select(t.besoin, func.sum(t.couvert)).where(t.besoin.in_(besoins)).group_by(t.besoin)
    return {besoin: float(volume) for besoin, volume in await conn.execute(requete)}


async def ecartees(conn: AsyncConnection, besoins: Collection[str]) -> frozenset[tuple[str, str]]:
    """(aidante, need) not to be asked again: it said no, did not answer, recalled its team, agreed to less, or the
    national coordination cancelled it."""
    t = propositions.c
    requete = select(t.aidante, t.besoin).where(t.besoin.in_(besoins), t.reste_rendu).distinct()
    return frozenset((aidante, besoin) for aidante, besoin in await conn.execute(requete))


async def a_reallouer(conn: AsyncConnection) -> tuple[str, ...]:
    """Needs whose remainder no plan has taken up yet."""
    t = propositions.c
    requete = select(t.besoin).where(t.reste_rendu, t.realloue_par.is_(None)).distinct().order_by(t.besoin)
    return tuple(await conn.scalars(requete))


async def realloues(conn: AsyncConnection, besoins: Collection[str], plan: int) -> None:
    """Say that a plan took up what is left of these needs, were it to propose nothing for it."""
    t = propositions.c
    rendus = (t.besoin.in_(besoins), t.reste_rendu, t.realloue_par.is_(None))
    await conn.execute(update(propositions).where(*rendus).values(realloue_par=plan))


def _valeurs(p: Proposition, close_le: int | None, volume_propose: float) -> dict[str, Any]:
    """The columns that a command may change, but for the instants."""
    prolongation = None
    if p.prolongation is not None:
        prolongation = {**_ecrire_termes(p.prolongation[0]), "par": p.prolongation[1]}
    return {
        "debut": date_de(p.termes.debut), "fin": date_de(p.termes.fin), "etp": list(p.termes.etp),
        "volume": p.termes.volume, "echeance": date_de(p.echeance), "etat": p.etat, "revision": p.revision,
        "accuses": sorted(p.accuses), "engagements": sorted(p.engagements), "prolongation": prolongation,
        "couvert": couvert(p, close_le), "reste_rendu": rend_un_reste(p, volume_propose),
        "close_le": None if close_le is None else date_de(close_le),
    }  # fmt: skip


def _lue(ligne: Row[Any]) -> Lue:
    demande = ligne.prolongation
    proposition = Proposition(
        cle=str(ligne.id), aidante=ligne.aidante, aidee=ligne.aidee, process=ligne.process,
        termes=Termes(jour_de(ligne.debut), tuple(ligne.etp), ligne.volume), echeance=jour_de(ligne.echeance),
        semaines_max=ligne.semaines_max, etat=ligne.etat, revision=ligne.revision,
        accuses=frozenset(ligne.accuses), engagements=frozenset(ligne.engagements),
        prolongation=None if demande is None else (_lire_termes(demande), demande["par"]),
        reallouer=ligne.etat in RENDUES,
    )  # fmt: skip
    return Lue(
        ligne.id, ligne.plan, ligne.besoin, ligne.pole, proposition, ligne.volume_propose, ligne.couvert,
        ligne.reste_rendu, _jour(ligne.demarree_le), _jour(ligne.close_le), ligne.explication, ligne.proposee_le,
        ligne.changee_le,
    )  # fmt: skip


def _jour(jour: date | None) -> int | None:
    return None if jour is None else jour_de(jour)


def _ecrire_termes(termes: Termes) -> dict[str, Any]:
    return {"debut": termes.debut, "etp": list(termes.etp), "volume": termes.volume}


def _lire_termes(ecrits: Any) -> Termes:
    return Termes(ecrits["debut"], tuple(ecrits["etp"]), ecrits["volume"])
