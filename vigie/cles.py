"""``vigie cles``: the keys under which sources send their events."""

import json
import sys
from datetime import datetime
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

application = typer.Typer(help="Les clés des sources : en faire, les lister, en révoquer.", no_args_is_help=True)
console = Console()

EnJson = Annotated[bool, typer.Option("--json", help="Un document JSON au lieu d'un texte.")]


@application.command()
def creer(
    source: Annotated[str, typer.Option(help="La source, telle que ses événements la nomment (« source »).")],
    processus: Annotated[str, typer.Option(help="Codes, séparés par des virgules : fse,ij.")],
    caisses: Annotated[
        str | None, typer.Option(help="Slugs ou noms, séparés par des virgules ; sans elles, tout le réseau.")
    ] = None,
    numerotation: Annotated[
        list[str] | None, typer.Option(help="Autre « namespace » que la source où elle écrit ; répétable.")
    ] = None,
    en_json: EnJson = False,
) -> None:
    """Fait une clé et la montre, une seule fois. Deux au plus valent en même temps pour une source."""
    from vigie import cles_sources as actions

    faite = actions.creer(source, _mots(processus), None if caisses is None else _mots(caisses), numerotation or ())
    if en_json:
        _ecrire(faite)
        return
    texte = f"Clé {faite['id']} de « {source} » dans {faite['service']}. Elle ne sera plus montrée :"
    console.print(texte, markup=False, highlight=False)
    sys.stdout.write(f"{faite['cle']}\n")


@application.command()
def lister(en_json: EnJson = False) -> None:
    """Liste les clés, leur portée, leur dernier usage ; jamais les clés elles-mêmes."""
    from vigie import cles_sources as actions

    lignes = actions.lister()
    if en_json:
        _ecrire(lignes)
        return
    tableau = Table("Service", "N°", "Source", "Processus", "Caisses", "Faite le", "Vue le", "Révoquée le")
    for ligne in lignes:
        tableau.add_row(
            ligne["service"], str(ligne["id"]), ligne["source"], ", ".join(ligne["processus"]),
            "réseau" if ligne["caisses"] is None else ", ".join(ligne["caisses"]),
            *(_jour(ligne[quand]) for quand in ("creee_le", "vue_le", "revoquee_le")),
        )  # fmt: skip
    console.print(tableau if lignes else "Aucune clé.")


@application.command()
def revoquer(
    numero: Annotated[int, typer.Argument(help="Numéro de la clé (vigie cles lister).")],
    service: Annotated[str, typer.Option(help="contacts ou claims.")],
) -> None:
    """Révoque une clé : elle est refusée dès la requête suivante."""
    from vigie import cles_sources as actions

    source = actions.revoquer(service, numero)
    console.print(f"Clé {numero} de « {source} » révoquée.", markup=False, highlight=False)


def _mots(texte: str) -> list[str]:
    return [mot.strip() for mot in texte.split(",") if mot.strip()]


def _jour(instant: datetime | None) -> str:
    return "" if instant is None else f"{instant:%d/%m/%Y %H:%M}"


def _ecrire(document: object) -> None:
    sys.stdout.write(json.dumps(document, ensure_ascii=False, indent=2, default=str) + "\n")
