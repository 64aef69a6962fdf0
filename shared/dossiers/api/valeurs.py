"""Values: one indicator (``GET /v1/indicateurs/{code}/valeurs``) or several at once (``GET /v1/valeurs``)."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Annotated, Literal

import msgspec
from fastapi import APIRouter, Path, Query, Request, Response
from pydantic import BaseModel, Field
from sqlalchemy.ext.asyncio import AsyncConnection

from shared.catalogue.indicateurs import Indicateur, indicateurs_du_service
from shared.dossiers.api.indicateurs import PERIODES_MAX, ADate, Options, OptionsValeurs, Service, periodes_demandees
from shared.dossiers.api.parametres import (
    indicateur_alors,
    indicateur_nomme,
    organisme_nomme,
    parametre_invalide,
    plateforme_nommee,
)
from shared.dossiers.assemblage import ServiceDossiers
from shared.dossiers.comme_connu import comme_connu, presenter_chargement, valeurs_connues
from shared.dossiers.couvertures import Couverture
from shared.dossiers.reponse import Coupe, Lue, Question, Serie, couper, en_csv, en_json, suivante
from shared.dossiers.tableau import Etat, Forme, Tableau, Titre
from shared.dossiers.valeurs import Demande, DemandeInvalide, preciser
from shared.dossiers.valeurs_gardees import empreinte
from shared.indicators.statistiques import RESEAU
from shared.service.acces import LECTEURS, Acces, ouvert_a
from shared.service.compression import Codage, codage_demande, coder
from shared.service.etag import conditions, etag, inchangee, reponse_conditionnelle
from shared.service.openapi import CSV_AUSSI
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
    a_date: ADate = None


_Options = OptionsUnIndicateur | OptionsMultiples


@routes.get("/v1/indicateurs/{code}/valeurs", summary="Valeurs d'un indicateur", responses=CSV_AUSSI)
async def valeurs(
    request: Request,
    service: Service,
    code: Annotated[str, Path(description="Code de l'indicateur, par exemple taux_decroche")],
    options: Annotated[OptionsUnIndicateur, Query()],
) -> Response:
    """Une ligne par caisse et par période ; « valeur » est nulle quand rien n'est mesuré, jamais 0 ni 100 %.

    « n » est l'effectif : le dénominateur d'un taux, les dossiers ou appels d'un délai, les dossiers d'un stock.
    « intervalle » est à 95 % (Wilson, rangs ou Student) ; « verdict » compare la valeur exacte, bornes comprises, à
    la cible du dernier jour de la période ; une cible « reconduite » est celle d'une convention finie. « numerateur »
    et « denominateur » donnent la valeur exacte (taux ; secondes d'une moyenne sur n fois les secondes de son unité).
    « completude » dit sur quelle part des événements attendus le chiffre est bâti (nulle : on ne sait pas) ; sous
    70 %, le verdict est « non_mesure ». « suivant » est le curseur de la page d'après, quand il y en a une. Le CSV
    porte les mêmes lignes, et le nom de chaque caisse.
    """
    async with service.a_l_instant.connect() as conn:
        voulu = await indicateur_alors(conn, service.definition.nom, code, options.a_date)
        if options.a_date is None and options.version is None:
            return await _repondre(conn, request, service, [voulu], options, plusieurs=False)
        return await _repondre_comme_connu(conn, request, service, [voulu], options, options.version, plusieurs=False)


@routes.get("/v1/valeurs", summary="Valeurs de plusieurs indicateurs", responses=CSV_AUSSI)
async def valeurs_de_plusieurs(
    request: Request, service: Service, options: Annotated[OptionsMultiples, Query()]
) -> Response:
    """Les lignes de plusieurs indicateurs sur les mêmes périodes : par exemple tout le réseau, un mois, d'un coup.

    Avec « a_date », chacun est lu sous la définition alors en vigueur, que la réponse donne ; pour une version nommée,
    demandez un indicateur à la fois : GET /v1/indicateurs/{code}/valeurs.
    """
    nom = service.definition.nom
    codes = None if options.indicateurs is None else dict.fromkeys(c.strip() for c in options.indicateurs.split(","))
    async with service.a_l_instant.connect() as conn:
        if options.a_date is not None:
            alors = [await indicateur_alors(conn, nom, code, options.a_date) for code in codes or ()]
            voulus = alors or indicateurs_du_service(nom)
            return await _repondre_comme_connu(conn, request, service, voulus, options, None, plusieurs=True)
        voulus = indicateurs_du_service(nom) if codes is None else [indicateur_nomme(nom, code) for code in codes]
        return await _repondre(conn, request, service, voulus, options, plusieurs=True)


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
    demandes = [serie.demande for serie in question.series]
    etats, numeros = await service.gardees.etats_et_numeros(conn, demandes)
    couvertures = await service.couvertures.lire(conn, demandes, numeros)
    codage = codage_demande(request)
    connue = _etiquette(request, question, options, codage, etats, couvertures)
    if (rien := inchangee(request, connue)) is not None:
        return rien

    async def ecrire() -> bytes:
        tableaux: list[Sequence[Lue]] = []
        for rang, (serie, tous) in enumerate(zip(question.series, etats, strict=True)):
            ici = coupe.periodes(question, rang)
            partie = replace(serie.demande, periodes=serie.demande.periodes[ici.start : ici.stop])
            lus = await service.gardees.tableaux(conn, partie, tous[ici.start : ici.stop]) if ici else ()
            tableaux.append(list(map(Lue, lus, couvertures[rang][ici.start : ici.stop])))
        return coder(_corps(question, coupe, tableaux, plusieurs=plusieurs), codage)

    octets = await service.gardees.ecrites.lire(connue, ecrire)
    reponse = Response(octets, media_type=_media(question), headers=conditions(connue))
    if codage != "identity":
        reponse.headers["Content-Encoding"] = codage
    return _terminer(request, question, coupe, reponse)


async def _repondre_comme_connu(
    conn: AsyncConnection,
    request: Request,
    service: ServiceDossiers,
    voulus: Sequence[Indicateur],
    options: OptionsUnIndicateur | OptionsMultiples,
    version: str | None,
    *,
    plusieurs: bool,
) -> Response:
    """Computed for the occasion: nothing of a past day is kept."""
    question = await _question(conn, request, service, voulus, options)
    nom, coupe = service.definition.nom, _coupe(question, options)
    await service.dictionnaire.actualiser(conn)
    series, dits, tableaux = [], [], []
    evaluateur = service.evaluateur.a_memoire()
    try:
        for rang, serie in enumerate(question.series):
            demande, chargement = await comme_connu(conn, nom, serie.demande, options.a_date, version)
            demande = preciser(replace(demande, horloge=options.horloge))
            ici = coupe.periodes(question, rang)
            periodes = demande.periodes[ici.start : ici.stop]
            series.append(Serie(serie.titre._replace(indicateur=demande.indicateur, connu_le=options.a_date), demande))
            dits.append(presenter_chargement(chargement, options.a_date))
            partie = replace(demande, periodes=periodes)
            valeurs = await valeurs_connues(conn, nom, evaluateur, partie)
            (parts,) = await service.couvertures.lire(conn, [partie])
            tableaux.append(
                [
                    Lue(Tableau(p, None, [v for v in valeurs if v.periode == p]), part)
                    for p, part in zip(periodes, parts, strict=True)
                ]
            )
    except DemandeInvalide as exc:
        raise parametre_invalide(exc.champ or "du", str(exc)) from None
    question = replace(question, series=series)
    octets = _corps(question, coupe, tableaux, dits, plusieurs=plusieurs)
    reponse = reponse_conditionnelle(request, octets, type_media=_media(question))
    return _terminer(request, question, coupe, reponse)


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


def _etiquette(
    request: Request,
    question: Question,
    options: _Options,
    codage: Codage,
    etats: Sequence[Sequence[Etat]],
    couvertures: Sequence[Sequence[Couverture]],
) -> str:
    """Names the answer by all that decides of it."""
    demande = (request.url.path, options.model_dump(mode="json"), question.forme, codage, question.periodes)
    baties_sur = [[c.empreinte for c in suite] for suite in couvertures]
    return etag(msgspec.json.encode((empreinte(), demande, etats, baties_sur)))


def _corps(
    question: Question,
    coupe: Coupe,
    tableaux: Sequence[Sequence[Lue]],
    en_plus: Sequence[Mapping[str, object]] | None = None,
    *,
    plusieurs: bool,
) -> bytes:
    if question.forme == "json":
        return en_json(question, coupe, tableaux, _curseur(question, coupe), en_plus, plusieurs=plusieurs)
    return en_csv(question, coupe, tableaux)


def _media(question: Question) -> str:
    return "application/json" if question.forme == "json" else _MEDIA_CSV


def _curseur(question: Question, coupe: Coupe) -> str | None:
    derniere = suivante(question, coupe)
    return None if derniere is None else ecrire_curseur(derniere)


def _terminer(request: Request, question: Question, coupe: Coupe, reponse: Response) -> Response:
    reponse.headers["Vary"] = "Accept, Accept-Encoding"
    lier_suivante(request, reponse, _curseur(question, coupe))
    return reponse


ACCES: Acces = {
    "GET /v1/indicateurs/{code}/valeurs": ouvert_a(*LECTEURS),
    "GET /v1/valeurs": ouvert_a(*LECTEURS),
}
