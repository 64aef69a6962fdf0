"""Values: one indicator (``GET /v1/indicateurs/{code}/valeurs``) or several at once (``GET /v1/valeurs``)."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Annotated, Literal

import msgspec
from fastapi import APIRouter, Path, Query, Request, Response
from pydantic import BaseModel, Field
from sqlalchemy.ext.asyncio import AsyncConnection

from shared.catalogue.indicateurs import Indicateur, indicateurs_du_service
from shared.dossiers.api.indicateurs import PERIODES_MAX, Options, OptionsValeurs, Service, periodes_demandees
from shared.dossiers.api.parametres import indicateur_nomme, organisme_nomme, parametre_invalide, plateforme_nommee
from shared.dossiers.assemblage import ServiceDossiers
from shared.dossiers.comme_connu import comme_connu, presenter_chargement, valeurs_connues
from shared.dossiers.reponse import Coupe, Question, Serie, couper, en_csv, en_json, suivante
from shared.dossiers.tableau import Etat, Forme, Tableau, Titre
from shared.dossiers.valeurs import Demande, DemandeInvalide, preciser
from shared.dossiers.valeurs_gardees import empreinte
from shared.indicators.statistiques import RESEAU
from shared.service.etag import conditions, etag, inchangee, reponse_conditionnelle
from shared.service.pagination import ecrire_curseur, lier_suivante, lire_curseur

routes = APIRouter(tags=["indicateurs"])

LIMITE_MAX = 10_000
"""Rows of a page."""

_MEDIA_CSV = "text/csv; charset=utf-8; header=present"


class Ecriture(BaseModel):
    """How the answer is cut and written."""

    limite: Annotated[int | None, Field(ge=1, le=LIMITE_MAX, description="Lignes par page ; sans elle, toutes")] = None
    curseur: Annotated[str | None, Field(description="Le « suivant » de la page précédente")] = None
    format: Annotated[
        Literal["json", "csv"] | None, Field(description="Sans lui, selon Accept : application/json ou text/csv")
    ] = None
    separateur: Annotated[
        Literal["virgule", "point-virgule"],
        Field(description="Du CSV : virgule (RFC 4180, point décimal), ou point-virgule (tableur français)"),
    ] = "virgule"


class OptionsUnIndicateur(OptionsValeurs, Ecriture):
    """Of one indicator."""


class OptionsMultiples(Options, Ecriture):
    """Of several indicators."""

    indicateurs: Annotated[
        str | None, Field(description="Codes séparés par des virgules ; sans eux, tous ceux du service")
    ] = None


_Options = OptionsUnIndicateur | OptionsMultiples


@routes.get("/v1/indicateurs/{code}/valeurs", summary="Valeurs d'un indicateur")
async def valeurs(
    request: Request,
    service: Service,
    code: Annotated[str, Path(description="Code de l'indicateur, par exemple taux_decroche")],
    options: Annotated[OptionsUnIndicateur, Query()],
) -> Response:
    """Une ligne par caisse et par période ; « valeur » est nulle quand rien n'est mesuré, jamais 0 ni 100 %.

    « n » est l'effectif : le dénominateur d'un taux, les dossiers ou appels d'un délai, les dossiers d'un stock.
    « intervalle » est à 95 % (Wilson, rangs ou Student) ; « verdict » compare la valeur exacte, bornes comprises, à
    la cible du dernier jour de la période ; une cible « reconduite » est celle d'une convention finie. « suivant » est
    le curseur de la page d'après, quand il y en a une. Le CSV porte les mêmes lignes, et le nom de chaque caisse.
    """
    voulu = indicateur_nomme(service.definition.nom, code)
    async with _a_l_instant(service) as conn:
        if options.a_date is None and options.version is None:
            return await _repondre(conn, request, service, [voulu], options, plusieurs=False)
        return await _repondre_comme_connu(conn, request, service, voulu, options)


@routes.get("/v1/valeurs", summary="Valeurs de plusieurs indicateurs")
async def valeurs_de_plusieurs(
    request: Request, service: Service, options: Annotated[OptionsMultiples, Query()]
) -> Response:
    """Les lignes de plusieurs indicateurs sur les mêmes périodes : par exemple tout le réseau, un mois, d'un coup."""
    nom = service.definition.nom
    if options.indicateurs is None:
        voulus: Sequence[Indicateur] = indicateurs_du_service(nom)
    else:
        codes = dict.fromkeys(code.strip() for code in options.indicateurs.split(","))
        voulus = [indicateur_nomme(nom, code) for code in codes]
    async with _a_l_instant(service) as conn:
        return await _repondre(conn, request, service, voulus, options, plusieurs=True)


def _a_l_instant(service: ServiceDossiers) -> AsyncConnection:
    """A connection on which each statement is of its own instant: no transaction to begin nor to end."""
    return service.moteur.execution_options(isolation_level="AUTOCOMMIT").connect()


async def _repondre(
    conn: AsyncConnection,
    request: Request,
    service: ServiceDossiers,
    voulus: Sequence[Indicateur],
    options: _Options,
    *,
    plusieurs: bool,
) -> Response:
    """From what is kept. The ETag says what the values are made from: a caller who holds them costs one statement."""
    question = await _question(conn, request, service, voulus, options)
    coupe = _coupe(question, options)
    etats = await service.gardees.etats(conn, [serie.demande for serie in question.series])
    connue = _etiquette(request, question, options, etats)
    if (rien := inchangee(request, connue)) is not None:
        return rien
    tableaux: list[Sequence[Tableau]] = []
    for rang, (serie, tous) in enumerate(zip(question.series, etats, strict=True)):
        ici = coupe.periodes(question, rang)
        partie = replace(serie.demande, periodes=serie.demande.periodes[ici.start : ici.stop])
        tableaux.append(await service.gardees.tableaux(conn, partie, tous[ici.start : ici.stop]) if ici else ())
    return _ecrire(request, question, coupe, tableaux, connue, plusieurs=plusieurs)


async def _repondre_comme_connu(
    conn: AsyncConnection, request: Request, service: ServiceDossiers, voulu: Indicateur, options: OptionsUnIndicateur
) -> Response:
    question = await _question(conn, request, service, [voulu], options)
    nom, (serie,), coupe = service.definition.nom, question.series, _coupe(question, options)
    await service.dictionnaire.actualiser(conn)
    try:
        demande, chargement = await comme_connu(conn, nom, serie.demande, options.a_date, options.version)
        demande = preciser(replace(demande, horloge=options.horloge))
        valeurs = await valeurs_connues(conn, nom, service.evaluateur, demande)
    except DemandeInvalide as exc:
        raise parametre_invalide(exc.champ or "du", str(exc)) from None
    titree = Serie(serie.titre._replace(indicateur=demande.indicateur), demande)
    question = replace(question, series=[titree])
    lues = [Tableau(p, None, [v for v in valeurs if v.periode == p]) for p in question.periodes]
    ici, dit = coupe.periodes(question, 0), presenter_chargement(chargement, options.a_date)
    return _ecrire(request, question, coupe, [lues[ici.start : ici.stop]], None, dit)


async def _question(
    conn: AsyncConnection, request: Request, service: ServiceDossiers, voulus: Sequence[Indicateur], options: _Options
) -> Question:
    organisme = organisme_nomme(options.caisse)
    maintenant = int(service.clock.now().timestamp())
    periodes = periodes_demandees(options, maintenant)
    if len(periodes) * len(voulus) > PERIODES_MAX + 1:
        raise parametre_invalide(
            "indicateurs", f"plus de {PERIODES_MAX} séries de lignes (indicateurs fois périodes). Demandez-en moins."
        )
    if options.plateforme is not None:
        await service.dictionnaire.actualiser(conn)
    plateforme = plateforme_nommee(service.dictionnaire, options.plateforme)
    caisse = None if organisme == RESEAU else organisme
    series = []
    for indicateur in voulus:
        demande = Demande(indicateur, periodes, maintenant, options.vue, caisse, plateforme, options.horloge)
        try:
            series.append(Serie(Titre(indicateur, options.vue, options.horloge), preciser(demande)))
        except DemandeInvalide as exc:
            raise parametre_invalide(exc.champ or "du", str(exc)) from None
    return Question(series, organisme, _forme(request, options))


def _forme(request: Request, options: Ecriture) -> Forme:
    if (options.format or ("csv" if "text/csv" in request.headers.get("accept", "") else "json")) == "json":
        return "json"
    return "csv_fr" if options.separateur == "point-virgule" else "csv"


def _coupe(question: Question, options: Ecriture) -> Coupe:
    apres = None if options.curseur is None else lire_curseur(options.curseur, tuple[str, int, int])
    coupe = couper(question, options.limite, apres)
    if coupe is None:
        raise parametre_invalide("curseur", "il vient d'une autre question. Reprenez depuis le début, sans curseur.")
    return coupe


def _etiquette(request: Request, question: Question, options: _Options, etats: Sequence[Sequence[Etat]]) -> str:
    """Names the answer by all that decides of it."""
    demande = (request.url.path, options.model_dump(mode="json"), question.forme, question.periodes)
    return etag(msgspec.json.encode((empreinte(), demande, etats)))


def _ecrire(
    request: Request,
    question: Question,
    coupe: Coupe,
    tableaux: Sequence[Sequence[Tableau]],
    etiquette: str | None,
    en_plus: Mapping[str, object] | None = None,
    *,
    plusieurs: bool = False,
) -> Response:
    derniere = suivante(question, coupe)
    suivant = None if derniere is None else ecrire_curseur(derniere)
    if question.forme == "json":
        media, octets = "application/json", en_json(question, coupe, tableaux, suivant, en_plus, plusieurs=plusieurs)
    else:
        media, octets = _MEDIA_CSV, en_csv(question, coupe, tableaux)
    if etiquette is None:
        reponse = reponse_conditionnelle(request, octets, type_media=media)
    else:
        reponse = Response(octets, media_type=media, headers=conditions(etiquette))
    reponse.headers["Vary"] = "Accept"
    lier_suivante(request, reponse, suivant)
    return reponse
