"""How the cost of an event grows: with the events, the caisses, the days they spread over, the lanes and consumers.

``python -m bench.echelle`` (see bench/README.md). Each row is workload A of ``bench.ingestion`` with one thing changed,
read by Vigie's own consumers on a new database; afterwards every dossier is counted once and ``verify`` agrees.
"""

import argparse
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from bench.charges import Charge, charge_a
from bench.ingestion import MILLION, PARTITIONS, charger, vigie
from bench.milieu import machine, milieu
from bench.publier import publier


@dataclass(frozen=True, slots=True)
class Cas:
    """One row: what is changed, to what."""

    change: str
    valeur: str
    charge: Callable[[int], Charge]
    partitions: int = PARTITIONS
    consommateurs: int = 1


def cas(grand: int) -> Sequence[Cas]:
    """The rows; the workload as it is comes first. ``grand``: how many times more events the largest has."""
    return (
        Cas("nothing", "all caisses, national rate", charge_a),
        Cas("events", f"{grand} times", lambda n: charge_a(grand * n)),
        Cas("caisses", "10", lambda n: charge_a(n, "a10c", caisses=10)),
        Cas("days", "60", lambda n: charge_a(n, "a60j", jours=60)),
        Cas("days", "360", lambda n: charge_a(n, "a360j", jours=360)),
        *(
            Cas("partitions, consumers", f"{partitions}, {consommateurs}", charge_a, partitions, consommateurs)
            for partitions, consommateurs in ((1, 1), (2, 1), (2, 2), (4, 2), (4, 4))
        ),
    )


def mesurer(n: int, grand: int) -> list[dict[str, Any]]:
    """A row of figures for each case."""
    lignes = []
    with milieu() as lieu:
        topics: dict[tuple[Charge, int], str] = {}
        for c in cas(grand):
            charge = c.charge(n)
            cle = charge, c.partitions
            if cle not in topics:
                topics[cle] = charger(lieu, charge, c.partitions)
            lu = vigie(lieu, charge, topics[cle], c.consommateurs)
            ligne = {
                "change": c.change,
                "valeur": c.valeur,
                "evenements": charge.n,
                "events_per_s": round(charge.n / lu["secondes"]),
                "cpu_us": round(1e6 * lu["cpu"] / charge.n, 1),
                "memoire_mo": round(lu["memoire_mo"]),
                "cellules_par_million": round(MILLION * lu["cellules"] / charge.n),
            }
            print(ligne, flush=True)
            lignes.append(ligne)
    return lignes


def section(lignes: Sequence[dict[str, Any]], etat: dict[str, object]) -> str:
    """What docs/performance.md holds."""
    return "\n".join(
        [
            f"Workload A, verified after each run; machine: {', '.join(f'{cle} {v}' for cle, v in etat.items())}.",
            "",
            "| Changed | To | Events | Events/s | CPU µs an event, PostgreSQL's too | Peak MB | Cell rows a million |",
            "| --- | --- | --- | --- | --- | --- | --- |",
            *(
                f"| {li['change']} | {li['valeur']} | {li['evenements']:,} | {li['events_per_s']:,} | {li['cpu_us']} "
                f"| {li['memoire_mo']} | {li['cellules_par_million']:,} |"
                for li in lignes
            ),
        ]
    )


def principal(arguments: Sequence[str] | None = None) -> None:
    """Command line."""
    options = argparse.ArgumentParser(prog="bench.echelle", description="Coût d'un événement selon ce qui grandit")
    options.add_argument("--n", type=int, default=MILLION, help="événements d'une charge")
    options.add_argument("--grand", type=int, default=10, help="combien de fois plus pour la plus grande")
    options.add_argument("--publier", action="store_true", help="écrire le tableau dans docs/performance.md")
    choix = options.parse_args(arguments)
    etat = machine()
    print(f"machine : {etat}", flush=True)
    lignes = mesurer(choix.n, choix.grand)
    if choix.publier:
        publier("scale", section(lignes, etat))
    print(json.dumps({"lignes": lignes, "machine": etat}))


if __name__ == "__main__":
    principal()
