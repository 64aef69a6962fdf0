"""``python -m simulator.jumeau``: write the calibration table again, or play a scenario and tell what it does."""

from datetime import timedelta
from pathlib import Path
from typing import Annotated

import typer

from simulator.jumeau.calage import DEBUT, hors_tolerance, mesurer, table
from simulator.jumeau.jumeau import Jumeau
from simulator.jumeau.mesures import UNITES, Historique
from simulator.jumeau.monde import creer
from simulator.jumeau.parametres import PROCESS
from simulator.jumeau.scenario import AUCUN, ScenarioInvalide, lire_scenario

app = typer.Typer(add_completion=False, help="Le jumeau du réseau : calage et scénarios.")

_DEBUT_TABLE, _FIN_TABLE = "<!-- calage -->", "<!-- fin du calage -->"


@app.command()
def calage(
    graines: Annotated[int, typer.Option(help="Nombre de graines.", min=1)] = 5,
    page: Annotated[Path, typer.Option(help="Page dont la table est réécrite.")] = Path("docs/jumeau.md"),
) -> None:
    """Mesurer le jumeau contre les sources et réécrire la table (une minute)."""
    liste = range(1, graines + 1)
    mesures = mesurer(liste)
    avant, _, reste = page.read_text(encoding="utf-8").partition(_DEBUT_TABLE)
    _, _, apres = reste.partition(_FIN_TABLE)
    if not reste or not apres:
        raise typer.BadParameter(f"{page} n'a pas les repères {_DEBUT_TABLE} et {_FIN_TABLE}.")
    page.write_text(f"{avant}{_DEBUT_TABLE}\n{table(mesures, liste)}{_FIN_TABLE}{apres}", encoding="utf-8")
    dehors = hors_tolerance(mesures)
    typer.echo(f"{page} réécrite. Hors tolérance : {', '.join(dehors) or 'aucune figure'}.")
    if dehors:
        raise typer.Exit(1)


@app.command()
def jouer(
    scenario: Annotated[Path, typer.Argument(help="Fichier YAML d'un scénario.")],
    caisse: Annotated[str, typer.Option(help="Caisse dont les valeurs sont montrées.")],
    process: Annotated[str, typer.Option(help=f"Un de : {', '.join(PROCESS)}.")] = "ij",
    graine: Annotated[int, typer.Option(help="Graine.", min=0)] = 1,
    semaines: Annotated[int, typer.Option(help="Semaines jouées.", min=1, max=104)] = 26,
) -> None:
    """Jouer un scénario et montrer, semaine par semaine, l'indicateur d'une caisse avec et sans lui."""
    try:
        lu = lire_scenario(scenario)
        mondes = [creer(graine, DEBUT, 7 * semaines, s, ordinaire=False) for s in (lu, AUCUN)]
    except ScenarioInvalide as exc:
        raise typer.BadParameter(str(exc)) from exc
    if process not in PROCESS or caisse not in mondes[0].slugs:
        raise typer.BadParameter(f"Caisse ou process inconnu : {caisse}, {process}.")
    colonnes = []
    for monde in mondes:
        jumeau = Jumeau(monde)
        historique = Historique(jumeau)
        for _ in range(monde.jours):
            historique.noter(jumeau.avancer())
        rang = monde.slugs.index(caisse)
        lundis = range(monde.amorce, monde.jours, 7)
        colonnes.append([float(historique.valeur(process, j, j + 7)[rang]) for j in lundis])
    typer.echo(f"{lu.nom} : {lu.description}\n{caisse}, {process} ({UNITES[process]})\n")
    typer.echo(f"{'semaine du':<12}{'scénario':>10}{'sans':>10}")
    for rang, (avec, sans) in enumerate(zip(*colonnes, strict=True)):
        typer.echo(f"{DEBUT + timedelta(days=7 * rang):%d/%m/%Y}  {avec:>10.1f}{sans:>10.1f}")


if __name__ == "__main__":
    app()
