"""``python -m tests.chaos``: play the campaign, print each line, and on demand write its table in the page."""

import argparse
import asyncio
import logging
import os
import random
import shutil
import signal
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

import typer

from shared.database.serveur import ErreurServeur
from tests.chaos.campagne import Campagne, Ligne
from tests.chaos.pannes import PANNES
from tests.chaos.rapport import ecrire_la_page
from tests.chaos.site import ouvrir_site
from vigie.kafka import ErreurKafka

MOTEURS = ("postgres", "kafka")


def lire_arguments(arguments: Sequence[str]) -> argparse.Namespace:
    """Seed, subset, page."""
    lecteur = argparse.ArgumentParser(prog="make chaos", description="La campagne de pannes.")
    lecteur.add_argument("--graine", type=int, default=1, help="même graine : mêmes événements, mêmes hasards")
    lecteur.add_argument("--moteur", choices=MOTEURS, help="un seul moteur ; sans lui, les deux")
    lecteur.add_argument("--pannes", type=lambda t: t.split(","), default=list(PANNES), help="noms, avec des virgules")
    lecteur.add_argument("--melanger", action="store_true", help="dans un ordre tiré de la graine")
    lecteur.add_argument("--dossiers", type=int, default=2_000, help="dossiers de chaque charge")
    lecteur.add_argument(
        "--page", type=Path, help="écrire leurs lignes dans les tableaux de cette page (docs/fiabilite.md)"
    )
    lecteur.add_argument("--garder", action="store_true", help="garder les sorties des processus")
    lus = lecteur.parse_args(arguments)
    if inconnues := set(lus.pannes) - set(PANNES):
        lecteur.error(f"pannes inconnues : {', '.join(sorted(inconnues))}. Connues : {', '.join(PANNES)}")
    return lus


async def jouer(choix: argparse.Namespace, campagne: Campagne) -> list[str]:
    """Every engine asked for; what kept one from being played at all."""
    pannes = [PANNES[nom] for nom in choix.pannes]
    if choix.melanger:
        random.Random(choix.graine).shuffle(pannes)
    echecs = []
    for moteur in (choix.moteur,) if choix.moteur else MOTEURS:
        try:
            await campagne.jouer(moteur, pannes)
        except (ErreurKafka, ErreurServeur, AssertionError) as exc:
            echecs.append(f"{moteur}, la suite n'est pas jouée : {exc}")
    return echecs


def principal(arguments: Sequence[str]) -> int:
    """0 when every fault that this machine could play was held, 1 otherwise."""
    choix = lire_arguments(arguments)
    for bruyant in ("aiokafka", "asyncio"):  # they say of each server taken away that it is away
        logging.getLogger(bruyant).setLevel(logging.CRITICAL)
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # what was started is ended, what was mounted unmounted
    os.environ.setdefault("XDG_RUNTIME_DIR", tempfile.gettempdir())
    dossier = Path(tempfile.mkdtemp(prefix="vigie-chaos-"))
    campagne = Campagne(choix.graine, dossier, ouvrir_site, typer.echo, choix.dossiers)
    debut = time.monotonic()
    try:
        echecs = asyncio.run(jouer(choix, campagne))
    finally:
        if not choix.garder:
            shutil.rmtree(dossier, ignore_errors=True)
    duree = time.monotonic() - debut
    for echec in echecs:
        typer.echo(echec)
    typer.echo(_bilan(campagne.lignes, duree))
    if choix.page is not None:
        ecrire_la_page(choix.page, campagne)
    return int(bool(echecs) or any(ligne.verdict == "rompu" for ligne in campagne.lignes))


def _bilan(lignes: Sequence[Ligne], duree: float) -> str:
    comptes = {v: sum(ligne.verdict == v for ligne in lignes) for v in ("tenu", "rompu", "non joué")}
    return f"{comptes['tenu']} tenues, {comptes['rompu']} rompues, {comptes['non joué']} non jouées, en {duree:.0f} s"


if __name__ == "__main__":
    sys.exit(principal(sys.argv[1:]))
