"""``python -m bench.fuzz``: the whole campaign, or a part of it; exit code 1 when something broke."""

import argparse
import asyncio
import json
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from bench.fuzz import lignes
from bench.fuzz.apis import eprouver
from bench.fuzz.console import document
from bench.fuzz.monde import APIS, Monde, administre, base, identifie
from shared.database import embarque

PAGES = "console"


def main(arguments: Sequence[str] | None = None) -> int:
    options = _options(arguments)
    with tempfile.TemporaryDirectory(prefix="vigie-fuzz-") as temporaire:
        dossier = options.dossier or Path(temporaire)
        dossier.mkdir(parents=True, exist_ok=True)
        releve: dict[str, Any] = {"graine": options.graine, "apis": [], "incidents": []}
        with base(dossier) as url:
            voulus = options.service or [*APIS, PAGES]
            with administre(url, dossier) as monde:
                releve["apis"] += [_essayer(monde, nom, "administration", options) for nom in voulus]
                releve["incidents"] += monde.incidents()
            if siens := [nom for nom in voulus if nom in APIS and not options.sans_identite]:
                with identifie(url, dossier) as monde:
                    releve["apis"] += [_essayer(monde, nom, "caisse", options) for nom in siens]
                    releve["incidents"] += monde.incidents()
            if options.lignes:
                serveur = embarque.serveur_embarque(dossier / "postgres")
                embarque.effacer_base(serveur, "vigie_lignes")
                embarque.creer_base(serveur, "vigie_lignes")
                neuve = serveur.url("vigie_lignes")
                releve["envoi"] = lignes.envoyer(neuve, dossier, options.graine, options.lignes)
                releve["import"] = lignes.importer(neuve, dossier, options.graine, options.lignes)
                releve["verifie"] = lignes.verifier(neuve, dossier)
    json.dump(releve, sys.stdout, indent=1, ensure_ascii=False)
    print()
    return 1 if _echec(releve) else 0


def _essayer(monde: Monde, nom: str, identite: str, options: argparse.Namespace) -> dict[str, Any]:
    # A page answers what a person asked for; only what breaks it is looked for there.
    pages, memoire = nom == PAGES, monde.memoires[nom]
    debut = len(memoire.releves)
    fait = asyncio.run(
        eprouver(
            monde.adresses[nom],
            graine=options.graine,
            exemples=options.exemples,
            secondes=round(options.minutes * 60),
            schema=document(monde.dossier / "console.json") if pages else None,
            entetes=monde.entetes,
            sauf=("negative_data_rejection", "unsupported_method", "allow_header_conformance") if pages else (),
        )
    )
    print(f"{nom} ({identite}) : {fait.cas} appels, {len(fait.fautes)} sortes de fautes", file=sys.stderr)
    if fait.fautes:
        (monde.dossier / f"recit-{nom}-{identite}.txt").write_text(fait.recit, encoding="utf-8")
    moities = (memoire.pic_mio(0.0, 0.5, depuis_le=debut), memoire.pic_mio(0.5, depuis_le=debut))
    releve = asdict(fait) | {"service": nom, "identite": identite, "pics_mio": moities}
    del releve["recit"]
    return releve


def _echec(releve: dict[str, Any]) -> bool:
    envoi, lu = releve.get("envoi"), releve.get("import")
    return bool(
        releve["incidents"]
        or any(fait["fautes"] for fait in releve["apis"])
        or (envoi and envoi["inattendues"])
        or (lu and lu["code"])
        or not releve.get("verifie", True)
    )


def _options(arguments: Sequence[str] | None) -> argparse.Namespace:
    lecteur = argparse.ArgumentParser(prog="python -m bench.fuzz", description=__doc__)
    lecteur.add_argument("--service", action="append", choices=[*APIS, PAGES], help="par défaut, tous")
    lecteur.add_argument("--graine", type=int, default=1)
    lecteur.add_argument("--minutes", type=float, default=3.0, help="par service et par identité")
    lecteur.add_argument("--exemples", type=int, default=50, help="par opération, avant de recommencer")
    lecteur.add_argument("--sans-identite", action="store_true", help="sans l'essai avec le jeton d'une caisse")
    lecteur.add_argument("--lignes", type=int, default=1_000_000, help="lignes hostiles ; 0 : aucune")
    lecteur.add_argument("--dossier", type=Path, help="où le monde est gardé, et repris, d'une fois à l'autre")
    return lecteur.parse_args(arguments)


if __name__ == "__main__":
    raise SystemExit(main())
