"""The ``vigie doctor`` command line; what it needs is imported when it runs."""

import asyncio
import json
import sys
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from vigie.pile import SERVICES


def doctor(
    service: Annotated[list[str] | None, typer.Option(help="Un service seulement, répétable ; sinon tous.")] = None,
    topics: Annotated[
        Path | None, typer.Option(exists=True, dir_okay=False, help="La déclaration des topics de Kafka.")
    ] = None,
    en_json: Annotated[bool, typer.Option("--json", help="Un document JSON au lieu d'un tableau.")] = False,
) -> None:
    """Examine l'installation et dit que faire ; code 1 si quelque chose est mauvais."""
    from vigie.docteur.commande import ausculter, faire_taire, montrer
    from vigie.docteur.constats import code_de_sortie, document

    if inconnus := set(service or ()) - set(SERVICES):
        raise typer.BadParameter(f"service inconnu : {', '.join(sorted(inconnus))}.")
    faire_taire()
    constats = asyncio.run(ausculter(service or SERVICES, topics))
    if en_json:
        sys.stdout.write(json.dumps(document(constats), ensure_ascii=False, indent=2) + "\n")
    else:
        montrer(constats, Console())
    raise SystemExit(code_de_sortie(constats))
