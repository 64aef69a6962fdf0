"""Disk per million events, by what it holds: what docs/capacite.md multiplies.

``python -m bench.capacite``: months of the simulated network, every process of it, sent to a whole site with its log in
PostgreSQL; the nightly fold, a VACUUM FULL, then the size of each table with its indexes. Sizes do not depend on how
busy the machine is.
"""

import argparse
import asyncio
import json
import os
import tempfile
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path

import asyncpg

from bench.reprise.charge import journees, renvoyer
from bench.reprise.rapport import inscrire
from bench.reprise.site import Site, cinq_ports

FICHIER = Path(__file__).parents[1] / "docs" / "capacite.md"
MILLION = 1_000_000

POSTES: Mapping[str, tuple[str, Sequence[str]]] = {
    "journal dans PostgreSQL": ("journal", ["enregistrement%"]),
    "dossiers": ("%", ["dossiers"]),
    "cellules, après pliage": ("%", ["ouverts", "clos", "flux", "attentes", "releves"]),
    "réceptions et mouvements": ("%", ["receptions", "mouvements", "provenances"]),
}
"""What a share of the disk is called -> schema and tables (LIKE)."""


async def mesurer(base: str, evenements: int) -> dict[str, tuple[float, float]]:
    """By share: bytes and rows per event."""
    conn = await asyncpg.connect(base)
    try:
        await conn.execute("VACUUM FULL ANALYZE")
        mesures = {}
        for poste, (schema, tables) in POSTES.items():
            octets, lignes = (await conn.fetch(_TAILLES, schema, tables))[0]
            mesures[poste] = (octets / evenements, lignes / evenements)
        return mesures
    finally:
        await conn.close()


def tableau(mesures: Mapping[str, tuple[float, float]], evenements: int, mois: int, jour: str) -> str:
    """Markdown of the measures, per million events."""
    milliers = f"{evenements:,}".replace(",", " ")
    lignes = [
        f"| {poste} | {octets * MILLION / 1e6:.0f} Mo | {f'{rangees * MILLION:,.0f}'.replace(',', ' ')} |"
        for poste, (octets, rangees) in mesures.items()
    ]
    entete = f"Par million d'événements, index compris ; {milliers} événements de {mois} mois simulés, le {jour}."
    return "\n".join([entete, "", "| poste | disque | lignes |", "|---|---|---|", *lignes])


def principal(arguments: Sequence[str] | None = None) -> None:
    """Command line; the last line is a JSON document."""
    options = argparse.ArgumentParser(prog="bench.capacite", description="Disque par million d'événements")
    options.add_argument("--mois", type=int, default=3, help="mois du réseau simulé")
    options.add_argument("--fraction", type=int, default=100, help="un événement national sur N")
    options.add_argument("--inscrire", action="store_true", help="écrit la table dans docs/capacite.md")
    choix = options.parse_args(arguments)
    os.environ.setdefault("XDG_RUNTIME_DIR", tempfile.gettempdir())
    jour = datetime.now(UTC).date()
    with tempfile.TemporaryDirectory(prefix="vigie-capacite-", ignore_cleanup_errors=True) as dossier:
        site = Site(Path(dossier) / "site", cinq_ports(), None)
        try:
            site.demarrer()
            evenements = renvoyer(site, journees(jour, choix.mois, choix.fraction))
            site.a_jour()
            site.vigie("entretien")
            mesures = asyncio.run(mesurer(site.base, evenements))
        finally:
            site.arreter()
    texte = tableau(mesures, evenements, choix.mois, f"{jour:%d/%m/%Y}")
    print(texte, flush=True)
    if choix.inscrire:
        inscrire(texte, FICHIER)
    print(json.dumps({"evenements": evenements, "octets_et_lignes_par_evenement": mesures}, ensure_ascii=False))


_TAILLES = """
SELECT coalesce(sum(pg_total_relation_size(c.oid)), 0)::float8, coalesce(sum(greatest(c.reltuples, 0)), 0)::float8
FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE c.relkind = 'r' AND n.nspname LIKE $1 AND c.relname LIKE ANY ($2::text[])
"""


if __name__ == "__main__":
    principal()
