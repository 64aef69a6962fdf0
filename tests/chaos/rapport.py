"""The tables of the campaign, one an engine, written between two marks of the page."""

import os
import platform
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path

from tests.chaos.campagne import Campagne, Ligne
from tests.chaos.pannes import PANNES
from tests.chaos.site import Moteur

_VERDICTS = {"tenu": "held", "rompu": "**broken**", "non joué": "not run here"}

_ENTETE = (
    "Fault", "Outcome", "First event after, s", "At rest after, s", "Restarts", "Doubles", "Load average", "Notes"
)  # fmt: skip

_NOM = re.compile(r"\(`(\w+)`\)")


def marques(moteur: Moteur) -> tuple[str, str]:
    """What stands around the table of an engine, in the page."""
    return f"<!-- chaos {moteur} : début -->", f"<!-- chaos {moteur} : fin -->"


def ecrire_la_page(page: Path, campagne: Campagne) -> None:
    """Write the rows of what was played in the table of its engine; those of other faults stay as they are."""
    for moteur in dict.fromkeys(ligne.moteur for ligne in campagne.lignes):
        texte = page.read_text(encoding="utf-8")
        debut, fin = marques(moteur)
        avant, _, reste = texte.partition(debut)
        ancien, _, apres = reste.partition(fin)
        rangees = {m.group(1): rangee for rangee in ancien.splitlines() if (m := _NOM.search(rangee))}
        rangees |= {ligne.panne.nom: _rangee(ligne) for ligne in campagne.lignes if ligne.moteur == moteur}
        page.write_text(f"{avant}{debut}\n{tableau(rangees, campagne)}\n{fin}{apres}", encoding="utf-8")


def tableau(rangees: Mapping[str, str], campagne: Campagne) -> str:
    """How the last rows were made, then a row a fault, in the order of the campaign."""
    tete = (
        f"Last rows: {datetime.now(UTC):%Y-%m-%d}, seed {campagne.graine}, {campagne.dossiers} dossiers a fault, "
        f"{os.cpu_count()} cores, Python {platform.python_version()}.\n"
    )
    traits = ("---", "---", "---:", "---:", "---:", "---:", "---:", "---")
    return "\n".join([tete, _en_rangee(_ENTETE), _en_rangee(traits), *(rangees[n] for n in PANNES if n in rangees)])


def _rangee(ligne: Ligne) -> str:
    joue = ligne.verdict != "non joué"
    notes = [*([ligne.note] if ligne.note else []), *ligne.ecarts[:2]]
    cases = (
        f"{ligne.panne.titre} (`{ligne.panne.nom}`)", _VERDICTS[ligne.verdict], _secondes(ligne.reprise_s),
        _secondes(ligne.repos_s), str(ligne.relances) if joue else "", str(ligne.doubles) if joue else "",
        f"{ligne.charge:.0f}", "; ".join(notes).replace("\n", " ")[:300],
    )  # fmt: skip
    return _en_rangee(cases)


def _en_rangee(cases: tuple[str, ...]) -> str:
    return f"| {' | '.join(cases)} |"


def _secondes(valeur: float | None) -> str:
    return "" if valeur is None else f"{valeur:.1f}"
