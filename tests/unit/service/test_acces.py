"""The table of accesses: nothing is open without a row, and who acts for a caisse reaches that one only."""

from typing import Annotated, Any

import pytest
from fastapi import APIRouter, Query
from pydantic import BaseModel

from shared.service.acces import RouteSansAcces, de_la_requete, du_chemin, du_corps, ouvert_a
from shared.service.identite import Principal
from shared.service.reglages import ReglagesInvalides


class Depot(BaseModel):
    caisse: str


def _routes() -> APIRouter:
    routes = APIRouter()

    @routes.get("/v1/pour-tous")
    async def pour_tous() -> str:
        return "lu"

    @routes.get("/v1/liste")
    async def liste(caisse: Annotated[str | None, Query()] = None) -> str | None:
        return caisse

    @routes.get("/v1/caisses/{slug}/contacts")
    async def contacts(slug: str) -> str:
        return slug

    @routes.post("/v1/depots")
    async def deposer(corps: Depot) -> str:
        return corps.caisse

    return routes


ACCES = {
    "GET /v1/pour-tous": ouvert_a("reseau", "caisse"),
    "GET /v1/liste": ouvert_a("reseau", "caisse", "coordinateur", caisse=de_la_requete()),
    "GET /v1/caisses/{slug}/contacts": ouvert_a("reseau", "caisse", caisse=du_chemin("slug")),
    "POST /v1/depots": ouvert_a("caisse", caisse=du_corps()),
}


class Porteur:
    """Whoever the header names: its value is the roles."""

    async def identifier(self, entetes: Any) -> Principal:
        return Principal("u1", "Une personne", frozenset(entetes.get("roles", "").split()))


APPELS = {
    "tous": ("GET", "/v1/pour-tous", None),
    "liste sans caisse": ("GET", "/v1/liste", None),
    "liste de Paris": ("GET", "/v1/liste?caisse=cpam-75", None),
    "liste de Paris par son nom": ("GET", "/v1/liste?caisse=CPAM+de+Paris", None),
    "liste de deux": ("GET", "/v1/liste?caisse=cpam-31&caisse=cpam-75", None),
    "contacts de Paris": ("GET", "/v1/caisses/cpam-75/contacts", None),
    "contacts d'ailleurs": ("GET", "/v1/caisses/nulle-part/contacts", None),
    "depot de Paris": ("POST", "/v1/depots", {"caisse": "cpam-75"}),
    "depot sans caisse": ("POST", "/v1/depots", {}),
    "depot d'un nombre": ("POST", "/v1/depots", [1]),
    "depot de rien": ("POST", "/v1/depots", None),
}

A_PARIS = {"tous", "liste de Paris", "liste de Paris par son nom", "contacts de Paris", "depot de Paris"}

PERMIS = {
    "": set(),
    "auditeur": set(),
    "caisse": set(),
    "caisse:": set(),
    "reseau": {nom for nom in APPELS if not nom.startswith("depot")},
    "caisse:cpam-75": A_PARIS,
    "caisse:cpam-31": {"tous"},
    "caisse:cpam-31 caisse:cpam-75": A_PARIS,
    "coordinateur:cpam-75": {"liste de Paris", "liste de Paris par son nom"},
}


@pytest.mark.parametrize("roles", PERMIS)
async def test_each_role_reaches_what_its_rows_say_and_nothing_else(ouvrir: Any, roles: str) -> None:
    passes = set()
    async with ouvrir(_routes(), identite=Porteur(), acces=ACCES) as client:
        for nom, (methode, adresse, corps) in APPELS.items():
            reponse = await client.request(methode, adresse, json=corps, headers={"roles": roles})
            assert reponse.status_code in (200, 403, 422), reponse.text
            if reponse.status_code != 403:
                passes.add(nom)
    assert passes == PERMIS[roles]


async def test_the_local_administrator_holds_every_role(ouvrir: Any) -> None:
    async with ouvrir(_routes(), acces=ACCES) as client:
        assert (await client.get("/v1/liste")).status_code == 200
        assert (await client.post("/v1/depots", json={"caisse": "cpam-31"})).status_code == 200


def test_an_application_with_a_route_without_a_row_does_not_start(fabriquer: Any) -> None:
    with pytest.raises(RouteSansAcces, match="/v1/depots"):
        fabriquer(_routes(), acces={nom: ligne for nom, ligne in ACCES.items() if "depots" not in nom})


def test_a_row_without_a_route_is_refused_too(fabriquer: Any) -> None:
    with pytest.raises(RouteSansAcces, match="DELETE /v1/depots"):
        fabriquer(_routes(), acces=ACCES | {"DELETE /v1/depots": ouvert_a("reseau")})


def test_outside_of_embedded_mode_an_application_without_a_table_does_not_start(fabriquer: Any) -> None:
    with pytest.raises(ReglagesInvalides, match="table des accès"):
        fabriquer(_routes(), identite=Porteur(), mode="production")
