"""The sources of a service: what each was expected to send and sent, since when it is silent, what is built on it.

What is expected of a day comes from the same days of past weeks (``shared.indicators.completude``), and of part of a
day in proportion to its opening hours: the hours of the caisses a source speaks of.
"""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from sqlalchemy.ext.asyncio import AsyncConnection

from shared.catalogue.indicateurs import indicateurs_du_service
from shared.dossiers.dictionnaire import Dictionnaire
from shared.dossiers.receptions import jour_de_reception
from shared.dossiers.statistiques_reseau.flux import Flux, lire_flux
from shared.dossiers.statistiques_reseau.fonds import Document, slugs
from shared.indicators.completude import (
    JOURS,
    SILENCE,
    Completude,
    attendu,
    attendus_depuis,
    completude,
    juger_tous,
    resumer,
)
from shared.indicators.couverture import MEMOIRE, Part
from shared.indicators.periodes import Periode
from shared.network.jours import date_de


async def etat_des_sources(
    conn: AsyncConnection, schema: str, dictionnaire: Dictionnaire, maintenant: int, caisse: int | None = None
) -> list[Document]:
    """Each source of the service and process, with what came today and in the seven days before, against what was
    expected; the silent ones first."""
    aujourdhui = jour_de_reception(maintenant)
    flux = await lire_flux(conn, schema, dictionnaire, aujourdhui - MEMOIRE - 2 * JOURS, None, caisse)
    batis: dict[str, list[str]] = {}
    for indicateur in indicateurs_du_service(schema):
        batis.setdefault(indicateur.process, []).append(indicateur.code)
    lignes = [_etat(f, maintenant, aujourdhui, batis.get(f.process, [])) for f in flux]
    return sorted(lignes, key=lambda ligne: _ORDRE.index(str(ligne["etat"])))


_ORDRE = ("silencieuse", "incomplete", "inconnue", "complete")


def _etat(f: Flux, maintenant: int, aujourdhui: int, indicateurs: Sequence[str]) -> Document:
    semaine = completude(f.profil, range(aujourdhui - JOURS, aujourdhui), f.chome)
    manquants = _manquants(f, maintenant)
    prevu = attendu(f.profil, aujourdhui, f.chome)
    jusqua = maintenant - f.retard
    silencieuse = manquants >= SILENCE
    etat = "silencieuse" if silencieuse else _etat_de(semaine)
    dernier = datetime.fromtimestamp(f.dernier, UTC)
    noms = slugs()
    return {
        "source": f.source,
        "process": f.process,
        "etat": etat,
        "dernier_evenement": dernier,
        "silencieuse_depuis": dernier if silencieuse else None,
        "attendus_depuis_le_dernier": manquants,
        "aujourdhui": {
            "recus": f.recus.get(aujourdhui, 0),
            "attendus": None if prevu is None else prevu * f.part_ouverte(aujourdhui, 0, jusqua),
        },
        "sept_jours": {
            "du": date_de(aujourdhui - JOURS),
            "au": date_de(aujourdhui - 1),
            "recus": sum(f.recus.get(j, 0) for j in range(aujourdhui - JOURS, aujourdhui)),
            **decrire_completude(semaine),
        },
        "retard_habituel_s": f.retard,
        "caisses": [noms[code] for code in f.caisses if code in noms],
        "indicateurs": list(indicateurs),
    }


def _etat_de(semaine: Completude) -> str:
    if semaine.inconnus or semaine.taux is None:
        return "inconnue"
    return "complete" if semaine.complete else "incomplete"


def _manquants(f: Flux, maintenant: int) -> float:
    """Events expected in opening hours since the last one, and not come. Looked for over eight weeks: after that
    nothing would be expected any more of a source that is gone."""
    jusqua = maintenant - f.retard
    premier = jour_de_reception(f.dernier)
    jours = range(premier, min(jour_de_reception(jusqua), premier + MEMOIRE) + 1)
    return attendus_depuis(f.profil, ((j, f.part_ouverte(j, f.dernier, jusqua)) for j in jours), f.chome)


def est_muette(f: Flux, maintenant: int) -> bool:
    """Whether it has sent nothing for longer than chance explains."""
    return _manquants(f, maintenant) >= SILENCE


def decrire_completude(mesure: Completude) -> Document:
    """A completeness in plain values; rate between 0 and 1."""
    return {
        "taux": mesure.taux,
        "complet": mesure.complete,
        "jours_silencieux": [date_de(jour) for jour in sorted(set(mesure.silencieux))],
        "jours_inconnus": mesure.inconnus,
    }


def part_de(document: Mapping[str, Any]) -> Part:
    """What a figure is built on, out of ``completude_de``."""
    muettes = sum(source["silencieuse"] for source in document["sources_incompletes"])
    return Part(document["taux"], document["complet"], muettes)


async def completude_de(
    conn: AsyncConnection,
    schema: str,
    dictionnaire: Dictionnaire,
    process: str,
    caisse: int | None,
    periode: Periode,
    maintenant: int,
) -> Document | None:
    """What a figure of ``process`` over ``periode`` is built on, for one caisse or (None) the network: to be shown
    beside it. None when no source has ever spoken of it: it is then not measured at all.

    The days of the period that are over are judged, source by source. ``complet`` False: the figure is provisional.
    """
    flux = await lire_flux(conn, schema, dictionnaire, periode.du - MEMOIRE, process, caisse)
    if not flux:
        return None
    jours = range(periode.du, min(periode.au + 1, jour_de_reception(maintenant)))
    creneaux = {f.source: juger_tous(f.profil, jours, f.chome) for f in flux}
    parts = {source: resumer(juges) for source, juges in creneaux.items()}
    muettes = {f.source for f in flux if jour_de_reception(f.dernier) < periode.au and est_muette(f, maintenant)}
    ensemble = decrire_completude(resumer([creneau for juges in creneaux.values() for creneau in juges]))
    en_defaut = [
        {"source": source, **decrire_completude(part), "silencieuse": source in muettes}
        for source, part in parts.items()
        if source in muettes or (not part.complete and (part.taux is not None or part.inconnus))
    ]
    complet = bool(ensemble["complet"]) and not muettes
    return {**ensemble, "complet": complet, "sources": len(flux), "sources_incompletes": en_defaut}
