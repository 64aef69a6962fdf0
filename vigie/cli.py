"""The ``vigie`` command."""

import json
import os
import sys
from collections.abc import Callable, Coroutine
from datetime import date, datetime
from pathlib import Path
from typing import Annotated, Any, Literal, TypeVar

import typer
from rich.console import Console
from rich.table import Table

from vigie import audit, cles, comite, entraide, pile, pseudonymes
from vigie.docteur.ligne import doctor

application = typer.Typer(
    name="vigie",
    help="Qualité de service du réseau de l'assurance maladie : indicateurs, alertes, entraide.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
application.add_typer(comite.application, name="comite")
application.add_typer(audit.application, name="audit")
application.add_typer(cles.application, name="cles")
application.add_typer(entraide.application, name="entraide")
application.command()(doctor)
application.add_typer(pseudonymes.application, name="pseudonymes")
console = Console()
erreurs = Console(stderr=True)
T = TypeVar("T")

Jour = Annotated[datetime, typer.Option(formats=["%Y-%m-%d"])]
Connu = Annotated[
    datetime | None, typer.Option(formats=["%Y-%m-%d"], help="Tel que connu au soir de ce jour, de Paris.")
]
EnJson = Annotated[bool, typer.Option("--json", help="Un document JSON au lieu d'un tableau.")]

ECHEC = 1
USAGE = 2
INTERROMPU = 130

ERREURS_DITES = {
    "CaisseInconnue", "CatalogueInvalide", "CleImpossible", "DemandeInvalide", "DemarrageImpossible",
    "EffacementImpossible", "ElagageImpossible", "ErreurImport", "ErreurJournal", "ErreurKafka", "ErreurServeur",
    "IndicateurInconnu", "PileEnEchec", "ProcessusInconnu", "RefusDuService", "ReglagesInvalides",
}  # fmt: skip
"""Names of the exceptions whose text is a French sentence for the user; named, so that none is imported for it."""


def main() -> None:
    """Entry point: errors meant for people are sentences, never a stack trace."""
    os.environ.setdefault("XDG_RUNTIME_DIR", "/tmp")  # noqa: S108 - only silences a warning of platformdirs
    try:
        application()
    except KeyboardInterrupt:
        raise SystemExit(INTERROMPU) from None
    except Exception as exc:
        if ERREURS_DITES.isdisjoint(base.__name__ for base in type(exc).__mro__):
            raise
        erreurs.print(f"Erreur : {exc}", style="bold red", markup=False, highlight=False)
        raise SystemExit(USAGE) from None


def _faire(coroutine: Coroutine[Any, Any, T]) -> T:
    import asyncio

    import uvloop

    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as boucle:
        return boucle.run(coroutine)


def _sur_la_base(action: Callable[[pile.Base], Coroutine[Any, Any, T]]) -> T:
    with pile.base_de_travail(pile.dossier_vigie()) as base:
        return _faire(action(base))


def _ecrire_json(document: object) -> None:
    sys.stdout.write(json.dumps(document, ensure_ascii=False, indent=2, default=str) + "\n")


@application.command()
def up(
    avec_kafka: Annotated[bool, typer.Option("--kafka", help="Un vrai Apache Kafka local (Java et Maven).")] = False,
    port: Annotated[int, typer.Option(help="Premier port ; le service suivant prend le suivant.")] = 8101,
) -> None:
    """Démarre tout sur cette machine, jusqu'à Ctrl-C."""
    from vigie.veille import veiller

    ports = {nom: port + rang for rang, nom in enumerate(pile.SERVICES)}
    with pile.Pile(pile.dossier_vigie(), avec_kafka=avec_kafka, ports=ports) as debout:
        veiller(debout, console)


@application.command()
def serve(
    service: Annotated[str, typer.Argument(help="contacts, claims, alerts, entraide ou console")],
    role: Annotated[Literal["api", "consumer", "tout"] | None, typer.Option(help="Par défaut VIGIE_ROLE.")] = None,
    port: Annotated[int | None, typer.Option(help="Par défaut VIGIE_PORT.")] = None,
    hote: Annotated[str | None, typer.Option(help="Par défaut VIGIE_HOTE.")] = None,
) -> None:
    """Lance un service ; ses réglages sont dans l'environnement (VIGIE_…)."""
    from vigie.demarrage import servir

    raise SystemExit(servir(service, role, port, hote))


@application.command()
def migrate() -> None:
    """Met les schémas de la base à la dernière version."""
    from vigie.demarrage import migrer_tout

    _sur_la_base(migrer_tout)
    console.print("Schémas à jour.")


@application.command()
def topics(
    fichier: Annotated[Path, typer.Argument(exists=True, dir_okay=False, help="Voir deploy/kafka/topics.yaml.")],
) -> None:
    """Fait les topics de Kafka qu'un fichier déclare, et leur donne leur durée de garde."""
    from vigie.topics import declarer

    for ligne in _faire(declarer(fichier)):
        console.print(ligne, highlight=False, markup=False)


@application.command("import")
def importer(
    fichier: Annotated[Path, typer.Argument(exists=True, dir_okay=False)],
    mapping: Annotated[Path, typer.Option(exists=True, dir_okay=False, help="Correspondance YAML (voir examples/).")],
) -> None:
    """Importe un fichier ; une ligne fautive est gardée avec les rejets, le reste entre."""
    from vigie.importer import importer as faire
    from vigie.importer import lignes_du_bilan

    bilan = _sur_la_base(lambda base: faire(base, fichier, mapping, erreurs))
    for ligne in lignes_du_bilan(bilan):
        console.print(ligne, highlight=False, markup=False)


@application.command()
def kpi(
    indicateur: Annotated[str, typer.Option(help="Code, par exemple taux_decroche.")],
    du: Jour,
    au: Jour,
    caisse: Annotated[str, typer.Option(help="Slug ou nom, « reseau » ou « toutes ».")] = "reseau",
    pas: Annotated[Literal["jour", "semaine", "mois"] | None, typer.Option(help="Découpage de la période.")] = None,
    vue: Annotated[Literal["responsable", "productrice"], typer.Option(help="De quel côté.")] = "responsable",
    horloge: Annotated[str | None, typer.Option(help="Autre horloge d'un délai, par exemple jours_ouvres.")] = None,
    a_date: Connu = None,
    version: Annotated[str | None, typer.Option(help="Version de la formule ; sinon celle en vigueur.")] = None,
    en_json: EnJson = False,
) -> None:
    """Donne la valeur d'un indicateur sur une période (les deux jours compris)."""
    from vigie.kpi import Question, bornes, dire_verdict, mesurer

    connu = None if a_date is None else a_date.date()
    question = Question(indicateur, caisse, du.date(), au.date(), pas, vue, horloge, connu, version)
    lignes = _sur_la_base(lambda base: mesurer(base, question))
    if en_json:
        _ecrire_json(lignes[0] if len(lignes) == 1 else lignes)
        return
    tableau = Table("Caisse", "Du", "Au", f"Valeur ({lignes[0]['unite']})", "n", "À 95 %", "Verdict", title=indicateur)
    for ligne in lignes:
        valeur = "non mesuré" if ligne["valeur"] is None else f"{ligne['valeur']:.4f}".rstrip("0").rstrip(".")
        tableau.add_row(
            str(ligne["caisse"]), str(ligne["du"]), str(ligne["au"]), valeur, str(ligne["n"]),
            bornes(ligne["intervalle"]), dire_verdict(ligne),
        )  # fmt: skip
    console.print(tableau)


@application.command()
def expliquer(
    indicateur: Annotated[str, typer.Option(help="Code, par exemple taux_decroche.")],
    du: Jour,
    au: Jour,
    caisse: Annotated[str, typer.Option(help="Slug ou nom, ou « reseau ».")] = "reseau",
    vue: Annotated[Literal["responsable", "productrice"], typer.Option(help="De quel côté.")] = "responsable",
    horloge: Annotated[str | None, typer.Option(help="Autre horloge d'un délai, par exemple jours_ouvres.")] = None,
    a_date: Connu = None,
    version: Annotated[str | None, typer.Option(help="Version de la formule ; sinon celle en vigueur.")] = None,
    en_json: EnJson = False,
) -> None:
    """Dit comment un chiffre a été fait : ce qu'il compte, ce qu'il laisse, sa sûreté, sa cible."""
    from vigie.expliquer import expliquer_chiffre, texte
    from vigie.kpi import Question

    connu = None if a_date is None else a_date.date()
    question = Question(indicateur, caisse, du.date(), au.date(), None, vue, horloge, connu, version)
    document = _sur_la_base(lambda base: expliquer_chiffre(base, question))
    if en_json:
        _ecrire_json(document)
        return
    for ligne in texte(document):
        console.print(ligne, highlight=False, markup=False)


@application.command()
def comparaison(
    indicateur: Annotated[str, typer.Option(help="Code, par exemple taux_decroche.")],
    du: Jour,
    au: Jour,
    a_date: Annotated[datetime, typer.Option(formats=["%Y-%m-%d"], help="Tel que connu au soir de ce jour.")],
    b_date: Annotated[datetime, typer.Option(formats=["%Y-%m-%d"], help="Et au soir de celui-ci.")],
    caisse: Annotated[str, typer.Option(help="Slug ou nom, ou « reseau ».")] = "reseau",
    vue: Annotated[Literal["responsable", "productrice"], typer.Option(help="De quel côté.")] = "responsable",
    horloge: Annotated[str | None, typer.Option(help="Autre horloge d'un délai, par exemple jours_ouvres.")] = None,
    en_json: EnJson = False,
) -> None:
    """Dit pourquoi un chiffre n'est plus ce qu'il était : tardifs, corrections, retraits, définition."""
    from vigie.comparer import comparer_lectures
    from vigie.kpi import Question

    question = Question(indicateur, caisse, du.date(), au.date(), None, vue, horloge)
    document = _sur_la_base(lambda base: comparer_lectures(base, question, a_date.date(), b_date.date()))
    if en_json:
        _ecrire_json(document)
        return
    for ligne in document["phrases"]:
        console.print(ligne, highlight=False, markup=False)


@application.command()
def indicateurs(
    convention: Annotated[str | None, typer.Option(help="Par exemple cnam-2018-2022 ; sans elle, toutes.")] = None,
    en_json: EnJson = False,
) -> None:
    """Liste chaque indicateur des conventions avec son état, puis ceux que Vigie calcule en plus."""
    from vigie.catalogue import lignes

    voulues = [ligne for ligne in lignes() if convention in (None, ligne["convention"])]
    if not voulues:
        raise typer.BadParameter(f"Convention inconnue : {convention}. La liste : vigie indicateurs.")
    if en_json:
        _ecrire_json(voulues)
        return
    tableau = Table("Convention", "Code", "Libellé", "Unité", "État")
    for ligne in voulues:
        etat = "déclaré" if ligne["etat"] == "declare" else f"calculé ({ligne['calcul']})"
        tableau.add_row(
            str(ligne["convention"] or ""), str(ligne["code"]), str(ligne["libelle"]), str(ligne["unite"]), etat
        )
    console.print(tableau)


@application.command()
def verify(
    journal: Annotated[bool, typer.Option("--journal", help="Rejoue aussi le journal et compare tout.")] = False,
) -> None:
    """Vérifie que les cellules sont la somme des dossiers ; sort en erreur sinon."""
    from vigie.verifier import verifier_tout

    if not _sur_la_base(lambda base: verifier_tout(base, console, journal=journal)):
        raise SystemExit(ECHEC)


@application.command()
def reconstruire(
    process: Annotated[str, typer.Argument(help="Code du processus, par exemple fse.")],
    reprendre: Annotated[bool, typer.Option("--reprendre", help="Là où la dernière s'est interrompue.")] = False,
) -> None:
    """Recalcule les contributions d'un processus sous les règles d'aujourd'hui, sans arrêter les services."""
    from vigie.verifier import reconstruire_processus

    _sur_la_base(lambda base: reconstruire_processus(base, process, console, reprendre=reprendre))


@application.command()
def purger(
    process: Annotated[str, typer.Argument(help="Code du processus.")],
    avant: Annotated[datetime, typer.Option(formats=["%Y-%m-%d"], help="Les dossiers clos avant ce jour.")],
) -> None:
    """Efface les dossiers clos avant un jour ; leurs chiffres restent dans les cellules."""
    from vigie.verifier import purger_processus

    _sur_la_base(lambda base: purger_processus(base, process, avant.date(), console))


@application.command()
def plier() -> None:
    """Réunit les cellules des jours passés (tâche de nuit) ; aucun chiffre ne change."""
    from vigie.verifier import plier_tout

    _sur_la_base(lambda base: plier_tout(base, console))


@application.command()
def entretien() -> None:
    """Fait maintenant l'entretien de nuit : oublie ce qui a passé sa durée de garde, puis plie."""
    from vigie.verifier import entretenir_tout

    if not _sur_la_base(lambda base: entretenir_tout(base, console)):
        raise SystemExit(ECHEC)


@application.command()
def rejets(
    service: Annotated[str | None, typer.Option(help="contacts ou claims ; sans lui, les deux.")] = None,
    raison: Annotated[str | None, typer.Option(help="Un code de raison.")] = None,
    etat: Annotated[Literal["ouvert", "rejoue", "ecarte"] | None, typer.Option()] = "ouvert",
    limite: Annotated[int, typer.Option(min=1, max=10_000)] = 50,
    rejouer: Annotated[int | None, typer.Option(help="Numéro d'un rejet à renvoyer au journal.")] = None,
    en_json: EnJson = False,
) -> None:
    """Liste les événements refusés, ou en rejoue un."""
    from vigie import rejets as actions

    if rejouer is not None:
        if service is None:
            raise typer.BadParameter("--rejouer demande --service contacts ou --service claims.")
        message = _sur_la_base(lambda base: actions.rejouer(base, service, rejouer))
        console.print(message, highlight=False, markup=False)
        return
    lignes = _sur_la_base(lambda base: actions.lister(base, service, etat, raison, limite))
    if en_json:
        _ecrire_json(lignes)
        return
    tableau = Table("N°", "Service", "Reçu le", "Raison", "Où", "Message")
    for ligne in lignes:
        tableau.add_row(
            str(ligne["id"]), str(ligne["service"]), f"{ligne['recu_le']:%d/%m/%Y %H:%M}", str(ligne["raison"]),
            str(ligne["champ"] or ""), str(ligne["message"]),
        )  # fmt: skip
    console.print(tableau if lignes else "Aucun rejet.")


@application.command()
def demo(
    une_fois: Annotated[bool, typer.Option("--once", help="S'arrête après le rejeu et la vérification.")] = False,
    en_json: EnJson = False,
    mois: Annotated[int, typer.Option(min=1, max=36, help="Mois rejoués.")] = 8,
    fraction: Annotated[int, typer.Option(min=1, help="Un événement national sur N.")] = 100,
    graine: Annotated[int, typer.Option(help="Graine du hasard : la même donne les mêmes événements.")] = 1,
    fin: Annotated[datetime | None, typer.Option(formats=["%Y-%m-%d"], help="Dernier jour, par défaut hier.")] = None,
    avec_kafka: Annotated[bool, typer.Option("--kafka", help="Sur un vrai Apache Kafka local.")] = False,
) -> None:
    """Rejoue des mois du réseau entier, puis passe en direct."""
    from vigie.demo import Options, derouler

    dernier: date | None = fin.date() if fin else None
    derouler(Options(une_fois, en_json, mois, fraction, graine, dernier, avec_kafka), console, erreurs)


if __name__ == "__main__":
    main()
