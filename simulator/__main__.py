"""``python -m simulator``: replay the network to the services or to a file, then go on live if asked."""

import asyncio
import time
from collections.abc import Iterator
from datetime import date, datetime
from pathlib import Path
from typing import Annotated

import msgspec
import typer
import yaml

from shared.clock import SystemClock
from simulator.aleas import NATURES
from simulator.envoi import Emetteur, EnvoiImpossible
from simulator.parametres import PROCESSUS, Aleas, Config, Incident, configurer
from simulator.simulation import PARIS, Journee, Simulation, derouler, flux_direct


def _config(
    fin: datetime | None, graine: int, mois: int, fraction: int, invalides: float, scenario: Path | None
) -> Config:
    incidents = None
    if scenario is not None:
        texte = scenario.read_text(encoding="utf-8")
        incidents = msgspec.convert(yaml.safe_load(texte) or [], tuple[Incident, ...])
    dernier: date = fin.date() if fin else SystemClock().now().astimezone(PARIS).date()
    return configurer(
        dernier,
        graine=graine,
        mois=mois,
        fraction=fraction,
        aleas=Aleas(invalides=invalides),
        incidents=incidents,
    )


def _suivre(journees: Iterator[Journee]) -> Iterator[Journee]:
    """The days, the first of each month announced."""
    for journee in journees:
        if journee.jour.day == 1:
            typer.echo(f"{journee.jour:%m/%Y}", err=True)
        yield journee


def _ecrire(simulation: Simulation, sortie: Path) -> None:
    with sortie.open("wb") as fichier:
        for journee in _suivre(derouler(simulation)):
            for lignes in (journee.contacts, journee.claims):
                if lignes:
                    fichier.write(b"\n".join(lignes) + b"\n")


async def _envoyer(simulation: Simulation, emetteur: Emetteur, vitesse: float) -> None:
    async with emetteur:
        for journee in _suivre(derouler(simulation)):
            await emetteur.envoyer(journee)
        if vitesse > 0:
            typer.echo(f"En direct, {vitesse:g} fois le temps réel ; Ctrl-C pour arrêter.", err=True)
            flux = flux_direct(simulation.config, SystemClock(), vitesse=vitesse, simulation=simulation)
            async for journee in flux:
                await emetteur.envoyer(journee)


def _resumer(simulation: Simulation, secondes: float) -> None:
    bilan = simulation.bilan
    total = bilan.total()
    typer.echo(
        f"\n{total} lignes en {secondes:.1f} s ({total / max(secondes, 1e-9):.0f}/s) ; {simulation.attente} à venir."
    )
    typer.echo("".join(f"{n:>13}" for n in ("", *NATURES)))
    for processus in PROCESSUS:
        typer.echo(f"{processus:>13}" + "".join(f"{bilan[processus, n]:>13}" for n in NATURES))


def _rendre_compte(emetteur: Emetteur) -> None:
    compte = emetteur.compte
    typer.echo(f"Acceptées : {compte.acceptes} ; refusées : {compte.refuses}.")
    for raison, nombre in compte.raisons.most_common():
        typer.echo(f"  {nombre} {raison}", err=True)
    for exemple in compte.exemples:
        typer.echo(f"    {exemple}", err=True)


def simuler(
    graine: Annotated[int, typer.Option(help="Graine : la même donne les mêmes octets.", min=0)] = 1,
    mois: Annotated[int, typer.Option(help="Mois rejoués avant la date de fin.", min=1, max=36)] = 8,
    fraction: Annotated[int, typer.Option(help="Échantillon : volumes nationaux divisés par N.", min=1)] = 100,
    vitesse: Annotated[
        float, typer.Option(help="Après la reprise, continuer en direct à cette allure (0 : s'arrêter).", min=0)
    ] = 0,
    contacts_url: Annotated[str, typer.Option(help="Service contacts.")] = "http://127.0.0.1:8001",
    claims_url: Annotated[str, typer.Option(help="Service claims.")] = "http://127.0.0.1:8002",
    sortie: Annotated[Path | None, typer.Option(help="Écrire ce fichier NDJSON au lieu d'envoyer.")] = None,
    fin: Annotated[
        datetime | None, typer.Option(help="Premier jour non rejoué (par défaut aujourd'hui).", formats=["%Y-%m-%d"])
    ] = None,
    scenario: Annotated[
        Path | None, typer.Option(help="Incidents à jouer (YAML) ; par défaut ceux de la démonstration.")
    ] = None,
    invalides: Annotated[float, typer.Option(help="Part de lignes fautives en plus.", min=0, max=1)] = 0,
    compresser: Annotated[bool, typer.Option(help="Comprimer les envois (gzip).")] = False,
) -> None:
    """Simuler le réseau des 107 caisses : appels, courriels, réclamations, feuilles de soins, IJ, CMU-C."""
    try:
        simulation = Simulation(_config(fin, graine, mois, fraction, invalides, scenario))
    except (ValueError, msgspec.ValidationError, yaml.YAMLError, OSError) as exc:
        raise typer.BadParameter(str(exc)) from exc
    depart = time.perf_counter()
    if sortie is not None:
        _ecrire(simulation, sortie)
        _resumer(simulation, time.perf_counter() - depart)
        return
    asyncio.run(_jusqu_au_bout(simulation, Emetteur(contacts_url, claims_url, compresser=compresser), vitesse))


async def _jusqu_au_bout(simulation: Simulation, emetteur: Emetteur, vitesse: float) -> None:
    """Send, and give the account whatever stops the sending."""
    depart = time.perf_counter()
    try:
        await _envoyer(simulation, emetteur, vitesse)
    except EnvoiImpossible as exc:
        typer.echo(f"Envoi interrompu : {exc}", err=True)
        raise typer.Exit(1) from None
    finally:
        _resumer(simulation, time.perf_counter() - depart)
        _rendre_compte(emetteur)


def main() -> None:
    typer.run(simuler)


if __name__ == "__main__":
    main()
