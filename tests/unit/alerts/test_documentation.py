"""The page of the API is written from the routes, and is up to date."""

from services.alerts.app import ACCES
from services.alerts.documentation import document, produits
from shared.generes import perimes


def test_la_page_de_l_api_est_a_jour_et_nomme_chaque_route() -> None:
    assert perimes(produits()) == []
    assert [route for route in ACCES if f"`{route}`" not in document()] == []
