"""``vigie entraide``: pôles, needs, plans, propositions and missions from a terminal, against the running stack."""

import json
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Annotated, Any, Literal

import typer
from rich.console import Console

from vigie import entraide_suivi as suivis
from vigie import entraide_tableaux as tableaux
from vigie.appels import Appels, RefusDuService, adresse

application = typer.Typer(help="L'entraide PHARE : besoins, plan, propositions, missions.", no_args_is_help=True)
console = Console()

EnJson = Annotated[bool, typer.Option("--json", help="Un document JSON au lieu d'un tableau.")]
Numero = Annotated[int, typer.Argument(min=1, help="Numéro de la proposition ; une mission garde le sien.")]
Pour = Annotated[str | None, typer.Option(help="Caisse pour laquelle on agit : slug ou nom.")]
Motif = Annotated[str | None, typer.Option(help="Pourquoi, en clair.")]
Qualite = Annotated[
    Literal["coordinateur", "coordination-phare"] | None, typer.Option(help="À quel titre, quand on en a plusieurs.")
]
Caisse = Annotated[str | None, typer.Option(help="Slug ou nom ; sans elle, tout le réseau.")]


def service() -> Appels:
    """Entraide of the running stack, or of ``VIGIE_ENTRAIDE_URL``. Raises PileEnEchec."""
    return Appels("entraide", adresse("entraide"))


@application.command()
def poles(
    caisse: Caisse = None,
    retires: Annotated[bool, typer.Option(help="Les pôles retirés aussi.")] = False,
    en_json: EnJson = False,
) -> None:
    """Liste les pôles : qui peut aider, sur quoi, avec combien d'ETP."""
    lus = service().lire_tout("/v1/poles", "poles", {"caisse": caisse, "retires": retires or None})
    _montrer(lus, tableaux.poles, en_json=en_json)


@application.command("importer-poles")
def importer_poles(
    fichier: Annotated[Path, typer.Argument(exists=True, dir_okay=False, help="CSV en UTF-8.")],
    en_json: EnJson = False,
) -> None:
    """Importe un registre de pôles ; une ligne fautive est dite, les autres entrent."""
    entetes = {"Content-Type": "text/csv; charset=utf-8"}
    bilan = service().poster("/v1/poles/import", entetes=entetes, octets=fichier.read_bytes())
    _montrer(bilan, tableaux.bilan_d_import, en_json=en_json)


@application.command()
def besoins(
    caisse: Caisse = None,
    process: Annotated[str | None, typer.Option(help="Code du processus.")] = None,
    etat: Annotated[list[str] | None, typer.Option(help="Sans lui, ceux qui vivent ; à répéter.")] = None,
    en_json: EnJson = False,
) -> None:
    """Liste les besoins : ce qui manque, où, dans l'unité du processus et en ETP."""
    filtres = {"caisse": caisse, "process": process, "etat": etat or None}
    _montrer(service().lire_tout("/v1/besoins", "besoins", filtres), tableaux.besoins, en_json=en_json)


@application.command()
def demander(
    caisse: Annotated[str, typer.Option(help="Caisse qui demande de l'aide : slug ou nom.")],
    process: Annotated[str, typer.Option(help="Code du processus, par exemple ij.")],
    debut: Annotated[str, typer.Option(help="Premier jour, AAAA-MM-JJ.")],
    fin: Annotated[str, typer.Option(help="Dernier jour, AAAA-MM-JJ.")],
    motif: Annotated[Literal["accumulation", "reorganisation", "adossement"], typer.Option()] = "accumulation",
    volume: Annotated[float | None, typer.Option(help="À absorber, dans l'unité ; sans lui, Vigie le calcule.")] = None,
    commentaire: Annotated[str | None, typer.Option(help="Ce qu'il faut savoir, en clair.")] = None,
    en_json: EnJson = False,
) -> None:
    """Demande de l'aide pour une caisse, hors d'une décision du comité."""
    corps = {
        "caisse": caisse, "process": process, "motif": motif, "debut": debut, "fin": fin, "volume": volume,
        "commentaire": commentaire,
    }  # fmt: skip
    cree = service().poster("/v1/besoins", {nom: valeur for nom, valeur in corps.items() if valeur is not None})
    _montrer(cree, tableaux.besoin, en_json=en_json)


@application.command()
def plan(
    numero: Annotated[int | None, typer.Argument(min=1, help="Numéro du plan ; sans lui, le dernier.")] = None,
    faire: Annotated[bool, typer.Option("--faire", help="Allouer maintenant les besoins ouverts.")] = False,
    en_json: EnJson = False,
) -> None:
    """Montre un plan : qui aiderait qui, ce que cela change, ce qui le retient. Ou le fait."""
    appels = service()
    if faire:
        fait = appels.poster("/v1/allocations")
    else:
        fait = appels.lire(f"/v1/allocations/{numero or _dernier_plan(appels)}")
    _montrer(fait, tableaux.plan, en_json=en_json)


def _dernier_plan(appels: Appels) -> int:
    faits = appels.lire("/v1/allocations", {"limite": 1})["allocations"]
    if not faits:
        raise RefusDuService("Aucun plan n'a encore été fait : « vigie entraide plan --faire » en fait un.")
    numero: int = faits[0]["id"]
    return numero


@application.command()
def simuler(
    etp: Annotated[list[str] | None, typer.Option(help="« pole=ETP » : ce pôle en prêterait tant.")] = None,
    sans_pole: Annotated[list[str] | None, typer.Option(help="Un pôle qui ne serait pas là.")] = None,
    volume: Annotated[list[str] | None, typer.Option(help="« besoin=volume » : ce besoin serait de tant.")] = None,
    sans_besoin: Annotated[list[str] | None, typer.Option(help="Un besoin qui ne serait pas là.")] = None,
    nouveau: Annotated[list[str] | None, typer.Option(help="« caisse,process,début,fin[,volume] ».")] = None,
    poids: Annotated[list[str] | None, typer.Option(help="« mission=80 » : un poids de l'objectif.")] = None,
    glouton: Annotated[bool, typer.Option("--glouton", help="La méthode simple, pour comparer.")] = False,
    en_json: EnJson = False,
) -> None:
    """Et si… : le plan d'autres pôles, besoins ou poids, sans rien proposer. Tout se répète."""
    corps = {
        "poles": [{"cle": cle, "etp": valeur} for cle, valeur in map(lire_egalite, etp or ())],
        "sans_poles": sans_pole or [],
        "besoins": [{"cle": cle, "volume": valeur} for cle, valeur in map(lire_egalite, volume or ())],
        "sans_besoins": sans_besoin or [],
        "nouveaux_besoins": [lire_besoin(texte) for texte in nouveau or ()],
        "poids": {cle: int(valeur) for cle, valeur in map(lire_egalite, poids or ())},
        "methode": "glouton" if glouton else "programme",
    }
    _montrer(service().poster("/v1/allocations/simulation", corps), tableaux.plan, en_json=en_json)


def lire_egalite(texte: str) -> tuple[str, float]:
    """« nom=1,5 ». Raises typer.BadParameter."""
    nom, _, valeur = texte.rpartition("=")
    try:
        return nom.strip(), float(valeur.replace(",", "."))
    except ValueError:
        raise typer.BadParameter(f"« {texte} » : écrivez « nom=nombre ».") from None


def lire_besoin(texte: str) -> dict[str, Any]:
    """« cpam-75,ij,2026-11-30,2026-12-31,800 ». Raises typer.BadParameter."""
    champs = ("caisse", "process", "debut", "fin", "volume")
    donnes = [morceau.strip() for morceau in texte.split(",")]
    if not len(champs) - 1 <= len(donnes) <= len(champs):
        raise typer.BadParameter(f"« {texte} » : écrivez « caisse,process,début,fin » et, au besoin, « ,volume ».")
    return dict(zip(champs, donnes, strict=False))


@application.command()
def propositions(
    pour: Annotated[str | None, typer.Option(help="Caisse dont c'est la boîte ; sans elle, tout le réseau.")] = None,
    etat: Annotated[list[str] | None, typer.Option(help="À répéter pour plusieurs états.")] = None,
    process: Annotated[str | None, typer.Option(help="Code du processus.")] = None,
    a_repondre: Annotated[
        bool, typer.Option("--a-repondre", help="Celles qui attendent la réponse de --pour.")
    ] = False,
    en_json: EnJson = False,
) -> None:
    """Liste les propositions, les plus récentes d'abord."""
    filtres = {"pour": pour, "etat": etat or None, "process": process, "a_repondre": a_repondre or None}
    lues = service().lire_tout("/v1/propositions", "propositions", filtres)
    _montrer(lues, tableaux.propositions, en_json=en_json)


@application.command()
def proposition(numero: Numero, en_json: EnJson = False) -> None:
    """Montre une proposition : ses termes, l'effet prédit, son histoire, qui peut quoi."""
    _montrer(service().lire(f"/v1/propositions/{numero}"), tableaux.proposition, en_json=en_json)


@application.command()
def missions(
    pour: Annotated[str | None, typer.Option(help="Caisse aidante ou aidée ; sans elle, tout le réseau.")] = None,
    etat: Annotated[list[str] | None, typer.Option(help="ordonnee, active, terminee ou interrompue.")] = None,
    process: Annotated[str | None, typer.Option(help="Code du processus.")] = None,
    en_json: EnJson = False,
) -> None:
    """Liste les missions ordonnées, en cours et finies."""
    filtres = {"pour": pour, "etat": etat or None, "process": process}
    _montrer(service().lire_tout("/v1/missions", "missions", filtres), tableaux.propositions, en_json=en_json)


@application.command()
def suivi(numero: Numero, en_json: EnJson = False) -> None:
    """Montre ce qu'une mission a livré contre ce qui était convenu, et si la suite en est encore utile."""
    _montrer(service().lire(f"/v1/missions/{numero}/suivi"), suivis.suivi, en_json=en_json)


@application.command()
def effet(numero: Numero, en_json: EnJson = False) -> None:
    """Montre ce qu'une mission a changé, chez l'aidée et chez l'aidante, un, deux et trois mois après."""
    _montrer(service().lire(f"/v1/missions/{numero}/effet"), suivis.effet, en_json=en_json)


@application.command()
def rapport(
    annee: Annotated[int, typer.Argument(min=1996, max=2044, help="Année du rapport.")], en_json: EnJson = False
) -> None:
    """Montre le rapport d'une année, chaque processus dans son unité."""
    _montrer(service().lire(f"/v1/rapports/{annee}"), suivis.rapport, en_json=en_json)


@application.command()
def fragilites(caisse: Caisse = None, en_json: EnJson = False) -> None:
    """Liste les caisses aidées trop souvent : l'entraide n'est pas la réponse."""
    lues = service().lire("/v1/fragilites", {"caisse": caisse})["fragilites"]
    _montrer(lues, suivis.fragilites, en_json=en_json)


@application.command()
def coordination(en_json: EnJson = False) -> None:
    """Ce que la coordination nationale a sous les yeux : réponses et ordres attendus."""
    _montrer(service().lire("/v1/coordination"), tableaux.coordination, en_json=en_json)


@application.command()
def amender(
    numero: Numero,
    debut: Annotated[str | None, typer.Option(help="Premier lundi, AAAA-MM-JJ.")] = None,
    etp: Annotated[list[float] | None, typer.Option(help="ETP d'une semaine ; à répéter pour chacune.")] = None,
    volume: Annotated[float | None, typer.Option(help="Sans lui, il suit les ETP.")] = None,
    pour: Pour = None,
    motif: Motif = None,
    qualite: Qualite = None,
    en_json: EnJson = False,
) -> None:
    """Propose d'autres dates, ETP ou volume : l'autre caisse répond de nouveau."""
    termes = {"debut": debut, "etp": etp or None, "volume": volume}
    _montrer(acter(numero, "amendement", pour, motif, qualite, termes), tableaux.proposition, en_json=en_json)


@application.command()
def prolonger(
    numero: Numero,
    semaines: Annotated[int, typer.Option(min=1, help="Semaines de plus.")],
    etp: Annotated[float | None, typer.Option(help="ETP de chacune ; sans lui, ceux de la dernière.")] = None,
    pour: Pour = None,
    motif: Motif = None,
    qualite: Qualite = None,
    en_json: EnJson = False,
) -> None:
    """Demande à prolonger une mission : l'autre caisse répond."""
    corps = {"semaines": semaines, "etp": etp}
    _montrer(acter(numero, "prolongation", pour, motif, qualite, corps), tableaux.proposition, en_json=en_json)


def acter(
    numero: int,
    chemin: str,
    pour: str | None = None,
    motif: str | None = None,
    qualite: str | None = None,
    corps: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    """A command on a proposition as it stands now; its present."""
    tout = {"pour": pour, "motif": motif, "qualite": qualite, **(corps or {})}
    ressource = f"/v1/propositions/{numero}"
    document: dict[str, Any] = service().acter(
        ressource, f"{ressource}/{chemin}", {nom: valeur for nom, valeur in tout.items() if valeur is not None}
    )
    return document


def _montrer(document: Any, dire: Callable[[Any], list[Any]], *, en_json: bool) -> None:
    if en_json:
        sys.stdout.write(json.dumps(document, ensure_ascii=False, indent=2) + "\n")
        return
    for morceau in dire(document):
        if isinstance(morceau, str):
            console.print(morceau, highlight=False, markup=False)
        else:
            console.print(morceau)


def _commande(chemin: str) -> Callable[..., None]:
    def commande(
        numero: Numero, pour: Pour = None, motif: Motif = None, qualite: Qualite = None, en_json: EnJson = False
    ) -> None:
        _montrer(acter(numero, chemin, pour, motif, qualite), tableaux.proposition, en_json=en_json)

    return commande


_COMMANDES: Mapping[str, tuple[str, str]] = {
    "accuser": ("accuse-reception", "Accuse réception ; n'engage à rien."),
    "accepter": ("acceptation", "Engage la caisse sur les termes présents."),
    "refuser": ("refus", "Refuse, avec un motif ; le reste du besoin est alloué de nouveau."),
    "annuler": ("annulation", "Annule, par la coordination nationale, avec un motif ; le reste est alloué de nouveau."),
    "ordonner": ("ordre-de-mission", "Donne l'ordre de mission, par l'aidante."),
    "demarrer": ("demarrage", "Démarre une mission dont le premier jour est venu."),
    "accepter-prolongation": ("prolongation/acceptation", "Accepte la prolongation demandée par l'autre caisse."),
    "refuser-prolongation": ("prolongation/refus", "Refuse la prolongation, avec un motif."),
    "rappeler": ("rappel", "Rappelle l'équipe, par l'aidante, avec un motif."),
    "liberer": ("liberation", "Libère l'équipe, par l'aidée, avec un motif."),
    "interrompre": ("interruption", "Interrompt, par la coordination nationale, avec un motif."),
}
"""Commands that only say who and why."""

for _nom, (_chemin, _aide) in _COMMANDES.items():
    application.command(_nom, help=_aide)(_commande(_chemin))
