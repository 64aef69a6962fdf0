"""``POST /v1/allocations/simulation``: the plan of other pôles, needs or weights; nothing is kept nor proposed."""

from dataclasses import replace
from datetime import date
from typing import Annotated, Any, Literal

import httpx
from fastapi import APIRouter, Response
from pydantic import Field

from services.entraide.appels import Service
from services.entraide.besoins.amonts import Amonts
from services.entraide.besoins.dimensionnement import NonDimensionnable, Situations, mesurer
from services.entraide.domain.activites import activites
from services.entraide.domain.allocation.modele import Poids
from services.entraide.domain.besoins import Besoin
from services.entraide.plans.a_part import calculer_a_part
from services.entraide.plans.api import impossibilites
from services.entraide.plans.empreinte import donnees_en_clair, empreinte
from services.entraide.plans.rassemblement import Base, assembler, lire_ailleurs, lire_la_base
from services.entraide.plans.simulation import HypotheseFausse, avec, avec_besoins, avec_poles
from services.entraide.poles import store as depot_poles
from services.entraide.poles.api import Etp
from shared.network.jours import jour_de
from shared.service.acces import Acces, ouvert_a
from shared.service.erreurs import Conflit
from shared.service.reponses import Corps, caisse_connue, champ_invalide, json

routes = APIRouter(tags=["allocations"])

Points = Annotated[int, Field(ge=0, le=1_000_000)]
Volume = Annotated[float, Field(ge=0, le=100_000_000, allow_inf_nan=False)]


class PoleSuppose(Corps):
    """A pôle known by its key with what changes, or another one."""

    cle: Annotated[str, Field(min_length=1, max_length=100)]
    caisse: str | None = None
    process: Annotated[tuple[str, ...] | None, Field(min_length=1)] = None
    etp: Etp | None = None
    voies: tuple[str, ...] | None = None
    remises: Annotated[tuple[str, ...] | None, Field(min_length=1)] = None
    couloirs: Annotated[tuple[str, ...] | None, Field(min_length=1)] = None
    exceptions: dict[date, Etp] | None = None
    productivites: dict[str, Annotated[float, Field(gt=0, allow_inf_nan=False)]] | None = None


class BesoinSuppose(Corps):
    """An open need, by its key, with what changes."""

    cle: str
    volume: Volume | None = None
    debut: date | None = None
    fin: date | None = None
    voies: tuple[str, ...] | None = None
    obstacles: tuple[str, ...] | None = None
    priorite: Annotated[int | None, Field(ge=1, le=10)] = None


class BesoinImagine(Corps):
    """A need that nobody has; sized from the projection when no volume is given."""

    caisse: str
    process: str
    debut: date
    fin: date
    volume: Volume | None = None
    priorite: Annotated[int, Field(ge=1, le=10)] = 1


class PoidsSupposes(Corps):
    """Points of the objective; a weight left out is the usual one."""

    socle: Points | None = None
    objectif: Points | None = None
    semaine_socle: Points | None = None
    semaine_objectif: Points | None = None
    mission: Points | None = None
    changement: Points | None = None
    mobilisation: Points | None = None
    iniquite: Points | None = None


class Supposition(Corps):
    poles: Annotated[list[PoleSuppose], Field(default_factory=list, max_length=200)]
    sans_poles: Annotated[list[str], Field(default_factory=list)]
    besoins: Annotated[list[BesoinSuppose], Field(default_factory=list, max_length=1_000)]
    nouveaux_besoins: Annotated[list[BesoinImagine], Field(default_factory=list, max_length=1_000)]
    sans_besoins: Annotated[list[str], Field(default_factory=list)]
    poids: Annotated[PoidsSupposes, Field(default_factory=PoidsSupposes)]
    methode: Literal["programme", "glouton"] = "programme"


@routes.post("/v1/allocations/simulation", summary="Et si… : un plan qui ne propose rien")
async def simuler(service: Service, corps: Supposition) -> Response:
    """Les besoins ouverts et le registre, changés comme il est dit. Rien n'est gardé : pas de clé d'idempotence."""
    maintenant = service.clock.now()
    async with service.moteur.connect() as conn:
        base = await lire_la_base(conn, maintenant, provisoires=False)
        descriptions = {lu.description.cle: lu.description for lu in await depot_poles.lister(conn)}
    try:
        poles = avec_poles(base.poles, descriptions, [_champs(p) for p in corps.poles], corps.sans_poles)
        imagines = [_imagine(b) for b in corps.nouveaux_besoins]
        besoins = avec_besoins(base.besoins, [_change(b) for b in corps.besoins], imagines, corps.sans_besoins)
    except HypotheseFausse as exc:
        raise champ_invalide(exc.champ, str(exc)) from None
    if not besoins:
        raise Conflit("Aucun besoin n'est ouvert ni supposé : il n'y a rien à allouer.")
    async with httpx.AsyncClient() as client, impossibilites():
        supposee = avec(base, poles, besoins)
        amonts = Amonts(client, service.reglages.amonts)
        situations, alertes = await lire_ailleurs(service, amonts, supposee, maintenant)
        supposee = _dimensionner(supposee, corps, situations)
        entree = assembler(supposee, situations, alertes, Poids(**corps.poids.model_dump(exclude_none=True)))
        entree = replace(entree, methode=corps.methode)
        contenu = await calculer_a_part(entree, service.reglages.allocation_delai_s)
    return json({"empreinte": empreinte(donnees_en_clair(entree)), "plan": contenu})


def _champs(p: PoleSuppose) -> dict[str, Any]:
    return p.model_dump(exclude_none=True) | {
        nom: valeur for nom in ("process", "voies", "remises", "couloirs") if (valeur := getattr(p, nom)) is not None
    }


def _change(b: BesoinSuppose) -> dict[str, Any]:
    change = b.model_dump(exclude_none=True)
    for nom in ("debut", "fin"):
        if nom in change:
            change[nom] = jour_de(change[nom])
    for nom in ("voies", "obstacles"):
        if nom in change:
            change[nom] = frozenset(change[nom])
    return change


def _imagine(b: BesoinImagine) -> Besoin:
    """``volume`` 0 until it is sized."""
    if b.process not in {a.process for a in activites()}:
        raise HypotheseFausse("nouveaux_besoins", f"PHARE ne couvre pas « {b.process} ».")
    if b.fin < b.debut:
        raise HypotheseFausse("nouveaux_besoins", "le dernier jour précède le premier.")
    caisse = caisse_connue(b.caisse, "nouveaux_besoins")
    voies = frozenset(a.voie for a in activites() if a.process == b.process)
    return Besoin(
        f"suppose|{caisse}|{b.process}", caisse, b.process, "accumulation", jour_de(b.debut), jour_de(b.fin),
        b.volume or 0.0, voies, priorite=b.priorite,
    )  # fmt: skip


def _dimensionner(base: Base, corps: Supposition, situations: Situations) -> Base:
    """The same with the imagined needs that give no volume sized as the projection says."""
    sans_volume = {f"suppose|{caisse_connue(b.caisse)}|{b.process}" for b in corps.nouveaux_besoins if b.volume is None}
    return avec(base, base.poles, tuple(_taille(b, situations) if b.cle in sans_volume else b for b in base.besoins))


def _taille(b: Besoin, situations: Situations) -> Besoin:
    situation = situations.de(b.caisse, b.process)
    if situation is None:
        raison = situations.manques.get(b.process, f"{b.caisse} n'a pas assez d'histoire sur « {b.process} ».")
        raise champ_invalide("nouveaux_besoins", f"{raison} Donnez un volume.")
    try:
        dim = mesurer(b.process, situation, situations.tenues[b.process], situations.horizon, (b.debut, b.fin))
    except NonDimensionnable as exc:
        raise champ_invalide("nouveaux_besoins", str(exc)) from None
    return replace(b, volume=dim["volume"])


ACCES: Acces = {
    "POST /v1/allocations/simulation": ouvert_a("reseau", "coordination-phare", "coordinateur", "comite", "president")
}
