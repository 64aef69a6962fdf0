"""The pages of the console as an OpenAPI document of their own: it publishes none, since people read them."""

import json
from pathlib import Path

from fastapi.openapi.utils import get_openapi
from fastapi.routing import APIRoute

from services.console import pages

FLUX = "/flux"
"""The open stream of a page."""


def document(chemin: Path) -> str:
    """Write the description of what the console's GET routes take; the file. ``FLUX`` is left out: it does not
    end."""
    routes = [route for routeur in pages.routes() for route in routeur.routes if isinstance(route, APIRoute)]
    lues = [route for route in routes if route.methods == {"GET"} and route.path != FLUX]
    for route in lues:
        route.include_in_schema = True
    decrit = get_openapi(title="console", version="1", routes=lues)
    for operations in decrit["paths"].values():
        for operation in operations.values():
            operation["responses"] = {"default": {"description": "Une page", "content": {"*/*": {}}}}
    chemin.write_text(json.dumps(decrit), encoding="utf-8")
    return str(chemin)
