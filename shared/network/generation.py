"""``donnees/feries.csv``, the holidays of every zone, computed by the library ``holidays`` as ``feries.yaml`` asks.

Kept as a file because the library is long to import, for a calendar that only changes when a law does.
``python -m shared.network.generation`` writes it; with ``--verifier`` it says whether it is up to date.
"""

import csv
import io
import sys
from collections import defaultdict
from collections.abc import Mapping
from pathlib import Path

import holidays

from shared.generes import Produits, commande
from shared.network.calendrier import FERIES, FIN, PREMIER_JOUR, SEPARATEUR_ZONES
from shared.network.jours import date_de, jour_de
from shared.network.lecture import lire_donnees

FICHIER = Path(__file__).parent / "donnees" / FERIES
_NOMS_RASSEMBLES = "; "


def feries_calcules(zone: str) -> Mapping[int, str]:
    """Name of each public holiday of a zone of ``feries.yaml``, by day number, over the calendars' range."""
    regles = lire_donnees("feries.yaml")
    regle = regles["zones"][zone]
    annees = range(date_de(PREMIER_JOUR).year, date_de(FIN).year)
    connus = holidays.country_holidays("FR", subdiv=regle["subdivision"], years=annees, language="fr")
    feries = {
        jour_de(jour): nom
        for jour, nom in connus.items()
        if not set(nom.split(_NOMS_RASSEMBLES)) <= set(regle["retires"])
    }
    return feries | {jour_de(jour): "Lundi de Pentecôte" for jour in regles["feries_ajoutes"]}


def texte() -> str:
    """The file: a line per holiday, with the zones that have it."""
    zones_de: dict[tuple[int, str], list[str]] = defaultdict(list)
    for zone in lire_donnees("feries.yaml")["zones"]:
        for ferie in feries_calcules(zone).items():
            zones_de[ferie].append(zone)
    sortie = io.StringIO()
    lignes = csv.writer(sortie, lineterminator="\n")
    lignes.writerow(("jour", "nom", "zones"))
    lignes.writerows(
        (date_de(jour).isoformat(), nom, SEPARATEUR_ZONES.join(zones))
        for (jour, nom), zones in sorted(zones_de.items())
    )
    return sortie.getvalue()


def produits() -> Produits:
    """The file and its content."""
    return {FICHIER: texte()}


if __name__ == "__main__":
    sys.exit(commande("shared.network.generation", produits(), sys.argv[1:]))
