"""The comité at the end of the demonstration: the last month held by three members who accept what is proposed."""

import time
from collections import Counter
from datetime import date, timedelta
from pathlib import Path
from typing import Any

from vigie.appels import RefusDuService
from vigie.comite import Comite, restantes

DELAI_PREPARATION = 240.0
"""Seconds the preparation may take; one call of it gives up after 60, and the next finds what it had done."""

MEMBRES = ("local", "membre-2", "membre-3")
"""Who sits: the local administrator presides."""


def dernier_mois(fin: date) -> str:
    """The last month that is over on the day ``fin``, AAAA-MM."""
    return f"{fin.replace(day=1) - timedelta(days=1):%Y-%m}"


def preparer(comite: Comite) -> None:
    """The service may already be at it, since the clock has passed its day: wait for it."""
    fin = time.monotonic() + DELAI_PREPARATION
    while True:
        try:
            comite.preparer()
        except RefusDuService:
            if time.monotonic() > fin:
                raise
            time.sleep(0.5)
        else:
            return


def tenir(url: str, mois: str, dossier: Path) -> dict[str, Any]:
    """Prepare, hold and close the comité of ``mois``; its minutes are written in ``dossier``.

    ``{"mois", "caisses_examinees", "mesures": {code: n}, "courriers", "pv": path}``.
    Raises RefusDuService and PileEnEchec.
    """
    comite = Comite(url, mois)
    preparer(comite)
    comite.acter(
        "ouverture",
        {"president": MEMBRES[0], "membres": [{"identifiant": m, "nom": m} for m in MEMBRES]},
    )
    if decisions := restantes(comite.lire()):
        comite.acter("decisions", decisions)
    comite.acter("cloture")
    clos = comite.lire()
    _, octets = comite.proces_verbal()
    dossier.mkdir(parents=True, exist_ok=True)
    pv = dossier / f"pv-{mois}.pdf"
    pv.write_bytes(octets)
    retenues = Counter(m["decision"]["retenue"] or m["mesure"] for m in clos["mesures"] if m["decision"])
    return {
        "mois": mois,
        "caisses_examinees": len(comite.lire("/dossiers")["dossiers"]),
        "mesures": dict(sorted(retenues.items())),
        "courriers": sum(piece["modele"] != "proces_verbal" for piece in comite.lire("/lettres")["lettres"]),
        "pv": str(pv),
    }
