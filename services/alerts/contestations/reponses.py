"""What the routes of contestations and évocations share: their fields, their answer, their withdrawal."""

from collections.abc import Awaitable, Callable, Mapping
from datetime import date, datetime
from typing import Annotated, Any

from fastapi import Request, Response
from pydantic import Field, field_validator
from sqlalchemy import Row, Table
from sqlalchemy.ext.asyncio import AsyncConnection

from services.alerts.api.commun import Auteur, Corps, Motif, Service, caisse_connue, champ_invalide, json, trouvee
from services.alerts.comite.calendrier import MoisInvalide, lire_mois
from services.alerts.contestations import store
from services.alerts.notifications.publication import publier_notification
from services.alerts.store import registres
from services.alerts.suivis import histoire
from services.alerts.suivis.passages import Passages
from services.alerts.suivis.reponses import franchir
from shared.catalogue.indicateurs import IndicateurInconnu, indicateur
from shared.network.reseau import charger
from shared.service.etag import exiger_if_match

Texte = Annotated[str, Field(min_length=1, max_length=10_000)]


class Piece(Corps):
    """One piece of evidence: what it is, and where it is found."""

    intitule: Annotated[str, Field(min_length=1, max_length=500)]
    reference: Annotated[str, Field(min_length=1, max_length=2_000, description="Dossier, document, adresse")]


class Depot(Corps):
    """What a caisse files, about one indicator over some days."""

    caisse: Annotated[str, Field(description="Slug ou nom de la caisse")]
    indicateur: Annotated[str, Field(max_length=100)]
    du: date
    au: date
    motif: Motif
    pieces: Annotated[tuple[Piece, ...], Field(max_length=100)] = ()
    auteur: Auteur = None


class Reponse(Corps):
    """Of the comité. ``comite``: the month it was held for."""

    texte: Texte
    comite: Annotated[str | None, Field(description="Mois du comité qui répond, AAAA-MM")] = None

    @field_validator("comite")
    @classmethod
    def _mois(cls, texte: str | None) -> str | None:
        try:
            return None if texte is None else str(lire_mois(texte))
        except MoisInvalide as exc:
            raise ValueError(str(exc)) from None


class Retrait(Corps):
    motif: Motif


def valeurs_deposees(corps: Depot, nom: str, identifiant: str, maintenant: datetime) -> dict[str, Any]:
    """The columns both kinds have. Raises DonneesInvalides, naming the field."""
    try:
        indicateur(corps.indicateur)
    except IndicateurInconnu as exc:
        raise champ_invalide("indicateur", str(exc)) from None
    if corps.au < corps.du:
        raise champ_invalide("au", "la période finirait avant d'avoir commencé.")
    return {
        "caisse": caisse_connue(corps.caisse), "indicateur": corps.indicateur, "du": corps.du, "au": corps.au,
        "motif": corps.motif, "pieces": [p.model_dump() for p in corps.pieces], "auteur": corps.auteur or nom,
        "depose_le": maintenant, "depose_par": identifiant,
    }  # fmt: skip


async def annoncer_depot(conn: AsyncConnection, genre: histoire.Genre, ligne: Row[Any], maintenant: datetime) -> None:
    """Tell the comité, and begin the trail."""
    await histoire.tracer(conn, genre, ligne.id, maintenant, "depot", ligne.depose_par, ligne.motif)
    nom = charger().par_slug[ligne.caisse].nom
    await publier_notification(
        conn, cle=f"{genre}:{ligne.id}:depot", caisse="comite", genre=f"{genre}_deposee", maintenant=maintenant,
        objet=f"{_TITRES[genre]} n° {ligne.id}, {nom}", texte=f"{nom}, {_sujet(ligne)} : {ligne.motif}",
        donnees={"numero": ligne.id, "caisse": ligne.caisse}, accuse_attendu=False,
    )  # fmt: skip


async def conclure(
    conn: AsyncConnection,
    request: Request,
    service: Service,
    genre: histoire.Genre,
    registre: Table,
    passages: Passages,
    numero: int,
    issue: str,
    texte: str,
    par: str,
    comite: str | None = None,
    avant: Callable[[Row[Any]], Mapping[str, Any]] = lambda _: {},
    apres: Callable[[Row[Any]], Awaitable[None]] | None = None,
) -> Row[Any]:
    """Answer or withdraw one, for who saw it as it stands. ``avant`` checks it and says what else the trail keeps;
    ``apres`` does what the answer does. The caisse is told of an answer."""
    ligne = trouvee(await registres.lire(conn, registre, numero, verrouiller=True), _TITRES[genre], numero)
    exiger_if_match(request, etiquette(genre, ligne))
    franchir(passages, ligne.etat, issue, texte)
    donnees, maintenant = avant(ligne), service.clock.now()
    reponse = {
        "etat": issue, "reponse": texte, "comite": comite, "repondu_le": maintenant, "repondu_par": par,
    }  # fmt: skip
    ligne = await store.repondre(conn, registre, numero, reponse)
    trace = {"issue": issue, "comite": comite, **donnees}
    await histoire.tracer(conn, genre, numero, maintenant, "reponse", par, texte, trace)
    if apres is not None:
        await apres(ligne)
    if issue != "retiree":
        await publier_notification(
            conn, cle=f"{genre}:{numero}:reponse", caisse=ligne.caisse, genre=f"reponse_{genre}", maintenant=maintenant,
            objet=f"{_TITRES[genre]} n° {numero} : {issue}", texte=f"{_sujet(ligne).capitalize()}. {texte}",
            donnees={"numero": numero, **trace},
        )  # fmt: skip
    return ligne


_TITRES = {"contestation": "Contestation", "evocation": "Évocation"}


def _sujet(ligne: Row[Any]) -> str:
    return f"{indicateur(ligne.indicateur).libelle} du {ligne.du:%d/%m/%Y} au {ligne.au:%d/%m/%Y}"


def etiquette(genre: histoire.Genre, ligne: Row[Any]) -> str:
    return f'"{genre}-{ligne.id}-{ligne.version}"'


async def reponse(
    conn: AsyncConnection, genre: histoire.Genre, ligne: Row[Any], document: dict[str, Any], statut: int = 200,
    **entetes: str,
) -> Response:  # fmt: skip
    """One of them with its trail and its ETag."""
    document["historique"] = await histoire.lire(conn, genre, ligne.id)
    return json(document, statut, ETag=etiquette(genre, ligne), **entetes)
