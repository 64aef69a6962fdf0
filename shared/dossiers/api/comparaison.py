"""``GET /v1/indicateurs/{code}/comparaison``: why a figure is no longer what it was."""

from datetime import date
from decimal import Decimal
from typing import Annotated

import msgspec
from fastapi import APIRouter, Path, Query, Request, Response
from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy.ext.asyncio import AsyncConnection

from shared.dossiers.api.indicateurs import Service
from shared.dossiers.api.parametres import indicateur_nomme, organisme_nomme, parametre_invalide, plateforme_nommee
from shared.dossiers.cellules import Vue
from shared.dossiers.comme_connu import comme_connu, presenter_chargement
from shared.dossiers.comparaison import Comparaison, Etape, Lecture, comparer
from shared.dossiers.connu import JourNonConnu, exiger_connu
from shared.dossiers.definitions import Chargement, DefinitionPerdue, exiger_calculable, processus_en_vigueur
from shared.dossiers.mots_comparaison import ORDRE, phrases
from shared.dossiers.presentation import NOM_RESEAU
from shared.dossiers.valeurs import Demande, DemandeInvalide
from shared.indicators.periodes import Periode
from shared.indicators.statistiques import RESEAU
from shared.network.jours import jour_de
from shared.network.reseau import charger
from shared.service.etag import reponse_conditionnelle

routes = APIRouter(tags=["indicateurs"])


class OptionsComparaison(BaseModel):
    """What is compared."""

    model_config = ConfigDict(extra="forbid")

    a_date: Annotated[date, Field(description="Premier jour : tel que connu ce soir-là, de Paris")]
    b_date: Annotated[date, Field(description="Second jour")]
    du: Annotated[date, Field(description="Premier jour de la période mesurée, compris")]
    au: Annotated[date, Field(description="Dernier jour de la période mesurée, compris")]
    caisse: Annotated[str, Field(description="Slug ou nom d'une caisse, ou « reseau »")] = NOM_RESEAU
    plateforme: Annotated[str | None, Field(description="Plateforme téléphonique")] = None
    vue: Annotated[Vue, Field(description="De quel côté")] = "responsable"
    horloge: Annotated[str | None, Field(description="Autre horloge d'un délai, par exemple jours_ouvres")] = None


@routes.get("/v1/indicateurs/{code}/comparaison", summary="Pourquoi une valeur a changé entre deux jours")
async def comparaison(
    request: Request,
    service: Service,
    code: Annotated[str, Path(description="Code de l'indicateur, par exemple taux_decroche")],
    options: Annotated[OptionsComparaison, Query()],
) -> Response:
    """La valeur d'une même période telle que connue à deux dates, chacune sous la définition alors en vigueur, et les
    étapes de l'une à l'autre : le temps qui passe, les événements à l'heure, les tardifs, les corrections, les
    retraits, les dossiers recomptés, puis la définition sur les mêmes données. Leurs effets s'additionnent exactement.
    """
    for champ, debut, fin in (("b_date", options.a_date, options.b_date), ("au", options.du, options.au)):
        if fin < debut:
            raise parametre_invalide(champ, f"le {fin:%d/%m/%Y} est avant le {debut:%d/%m/%Y}.")
    indicateur = indicateur_nomme(service.definition.nom, code)
    organisme = organisme_nomme(options.caisse)
    async with service.moteur.connect() as conn:
        await service.dictionnaire.actualiser(conn)
    demande = Demande(
        indicateur,
        [Periode(jour_de(options.du), jour_de(options.au))],
        int(service.clock.now().timestamp()),
        options.vue,
        None if organisme == RESEAU else organisme,
        plateforme_nommee(service.dictionnaire, options.plateforme),
        options.horloge,
    )
    async with service.moteur.connect() as conn:
        await conn.execution_options(isolation_level="REPEATABLE READ")
        try:
            faite, chargements = await _comparer(conn, service, demande, options)
        except DemandeInvalide as exc:
            raise parametre_invalide(exc.champ or "du", str(exc)) from None
    return reponse_conditionnelle(request, msgspec.json.encode(_document(faite, chargements, options, organisme)))


async def _comparer(
    conn: AsyncConnection, service: Service, demande: Demande, options: OptionsComparaison
) -> tuple[Comparaison, tuple[Chargement, Chargement]]:
    nom = service.definition.nom
    dem_a, charge_a = await comme_connu(conn, nom, demande, options.a_date, None)
    try:
        dem_b, charge_b = await comme_connu(conn, nom, demande, options.b_date, None)
    except DemandeInvalide as exc:
        raise DemandeInvalide(str(exc), "b_date") from None
    a = Lecture(jour_de(options.a_date), dem_a.maintenant, charge_a.indicateur)
    b = Lecture(jour_de(options.b_date), dem_b.maintenant, charge_b.indicateur)
    try:
        process = await processus_en_vigueur(conn, nom, a.indicateur.process, b.maintenant)
        exiger_calculable(a.indicateur, process)
        separable = a.indicateur.process == b.indicateur.process
    except DefinitionPerdue:
        separable = False
    faite = await comparer(conn, nom, service.dictionnaire, demande, a, b, separable=separable)
    for champ, jour in (("a_date", a.jour), ("b_date", b.jour)):
        try:
            await exiger_connu(conn, nom, [jour])
        except JourNonConnu as exc:
            raise DemandeInvalide(str(exc), champ) from None
    return faite, (charge_a, charge_b)


def _document(
    faite: Comparaison, chargements: tuple[Chargement, Chargement], options: OptionsComparaison, organisme: int | None
) -> dict[str, object]:
    slugs = {RESEAU: NOM_RESEAU} | {c.code: c.slug for c in charger().caisses}
    a, b = chargements
    return {
        "indicateur": b.indicateur.code,
        "libelle": b.indicateur.libelle,
        "caisse": slugs[RESEAU if organisme is None else organisme],
        "du": options.du,
        "au": options.au,
        "vue": options.vue,
        "a": _lecture(a, options.a_date, faite.valeur_a, faite.n_a),
        "b": _lecture(b, options.b_date, faite.valeur_b, faite.n_b),
        "difference": _nombre(faite.difference),
        "separable": faite.separable,
        "ordre": ORDRE,
        "etapes": [_etape(etape) for etape in faite.etapes],
        "phrases": list(phrases(faite)),
    }


def _lecture(chargement: Chargement, jour: date, valeur: Decimal | None, n: int) -> dict[str, object]:
    indicateur = chargement.indicateur
    return {
        "valeur": _nombre(valeur),
        "n": n,
        "unite": indicateur.unite,
        "version": indicateur.version,
        "statistique": indicateur.genre,
        **presenter_chargement(chargement, jour),
    }


def _etape(etape: Etape) -> dict[str, object]:
    return {
        "cause": etape.cause,
        "avant": _nombre(etape.avant),
        "apres": _nombre(etape.apres),
        "effet": _nombre(etape.effet),
        "n_avant": etape.n_avant,
        "n_apres": etape.n_apres,
        "ajoutes": etape.ajoutes,
        "retires": etape.retires,
    }


def _nombre(valeur: Decimal | None) -> float | None:
    return None if valeur is None else float(valeur)
