"""``python -m shared.events.generation [--verifier]``: the files that the event contract generates.

They are the JSON Schemas, the AsyncAPI document and the marked parts of ``docs/evenements.md``. ``--verifier``
writes nothing, names the files that are not up to date and exits with 1 when there is one.
"""

import json
import re
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from shared.catalogue.processus import Processus, charger_processus
from shared.events.asyncapi import document
from shared.events.contrat import RAISONS, topic
from shared.events.exemples import exemple
from shared.events.schemas import GENRES, fichiers
from shared.generes import Produits, commande
from shared.network.reseau import charger

RACINE = Path(__file__).resolve().parents[2]
SCHEMAS = Path("shared/events/schemas")
ASYNCAPI = Path("docs/api/asyncapi.json")
PAGE = Path("docs/evenements.md")

_PARTIE = re.compile(r"(<!-- généré : (\w+) -->\n).*?(<!-- fin -->)", re.DOTALL)


def produits(racine: Path) -> Produits:
    """Path -> content of every generated file under ``racine``; None for a file that should not be there."""
    processus = tuple(charger_processus().values())
    slugs = tuple(charger().par_slug)
    voulus: dict[Path, str | None] = {
        racine / SCHEMAS / nom: _json(schema) for nom, schema in fichiers(processus, slugs).items()
    }
    voulus[racine / ASYNCAPI] = _json(document(processus, slugs))
    voulus[racine / PAGE] = page((racine / PAGE).read_text(encoding="utf-8"), parties(processus))
    de_trop = set((racine / SCHEMAS).glob("*.json")) - voulus.keys()
    return voulus | dict.fromkeys(sorted(de_trop))


def page(texte: str, parties_: Mapping[str, str]) -> str:
    """``texte`` with each marked part replaced. Raises KeyError for a mark that no part bears."""
    return _PARTIE.sub(lambda m: f"{m[1]}{parties_[m[2]]}\n{m[3]}", texte)


def parties(processus: tuple[Processus, ...]) -> dict[str, str]:
    """The generated parts of the page, in Markdown, by name."""
    return {"processus": _processus(processus), "exemples": _exemples(processus), "raisons": _raisons()}


def _processus(processus: tuple[Processus, ...]) -> str:
    return "\n\n".join(_fiche(p) for p in processus)


def _fiche(p: Processus) -> str:
    jalons = [f"`{j}` ({_REGLES[r]})" if r != "premier" else f"`{j}`" for j, r in p.jalons.items()]
    lignes = [
        f"### {p.libelle} : `{p.code}`",
        "",
        f"Topic `{topic(p.service)}`. Jalons : {', '.join(jalons)}.",
        "",
        "| attribut | valeurs |",
        "|---|---|",
        *(f"| `{nom}` | {', '.join(f'`{v}`' for v in valeurs)} |" for nom, valeurs in p.attributs.items()),
        *(f"| `{nom}` | un entier de 0 à {maximum} |" for nom, maximum in p.grandeurs.items()),
    ]
    return "\n".join(lignes)


_REGLES = {"dernier": "le dernier compte", "multiple": "chaque date compte"}


def _exemples(processus: tuple[Processus, ...]) -> str:
    return "\n\n".join(f"{p.libelle} :\n\n```json\n{_lisible(exemple(p, _montre(p)))}\n```" for p in processus)


def _montre(p: Processus) -> str:
    """The genre that the page shows of a process: files are told whole, the others milestone by milestone."""
    return GENRES[1] if p.forme == "dossiers" else GENRES[0]


def _raisons() -> str:
    return "\n".join(["| raison | sens |", "|---|---|", *(f"| `{code}` | {sens} |" for code, sens in RAISONS.items())])


def _json(valeur: Any) -> str:
    return _lisible(valeur) + "\n"


def _lisible(valeur: Any) -> str:
    return json.dumps(valeur, ensure_ascii=False, indent=2)


if __name__ == "__main__":
    sys.exit(commande("shared.events.generation", produits(RACINE), sys.argv[1:]))
