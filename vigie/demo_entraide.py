"""Entraide at the end of the demonstration: the needs the comité decided, their plan, and coordinators who accept."""

import time
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from vigie.appels import Appels, RefusDuService

DELAI = 60.0
"""Seconds that the needs, then the plan, may take to come."""

A_LA_FOIS = 4
"""Propositions answered at once."""

ORDRES = (("acceptation", "aidante"), ("acceptation", "aidee"), ("ordre-de-mission", "aidante"))
"""What the coordinators do, and for which side."""


def aider(url: str, comite: Mapping[str, Any]) -> dict[str, Any]:
    """From the needs of the comité that closed (what ``demo_comite.tenir`` says of it) to ordered missions.

    ``{"besoins", "propositions", "missions", "effet": {process: …}}``: the effect is what the plan predicts, by process
    since their units do not add up. Raises RefusDuService and PileEnEchec.
    """
    if not comite["mesures"].get("courrier_entraide"):
        return {"besoins": 0, "propositions": 0, "missions": 0, "effet": {}}
    with Appels("entraide", url) as appels, ThreadPoolExecutor(A_LA_FOIS) as fil:
        besoins = _besoins(appels, comite["mois"])
        plan = _plan(appels) if any(b["volume"] for b in besoins) else None
        numeros = [] if plan is None else plan["propositions"]
        missions = list(fil.map(lambda numero: accepter(appels, numero), numeros))
    return {
        "besoins": len(besoins),
        "propositions": len(numeros),
        "missions": sum(etat in ("ordonnee", "active") for etat in missions),
        "effet": {} if plan is None else effet(plan["plan"]),
    }


def _besoins(appels: Appels, mois: str) -> list[dict[str, Any]]:
    """The needs decided for the month, once all were sized, or could not be."""
    fin = time.monotonic() + DELAI
    while True:
        lus = appels.lire_tout("/v1/besoins", "besoins", {"provisoires": False})
        siens = [b for b in lus if b["mois"] == mois]
        if siens and not any(b["etat"] == "a_dimensionner" for b in siens):
            return siens
        if time.monotonic() > fin:
            raise RefusDuService(f"Les besoins du comité de {mois} ne sont pas dimensionnés après {DELAI:.0f} s.")
        time.sleep(0.1)


def _plan(appels: Appels) -> dict[str, Any]:
    """The plan of the open needs: asked for here, unless the service made it by itself meanwhile."""
    fin = time.monotonic() + DELAI
    while True:
        faits = appels.lire("/v1/allocations", {"genre": "allocation", "limite": 1})["allocations"]
        if faits:
            lu: dict[str, Any] = appels.lire(f"/v1/allocations/{faits[0]['id']}")
            return lu
        try:
            fait: dict[str, Any] = appels.poster("/v1/allocations")
        except RefusDuService:
            if time.monotonic() > fin:
                raise
            time.sleep(0.2)
        else:
            return fait


def accepter(appels: Appels, numero: int) -> str:
    """Both coordinators accept and the order is given; the state it is in then."""
    chemin = f"/v1/propositions/{numero}"
    lue = appels.demander("GET", chemin)
    for commande, cote in ORDRES:
        entetes = {"If-Match": lue.headers["etag"], "Idempotency-Key": f"demo-{numero}-{commande}-{cote}"}
        lue = appels.demander("POST", f"{chemin}/{commande}", {"pour": lue.json()[cote]}, entetes)
    etat: str = lue.json()["etat"]
    return etat


def effet(contenu: Mapping[str, Any]) -> dict[str, Any]:
    """What a plan predicts without aid and with it, by process, in its unit."""
    par_process: dict[str, Any] = {}
    for b in contenu["besoins"]:
        somme = par_process.setdefault(
            b["process"],
            {
                "unite": b["unite"], "besoins": 0, "volume": 0.0, "volume_apporte": 0.0,
                "semaines_sous_socle": {"sans": 0, "avec": 0}, "semaines_sous_objectif": {"sans": 0, "avec": 0},
                "retard_final": {"sans": 0.0, "avec": 0.0},
            },
        )  # fmt: skip
        somme["besoins"] += 1
        for nom in ("volume", "volume_apporte"):
            somme[nom] = round(somme[nom] + b[nom], 1)
        for nom in ("semaines_sous_socle", "semaines_sous_objectif", "retard_final"):
            for cas in ("sans", "avec"):
                somme[nom][cas] = round(somme[nom][cas] + (b[nom][cas] or 0), 1)
    return par_process


def phrase(entraide: Mapping[str, Any]) -> str:
    """One line for a person."""
    gains = [
        f"{process} : {_entier(e['volume_apporte'])} traités ailleurs, {_entier(e['retard_final']['avec'])} en retard "
        f"à la fin au lieu de {_entier(e['retard_final']['sans'])}"
        for process, e in entraide["effet"].items()
    ]
    comptes = (
        ("besoins", "besoin", ""), ("propositions", "proposition", " acceptée"), ("missions", "mission", " ordonnée"),
    )  # fmt: skip
    dits = ", ".join(f"{entraide[cle]} {_accorder(entraide[cle], nom, suite)}" for cle, nom, suite in comptes)
    return f"Entraide : {dits}" + (f" ({' ; '.join(gains)})." if gains else ".")


def _entier(valeur: float) -> str:
    return f"{valeur:,.0f}".replace(",", " ")


def _accorder(nombre: int, nom: str, suite: str) -> str:
    marque = "s" if nombre > 1 else ""
    return f"{nom}{marque}{suite}{marque if suite else ''}"
