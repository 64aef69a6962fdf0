"""``python -m vigie.experience``: play the experiment and write its page and its chart."""

import multiprocessing
import os
import time
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import Annotated

import typer

from vigie.experience.bilan import MESURE, Appariement
from vigie.experience.campagne import Resultat
from vigie.experience.epreuves import crise, graine
from vigie.experience.politiques import NOMS
from vigie.experience.rapport import REGLES, graphique, page

GRAINES, MOIS = 10, 12


def experience(
    graines: Annotated[int, typer.Option(help="Nombre de graines.", min=1)] = GRAINES,
    mois: Annotated[int, typer.Option(help="Mois simulés.", min=1, max=24)] = MOIS,
    sortie: Annotated[Path, typer.Option(help="Dossier où écrire la page et le graphique.")] = Path("docs"),
    coeurs: Annotated[int, typer.Option(help="Processus menés de front (0 : autant que de cœurs).", min=0)] = 0,
) -> None:
    """Comparer, sur le jumeau : sans aide, aide au premier demandeur, allocation de Vigie."""
    depart = time.perf_counter()
    contexte = multiprocessing.get_context("spawn")
    resultats: list[Resultat] = []
    with ProcessPoolExecutor(coeurs or os.cpu_count(), mp_context=contexte) as atelier:
        en_crise = atelier.submit(crise)
        for joues in atelier.map(graine, range(1, graines + 1), [mois] * graines):
            resultats += joues
            typer.echo(f"graine {joues[0].graine} : {time.perf_counter() - depart:.0f} s", err=True)
        appariement = Appariement(resultats)
        sortie.mkdir(parents=True, exist_ok=True)
        image = "experience-entraide.svg"
        (sortie / image).write_text(graphique(appariement), encoding="utf-8")
        texte = page(appariement, en_crise.result(), mois, image)
        (sortie / "experience-entraide.md").write_text(texte, encoding="utf-8")
    for regle, titre in REGLES.items():
        typer.echo(f"\n{titre} : caisse-mois sous le socle, sous l'objectif")
        for politique, nom in NOMS.items():
            niveaux = [appariement.niveau(MESURE[m], regle, politique).moyenne for m in ("sous_socle", "sous_objectif")]
            typer.echo(f"  {nom:<18}{niveaux[0]:>9.1f}{niveaux[1]:>9.1f}")
    typer.echo(f"\n{sortie / 'experience-entraide.md'} écrit en {time.perf_counter() - depart:.0f} s.")


if __name__ == "__main__":
    typer.run(experience)
