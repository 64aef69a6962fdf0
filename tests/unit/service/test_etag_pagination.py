"""Conditions on versions, and lists by pages."""

from datetime import UTC, date, datetime
from typing import Annotated, Any
from uuid import UUID

import pytest
from fastapi import APIRouter, Depends, Request, Response

from shared.service.etag import etag, exiger_if_match, reponse_conditionnelle
from shared.service.pagination import Page, ecrire_curseur, lier_suivante, page_demandee, paginer

OCTETS = b'{"a":1}'


def _routes() -> APIRouter:
    routes = APIRouter()

    @routes.get("/ressource")
    async def lire(request: Request) -> Response:
        return reponse_conditionnelle(request, OCTETS)

    @routes.put("/ressource")
    async def changer(request: Request) -> str:
        exiger_if_match(request, etag(OCTETS))
        return "fait"

    @routes.get("/nombres")
    async def lister(
        request: Request, response: Response, page: Annotated[Page, Depends(page_demandee)]
    ) -> dict[str, Any]:
        apres = page.apres(tuple[int])
        debut = 0 if apres is None else apres[0] + 1
        elements, suivant = paginer(list(range(debut, 7))[: page.limite + 1], page, lambda n: (n,))
        lier_suivante(request, response, suivant)
        return {"elements": elements, "suivant": suivant}

    return routes


async def test_who_holds_the_representation_gets_304_and_no_body(ouvrir: Any) -> None:
    async with ouvrir(_routes()) as client:
        premiere = await client.get("/ressource")
        etiquette = premiere.headers["etag"]
        for detenu in (etiquette, f'"autre", {etiquette}', f"W/{etiquette}", "*"):
            reponse = await client.get("/ressource", headers={"If-None-Match": detenu})
            assert (reponse.status_code, reponse.content, reponse.headers["etag"]) == (304, b"", etiquette)
        autre = await client.get("/ressource", headers={"If-None-Match": '"autre"'})
    assert (autre.status_code, autre.content) == (200, OCTETS)
    assert premiere.headers["cache-control"] == "private, no-cache"


async def test_a_change_needs_the_version_it_was_made_on(ouvrir: Any) -> None:
    present = etag(OCTETS)
    attendus = {None: 428, '"autre"': 412, f"W/{present}": 412, "n'importe quoi": 412, present: 200, "*": 200}
    async with ouvrir(_routes()) as client:
        for vu, statut in attendus.items():
            entetes = {} if vu is None else {"If-Match": vu}
            assert (await client.put("/ressource", headers=entetes)).status_code == statut, vu


async def test_following_the_links_reads_the_list_once_and_ends(ouvrir: Any) -> None:
    lus: list[int] = []
    async with ouvrir(_routes()) as client:
        adresse = "/nombres?limite=3&filtre=a%26b"
        while adresse:
            reponse = await client.get(adresse)
            lus += reponse.json()["elements"]
            suivante = reponse.links.get("next")
            assert (suivante is None) == (reponse.json()["suivant"] is None)
            adresse = suivante["url"] if suivante else ""
            assert not adresse or "filtre=a%26b" in adresse
    assert lus == list(range(7))


@pytest.mark.parametrize("curseur", ["", "zz", "é", ecrire_curseur(("x",)), ecrire_curseur((1, 2)), "A" * 3000])
async def test_a_cursor_of_no_list_of_ours_is_refused(ouvrir: Any, curseur: str) -> None:
    async with ouvrir(_routes()) as client:
        reponse = await client.get("/nombres", params={"curseur": curseur})
    assert reponse.status_code == 400


@pytest.mark.parametrize("limite", ["0", "501", "-1", "beaucoup"])
async def test_the_size_of_a_page_is_bounded(ouvrir: Any, limite: str) -> None:
    async with ouvrir(_routes()) as client:
        assert (await client.get("/nombres", params={"limite": limite})).status_code == 422


def test_a_cursor_gives_back_its_sort_key() -> None:
    cle = (datetime(2026, 1, 2, 3, tzinfo=UTC), date(2026, 1, 2), UUID(int=5), "cpam-75", 3)
    page = Page(10, ecrire_curseur(cle))
    assert page.apres(tuple[datetime, date, UUID, str, int]) == cle
