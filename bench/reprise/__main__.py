"""Command line of the drills; the last line is a JSON document. Code 1 when a figure differs."""

import argparse
import json
import os
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from pathlib import Path

from bench.milieu import machine
from bench.reprise.charge import journees
from bench.reprise.epreuves import Issue, Jeu, restauration, sinistre
from bench.reprise.rapport import inscrire, tableau


def principal(arguments: Sequence[str] | None = None) -> int:
    """Every drill on the chosen engines; the code to end with."""
    options = argparse.ArgumentParser(prog="bench.reprise", description="Restaurer ailleurs, et perdre un site")
    options.add_argument("--mois", type=int, default=3, help="mois du réseau simulé")
    options.add_argument("--fraction", type=int, default=400, help="un événement national sur N")
    options.add_argument("--journal", choices=("postgres", "kafka"), help="un moteur seulement")
    options.add_argument("--inscrire", action="store_true", help="écrit la table dans docs/reprise.md")
    choix = options.parse_args(arguments)
    os.environ.setdefault("XDG_RUNTIME_DIR", tempfile.gettempdir())
    etat, jour = machine(), datetime.now(UTC).date()
    jours = journees(jour, choix.mois, choix.fraction)
    jeu = Jeu(jours, str(jours[0].jour), str(jour - timedelta(days=1)))
    print(f"{len(jours)} jours, {jeu.evenements} événements ; machine : {etat}", flush=True)
    issues: list[Issue] = []
    with tempfile.TemporaryDirectory(prefix="vigie-reprise-", ignore_cleanup_errors=True) as dossier:
        racine = Path(dossier)
        for avec_kafka in [choix.journal == "kafka"] if choix.journal else [True, False]:
            par_copie, attendus = restauration(jeu, racine / "copie", "pg_basebackup", avec_kafka)
            par_dump, autres = restauration(jeu, racine / "dump", "pg_dump", avec_kafka)
            perdu = sinistre(jeu, racine / "perte", avec_kafka, attendus)
            issues += [par_copie, par_dump, perdu]
            if attendus != autres:
                print("Deux sites intacts diffèrent : l'épreuve n'est pas reproductible.", file=sys.stderr)
                return 1
    if choix.inscrire:
        inscrire(tableau(issues, etat, f"{jour:%d/%m/%Y}"))
    print(json.dumps({"epreuves": [asdict(i) for i in issues], "machine": etat}, ensure_ascii=False))
    return int(any(i.ecarts for i in issues))


if __name__ == "__main__":
    raise SystemExit(principal())
