"""A seeded set of telephone calls, and how many ended in which way: written from the plan, never by merging events."""

import json
import random
from collections import Counter
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

FINS = ("decroche", "abandonne", "deborde")
"""How a call ends, more than five seconds after it came."""

ISSUES = {"decroche": "decroche", "abandonne": "abandon", "deborde": "deborde"}

CAISSES = ("cpam-75", "cpam-31", "cpam-67")

_DEBUT = datetime(2025, 3, 3, 8, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Appels:
    """Events in the order they are sent; ``issues``: calls by outcome."""

    lignes: list[bytes] = field(default_factory=list)
    issues: Counter[str] = field(default_factory=Counter)


def semer_appels(graine: int, combien: int, prefixe: str, doubles: float) -> Appels:
    """So many calls, two events each, a share ``doubles`` sent twice, in no order; the same seed gives the same set."""
    hasard, appels = random.Random(f"appels-{graine}"), Appels()
    for rang in range(combien):
        fin, presente = hasard.choice(FINS), _DEBUT + timedelta(seconds=hasard.randrange(30 * 86_400))
        appels.issues[ISSUES[fin]] += 1
        instants = {"presente": presente, fin: presente + timedelta(seconds=hasard.randint(6, 300))}
        caisse = hasard.choice(CAISSES)
        appels.lignes.extend(_evenement(f"{prefixe}-{rang}", jalon, le, caisse) for jalon, le in instants.items())
    appels.lignes.extend(hasard.sample(appels.lignes, int(len(appels.lignes) * doubles)))
    hasard.shuffle(appels.lignes)
    return appels


def _evenement(sujet: str, jalon: str, le: datetime, caisse: str) -> bytes:
    return json.dumps(
        {
            "specversion": "1.0", "id": f"{sujet}-{jalon}", "source": "urn:vigie:source:chaos-telephonie",
            "type": f"vigie.appel.{jalon}.v1", "subject": sujet, "time": le.isoformat(), "data": {"caisse": caisse},
        }
    ).encode()  # fmt: skip
