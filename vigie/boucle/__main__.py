"""``python -m vigie.boucle``: run the closed loop, print what came out, and on demand write its page."""

import json
import os
import sys
from pathlib import Path
from typing import Annotated

import msgspec
import typer

from simulator.envoi import EnvoiImpossible
from vigie.appels import RefusDuService
from vigie.boucle.bilan import document
from vigie.boucle.deroulement import boucler
from vigie.boucle.page import page as ecrire
from vigie.boucle.reglages import reglages
from vigie.boucle.reseau import sans_aide
from vigie.pile import PileEnEchec, dossier_vigie


def jouer(
    en_json: Annotated[bool, typer.Option("--json", help="Un document JSON au lieu de la page.")] = False,
    page: Annotated[Path | None, typer.Option(help="Fichier où écrire la page.")] = None,
    graine: Annotated[int | None, typer.Option(help="Graine du jumeau.", min=0)] = None,
    fraction: Annotated[int | None, typer.Option(help="Dossiers que chaque événement représente.", min=1)] = None,
    debut: Annotated[str | None, typer.Option(help="Premier jour, AAAA-MM-JJ.")] = None,
    jours: Annotated[int | None, typer.Option(help="Jours joués.", min=1)] = None,
) -> None:
    """Une crise dans le jumeau, à travers les services, jusqu'à l'effet mesuré de l'entraide (quelques minutes)."""
    donnees = msgspec.to_builtins(reglages())
    donnes = {"graine": graine, "fraction": fraction, "debut": debut, "jours": jours}
    voulus = msgspec.convert(
        donnees | {nom: valeur for nom, valeur in donnes.items() if valeur is not None}, type(reglages())
    )
    os.environ.setdefault("XDG_RUNTIME_DIR", "/tmp")  # noqa: S108 - only silences a warning of platformdirs
    try:
        tour = boucler(voulus, dossier_vigie(), lambda ligne: typer.echo(ligne, err=True))
    except (PileEnEchec, RefusDuService, EnvoiImpossible) as exc:
        typer.echo(f"Erreur : {exc}", err=True)
        raise typer.Exit(2) from None
    obtenu = document(tour, sans_aide(voulus))
    texte = ecrire(obtenu)
    if page is not None:
        page.write_text(texte, encoding="utf-8")
    sys.stdout.write(json.dumps(obtenu, ensure_ascii=False) + "\n" if en_json else texte)


if __name__ == "__main__":
    typer.run(jouer)
