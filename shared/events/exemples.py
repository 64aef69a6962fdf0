"""One event of each genre for each process, made from its definition: for the page, the AsyncAPI and the tests."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

from shared.catalogue.processus import Processus
from shared.events.contrat import TYPE_DOSSIER, TYPE_RETRAIT

_DEPART = datetime.fromisoformat("2026-11-03T09:12:44+01:00")
_ASSURE = "k3f9a1c.Zt0d4yV8nq3JmB7wXe1LrA"


def exemple(p: Processus, genre: str) -> dict[str, Any]:
    """An event of genre ``jalon``, ``dossier`` or ``retrait``."""
    if genre == "jalon":
        return _evenement(p, p.depart[0], 1) | {"time": _DEPART.isoformat(), "data": _donnees(p)}
    if genre == TYPE_DOSSIER:
        return _evenement(p, TYPE_DOSSIER, 2) | {"data": _donnees(p) | {"jalons": _jalons(p)}}
    return _evenement(p, TYPE_RETRAIT, 3) | {"data": {"cible": _id(1)}}


def _evenement(p: Processus, nom: str, rang: int) -> dict[str, Any]:
    systeme = p.code.replace("_", "-")
    return {
        "specversion": "1.0",
        "id": _id(rang),
        "source": f"urn:vigie:source:{systeme}-cpam-75",
        "type": f"vigie.{p.code}.{nom}.v1",
        "subject": f"{systeme.upper()}-20261103-000123",
    }


def _id(rang: int) -> str:
    return f"019a4870-7c1e-7d52-9f3b-5e0c2a77b90{rang}"


def _donnees(p: Processus) -> dict[str, Any]:
    qui = {} if p.forme == "releves" else {"assure": _ASSURE}
    dits = {nom: valeurs[0] for nom, valeurs in p.attributs.items()}
    return {"caisse": "cpam-75"} | qui | dits | {nom: min(42, maximum) for nom, maximum in p.grandeurs.items()}


def _jalons(p: Processus) -> dict[str, str | list[str]]:
    """The way of a dossier from its start to its first outcome, through its first suspension if it has one."""
    suspension = p.suspensions[0] if p.suspensions else ()
    pas = timedelta(days=2) if p.forme == "dossiers" else timedelta(seconds=95)
    dates = _dates(pas)
    jalons: dict[str, str | list[str]] = {}
    for jalon in (*p.depart, *suspension, *(arret.jalon for arret in p.arrets[:1])):
        date = next(dates)
        jalons[jalon] = [date] if p.jalons[jalon] == "multiple" else date
    return jalons


def _dates(pas: timedelta) -> Iterator[str]:
    instant = _DEPART
    while True:
        yield instant.isoformat()
        instant += pas
