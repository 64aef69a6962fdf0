"""``vigie up`` once all is started: where to look, and waiting. Imports no service: they start meanwhile."""

import os
import sys
import time
import webbrowser
from collections.abc import Mapping

from rich.console import Console

from vigie.pile import Pile

DOCUMENTS = {
    "contacts": "/v1/indicateurs",
    "claims": "/v1/indicateurs",
    "alerts": "/v1/alertes",
    "entraide": "/v1/poles",
    "console": "/",
}
"""What to look at first in each service."""


def veiller(debout: Pile, console: Console) -> None:
    """Say where to look, then wait until Ctrl-C or the death of a service."""
    for ligne in adresses(debout.urls):
        console.print(ligne, highlight=False)
    console.print("Ctrl-C pour arrêter.")
    try:
        while True:
            debout.verifier()
            time.sleep(1)
    except KeyboardInterrupt:
        console.print("Arrêt…")


def invitation(urls: Mapping[str, str]) -> str:
    """What a person opens."""
    return f"[bold]La console, à ouvrir dans un navigateur : {urls['console']}/[/]"


def montrer_la_console(urls: Mapping[str, str]) -> None:
    """Open it, where a person sits: a terminal and a screen."""
    ecran = sys.platform in ("darwin", "win32") or os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY")
    if sys.stdout.isatty() and ecran:
        webbrowser.open(f"{urls['console']}/")


def adresses(urls: Mapping[str, str]) -> list[str]:
    """Where to look, line by line."""
    lignes = ["[bold]Vigie est debout.[/]", invitation(urls), "Pour les programmes :"]
    for nom, url in urls.items():
        lignes.append(f"  {nom:<9} {url}{DOCUMENTS[nom]}   {url}/openapi.json   {url}/metrics")
    return lignes
