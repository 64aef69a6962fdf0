"""An API tried by schemathesis, from its OpenAPI: what it was asked, and what it answered badly."""

import asyncio
import json
import re
import sys
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

_LIENS = re.compile(r"API Links: +(\d+) covered .* (\d+) total")

REGLAGES = Path(__file__).with_name("schemathesis.toml")

COUVERTURE, HASARD, SUITES = "coverage", "fuzzing", "stateful"
"""Phases of schemathesis: the bounds of every schema, values at random, calls that use what others answered."""


class EssaiRate(Exception):
    """schemathesis could not do its work; ``str()`` is what it wrote."""


@dataclass(frozen=True, slots=True)
class Essais:
    """What one run did. ``fautes``: those found, one of a kind for each operation, and the calls that nothing answered;
    ``suites``: links of the document followed, and all of them; ``recit``: all it wrote."""

    operations: int
    cas: int
    secondes: float
    fautes: Sequence[Mapping[str, Any]] = field(default_factory=list)
    suites: tuple[int, int] = (0, 0)
    recit: str = ""


async def eprouver(
    adresse: str,
    *,
    graine: int,
    exemples: int,
    phases: Sequence[str] = (COUVERTURE, HASARD, SUITES),
    secondes: int | None = None,
    schema: str | None = None,
    entetes: Mapping[str, str] | None = None,
    sauf: Sequence[str] = (),
) -> Essais:
    """Try the API at ``adresse``: ``exemples`` for each operation, and on until ``secondes`` are over.

    The same ``graine`` draws the same calls from the same ``schema`` (its own, unless one is given).
    ``entetes``: put on every call. ``sauf``: checks left out, beside those of the settings. Raises EssaiRate.
    """
    with tempfile.TemporaryDirectory(prefix="vigie-fuzz-") as dossier:
        rapport = Path(dossier) / "rapport.json"
        commande = [
            str(Path(sys.executable).with_name("st")), "--config-file", str(REGLAGES), "--no-color",
            "run", schema or f"{adresse}/openapi.json", "--url", adresse,
            "--phases", ",".join(phases), "--seed", str(graine), "--max-examples", str(exemples), "--no-shrink",
            "--request-timeout", "75", "--report", "json", "--report-json-path", str(rapport),
        ]  # fmt: skip
        if secondes is None:
            commande.append("--generation-deterministic")
        else:
            commande += ["--generation-database", "none", "--max-time", str(secondes)]
        if sauf:
            commande += ["--exclude-checks", ",".join(sauf)]
        for nom, valeur in (entetes or {}).items():
            commande += ["--header", f"{nom}:{valeur}"]
        processus = await asyncio.create_subprocess_exec(
            *commande, cwd=dossier, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT
        )
        try:
            ecrit, _ = await processus.communicate()
        finally:
            if processus.returncode is None:
                processus.kill()
        recit = ecrit.decode(errors="replace")
        try:
            lu = json.loads(rapport.read_bytes())
        except (OSError, ValueError):
            raise EssaiRate(recit[-4_000:]) from None
    if not lu["operations"]["tested"]:
        raise EssaiRate(recit[-4_000:])
    liens = _LIENS.search(recit)
    return Essais(
        lu["operations"]["tested"],
        lu["test_cases"]["generated"],
        lu["running_time"],
        [*lu["failures"], *lu["errors"]],
        (0, 0) if liens is None else (int(liens[1]), int(liens[2])),
        recit,
    )
