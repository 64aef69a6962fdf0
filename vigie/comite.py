"""``vigie comite``: a comité held from a terminal, against the running stack."""

import json
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any, Literal

import typer
from rich.console import Console
from rich.table import Table

from vigie.appels import Appels, RefusDuService, adresse

application = typer.Typer(help="Le comité d'alerte : préparer un mois, siéger, clore.", no_args_is_help=True)
console = Console()

LeMois = Annotated[str, typer.Option("--mois", help="Mois examiné, AAAA-MM.")]
EnJson = Annotated[bool, typer.Option("--json", help="Un document JSON au lieu d'un tableau.")]


class Comite:
    """The comité of one month, through the API of alerts."""

    def __init__(self, url: str, mois: str) -> None:
        self.mois = mois
        self._appels = Appels("alerts", url)

    def preparer(self, *, sans_attendre: bool = False) -> dict[str, Any]:
        """Prepare the month, or find it prepared."""
        document: dict[str, Any] = self._appels.poster(
            "/v1/comites", {"mois": self.mois, "sans_attendre": sans_attendre}
        )
        return document

    def lire(self, suite: str = "") -> dict[str, Any]:
        document: dict[str, Any] = self._appels.lire(f"/v1/comites/{self.mois}{suite}")
        return document

    def acter(self, quoi: str, corps: Any = None) -> dict[str, Any]:
        """An act on the comité as it stands now."""
        chemin = f"/v1/comites/{self.mois}"
        document: dict[str, Any] = self._appels.acter(chemin, f"{chemin}/{quoi}", corps)
        return document

    def proces_verbal(self) -> tuple[str, bytes]:
        """The last minutes: their key and PDF. Raises RefusDuService before the closing."""
        pieces = [p for p in self.lire("/lettres")["lettres"] if p["modele"] == "proces_verbal"]
        if not pieces:
            raise RefusDuService(f"Le comité de {self.mois} n'est pas clos : il n'a pas de procès-verbal.")
        return pieces[-1]["cle"], self._appels.demander("GET", pieces[-1]["document"]).content


def ouvrir_comite(mois: str) -> Comite:
    """The comité of the running stack, or of ``VIGIE_ALERTS_URL``. Raises PileEnEchec."""
    return Comite(adresse("alerts"), mois)


@application.command()
def preparer(
    mois: LeMois,
    sans_attendre: Annotated[bool, typer.Option(help="Figer même si un service ne répond pas.")] = False,
    en_json: EnJson = False,
) -> None:
    """Fige le mois et instruit les dossiers ; déjà fait, montre ce qui est prêt."""
    _montrer(ouvrir_comite(mois).preparer(sans_attendre=sans_attendre), en_json=en_json)


@application.command()
def ouvrir(
    mois: LeMois,
    president: Annotated[str, typer.Option(help="Qui préside, par exemple « local: Mme Martin ».")],
    membre: Annotated[list[str], typer.Option(help="Un autre membre, « identifiant: nom » ; à répéter.")],
    en_json: EnJson = False,
) -> None:
    """Ouvre la séance ; le quorum compte le président."""
    membres = [lire_membre(texte) for texte in (president, *membre)]
    document = ouvrir_comite(mois).acter(
        "ouverture", {"president": membres[0]["identifiant"], "membres": membres}
    )  # fmt: skip
    _montrer(document, en_json=en_json)


@application.command()
def decider(
    mois: LeMois,
    tout: Annotated[bool, typer.Option("--tout", help="Accepter toutes les mesures encore à décider.")] = False,
    caisse: Annotated[str | None, typer.Option(help="Slug ou nom.")] = None,
    mesure: Annotated[str | None, typer.Option(help="Code de la mesure, par exemple courrier_entraide.")] = None,
    issue: Annotated[Literal["acceptee", "amendee", "ecartee", "ajoutee"], typer.Option()] = "acceptee",
    retenue: Annotated[str | None, typer.Option(help="La mesure retenue à la place.")] = None,
    indicateur: Annotated[list[str] | None, typer.Option(help="Indicateur concerné ; à répéter.")] = None,
    motif: Annotated[str | None, typer.Option(help="Pourquoi ; obligatoire sauf pour accepter.")] = None,
    consigne: Annotated[str | None, typer.Option(help="Ce que la lettre ajoute.")] = None,
    dissentiment: Annotated[list[str] | None, typer.Option(help="« identifiant: motif » ; à répéter.")] = None,
    en_json: EnJson = False,
) -> None:
    """Décide d'une mesure, ou accepte tout ce qui reste."""
    comite = ouvrir_comite(mois)
    if tout:
        decisions: Any = restantes(comite.lire())
        _montrer(comite.acter("decisions", decisions) if decisions else comite.lire(), en_json=en_json)
        return
    if caisse is None or mesure is None:
        raise typer.BadParameter("Nommez --caisse et --mesure, ou bien --tout.")
    decisions = {
        "caisse": caisse, "mesure": mesure, "issue": issue, "retenue": retenue, "indicateurs": indicateur,
        "motif": motif, "consigne": consigne,
        "dissentiments": [
            {"membre": lu["identifiant"], "motif": lu["nom"]} for lu in map(lire_membre, dissentiment or ())
        ],
    }  # fmt: skip
    _montrer(comite.acter("decisions", decisions), en_json=en_json)


@application.command()
def clore(mois: LeMois, en_json: EnJson = False) -> None:
    """Clôt la séance : décisions, lettres, besoins et procès-verbal partent ensemble."""
    _montrer(ouvrir_comite(mois).acter("cloture"), en_json=en_json)


@application.command()
def pv(
    mois: LeMois,
    sortie: Annotated[Path | None, typer.Option(dir_okay=False, help="Où l'écrire ; sinon pv-MOIS.pdf ici.")] = None,
) -> None:
    """Écrit le procès-verbal en PDF."""
    cle, octets = ouvrir_comite(mois).proces_verbal()
    fichier = sortie or Path(f"pv-{mois}.pdf")
    fichier.write_bytes(octets)
    console.print(f"{cle} : {fichier} ({len(octets)} octets)", highlight=False, markup=False)


def lire_membre(texte: str) -> dict[str, str]:
    """« identifiant: nom », or a name that identifies by itself."""
    identifiant, separateur, nom = texte.partition(":")
    propre = identifiant.strip()
    return {"identifiant": propre, "nom": nom.strip() if separateur else propre}


def restantes(document: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The decisions that accept every measure nothing was decided on."""
    return [
        {"caisse": m["caisse"], "mesure": m["mesure"], "issue": "acceptee"}
        for m in document["mesures"]
        if m["proposee"] and m["decision"] is None
    ]


def _montrer(document: Mapping[str, Any], *, en_json: bool) -> None:
    if en_json:
        sys.stdout.write(json.dumps(document, ensure_ascii=False, indent=2) + "\n")
        return
    tableau = Table("Caisse", "Mesure", "Indicateurs", "Décision", title=f"Comité d'alerte, {document['mois']}")
    for m in document["mesures"]:
        tableau.add_row(m["caisse"], m["mesure"], ", ".join(_codes(m)), _dire(m["decision"]))
    if document["mesures"]:
        console.print(tableau)
    for ligne in _resume(document):
        console.print(ligne, highlight=False, markup=False)


def _codes(mesure: Mapping[str, Any]) -> Sequence[str]:
    codes: Sequence[str] = mesure["indicateurs"] or (mesure["decision"] or {}).get("indicateurs", ())
    return codes


def _dire(decision: Mapping[str, Any] | None) -> str:
    if decision is None:
        return "à décider"
    autre = decision["retenue"] if decision["retenue"] not in (None, decision["mesure"]) else None
    return f"{decision['issue']} → {autre}" if autre else str(decision["issue"])


def _resume(document: Mapping[str, Any]) -> list[str]:
    averes, attendues = document["controle"]["averes"], document["controle"]["fausses_attendues"]
    etat = _ETATS[document["etat"]]
    return [
        f"{etat}. {document['franchissements']} franchissements, dont {averes} avérés "
        f"(fausses alertes à attendre : {attendues:.1f}) ; {document['a_decider']} mesures à décider.",
        f"Instantané sha256:{document['empreinte']}",
        *(f"Manque : {manque}" for manque in document["manques"]),
    ]


_ETATS = {
    "en_preparation": "En préparation", "preparee": "Préparé", "en_seance": "En séance", "close": "Clos",
}  # fmt: skip
