"""The OpenAPI document of a service says where what was just made is, and what can be asked of it."""

from fastapi import APIRouter, FastAPI

from shared.service.openapi import decrire_les_problemes


def document() -> dict[str, object]:
    routes = APIRouter()
    for methode, adresse, statut in (
        ("POST", "/v1/comites", 201),
        ("GET", "/v1/comites/{mois}", 200),
        ("GET", "/v1/comites/{mois}/dossiers/{caisse}", 200),
        ("POST", "/v1/comites/{mois}/cloture", 200),
        ("POST", "/v1/plans", 201),
        ("DELETE", "/v1/plans/{numero}", 200),
        ("GET", "/v1/plans/{numero}/actions/{rang}", 200),
        ("POST", "/v1/plans/{numero}/actions", 201),
        ("POST", "/v1/simulations", 201),
    ):
        nom = f"{methode} {adresse}"
        routes.add_api_route(adresse, lambda: None, methods=[methode], status_code=statut, operation_id=nom)
    app = FastAPI()
    app.include_router(routes)
    return decrire_les_problemes(app.openapi())


def liens(adresse: str) -> dict[str, dict[str, str]]:
    lus = document()["paths"][adresse]["post"]["responses"]["201"].get("links", {})  # type: ignore[index]
    return {nom: lien["parameters"] for nom, lien in lus.items()}


def test_what_was_made_leads_to_every_call_that_needs_its_name_alone() -> None:
    mois, numero = {"path.mois": "$response.body#/mois"}, {"path.numero": "$response.body#/id"}
    assert liens("/v1/comites") == {"GET /v1/comites/{mois}": mois, "POST /v1/comites/{mois}/cloture": mois}
    assert liens("/v1/plans") == {"DELETE /v1/plans/{numero}": numero, "POST /v1/plans/{numero}/actions": numero}


def test_what_has_no_address_of_its_own_leads_nowhere() -> None:
    assert liens("/v1/simulations") == {}
    assert liens("/v1/plans/{numero}/actions") == {}
