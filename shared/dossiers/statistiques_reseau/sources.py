"""The sources of a service: what each was expected to send and sent, since when it is silent, what is built on it.

What is expected of a day comes from the same days of past weeks (``shared.indicators.completude``), and of part of a
day in proportion to its opening hours: the hours of the caisses a source speaks of.
"""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from sqlalchemy.ext.asyncio import AsyncConnection

from shared.catalogue.indicateurs import indicateurs_du_service
from shared.dossiers.dictionnaire import Dictionnaire
from shared.dossiers.receptions import jour_de_reception
from shared.dossiers.statistiques_reseau.flux import Flux, en_tableau, lire_flux
from shared.dossiers.statistiques_reseau.fonds import Document, slugs
from shared.indicators.completude import (
    JOURS,
    SILENCE,
    Completude,
    Creneau,
    juger_tous,
    resumer,
)
from shared.indicators.completude import Etat as EtatDuJour
from shared.indicators.couverture import MEMOIRE, Part, attentes, juger
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
    attendues, manquants = _attendues(flux, aujourdhui), _manquants(flux, maintenant)
    lignes = [
        _etat(f, attendue, manque, maintenant, aujourdhui, batis.get(f.process, []))
        for f, attendue, manque in zip(flux, attendues, manquants, strict=True)
    ]
    return sorted(lignes, key=lambda ligne: _ORDRE.index(str(ligne["etat"])))


_ORDRE = ("silencieuse", "incomplete", "inconnue", "complete")


class _Attendue(NamedTuple):
    """Of one source: events expected today (None: not known), and its last seven days judged."""

    aujourdhui: float | None
    semaine: Completude


def _attendues(flux: Sequence[Flux], aujourdhui: int) -> list[_Attendue]:
    """Of each, all at once: ``completude`` takes about as long for one day of one source."""
    if not flux:
        return []
    jours = range(aujourdhui - JOURS, aujourdhui)
    recus, prevus, inconnus = _prevus(flux, [jours.start] * len(flux), JOURS + 1)
    complets, silencieux = juger(recus[:, :JOURS], prevus[:, :JOURS], inconnus[:, :JOURS])
    colonnes = (tableau.tolist() for tableau in (recus, prevus, inconnus, complets, silencieux))
    attendues = []
    for recu, prevu, inconnu, complet, silencieux_ in zip(*colonnes, strict=True):
        sus = [None if i else p for p, i in zip(prevu, inconnu, strict=True)]
        etats = map(_etat_du_jour, sus, complet, silencieux_)
        attendues.append(_Attendue(sus[-1], resumer([*map(Creneau, jours, recu, sus, etats)])))
    return attendues


def _prevus(
    flux: Sequence[Flux], debuts: Sequence[int], jours: int
) -> tuple[NDArray[np.int64], NDArray[np.float64], NDArray[np.bool_]]:
    """Events received and expected of so many days from the first of each source, and which days are not known."""
    recus, chome = en_tableau(flux, [range(debut - MEMOIRE, debut + jours) for debut in debuts])
    depuis = np.array([f.profil.depuis + MEMOIRE - debut for f, debut in zip(flux, debuts, strict=True)])
    return recus[:, MEMOIRE:], *attentes(recus, chome, depuis)


def _etat_du_jour(prevu: float | None, complet: bool, silencieux: bool) -> EtatDuJour:
    if not prevu:
        return "inconnu" if prevu is None else "non_attendu"
    return "complet" if complet else "silencieux" if silencieux else "partiel"


def _etat(
    f: Flux, attendue: _Attendue, manquants: float, maintenant: int, aujourdhui: int, indicateurs: Sequence[str]
) -> Document:
    prevu, semaine = attendue
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


def _manquants(flux: Sequence[Flux], maintenant: int) -> list[float]:
    """Of each, the events expected in opening hours since its last one, and not come. Looked for over eight weeks:
    after that nothing would be expected any more of a source that is gone."""
    aujourdhui, derniers = jour_de_reception(maintenant), [jour_de_reception(f.dernier) for f in flux]
    par_duree: dict[int, list[int]] = {}
    for rang, jour in enumerate(derniers):
        par_duree.setdefault(next(d for d in _DUREES if aujourdhui - jour <= d or d == MEMOIRE), []).append(rang)
    manquants = [0.0] * len(flux)
    for duree, rangs in par_duree.items():
        _, prevus, _ = _prevus([flux[r] for r in rangs], [derniers[r] for r in rangs], duree + 1)
        for rang, attendus in zip(rangs, prevus.tolist(), strict=True):
            manquants[rang] = _manquants_d_un(flux[rang], derniers[rang], attendus, maintenant)
    return manquants


_DUREES = (1, JOURS, MEMOIRE)
"""Days since the last event of a source: most spoke yesterday or today, and need not be looked at over eight weeks."""


def _manquants_d_un(f: Flux, premier: int, prevus: Sequence[float], maintenant: int) -> float:
    jusqua = maintenant - f.retard
    return sum(p * f.part_ouverte(premier + rang, f.dernier, jusqua) for rang, p in enumerate(prevus) if p)


def muettes(flux: Sequence[Flux], maintenant: int) -> frozenset[str]:
    """The sources that have sent nothing for longer than chance explains."""
    return frozenset(f.source for f, n in zip(flux, _manquants(flux, maintenant), strict=True) if n >= SILENCE)


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
    tues = muettes([f for f in flux if jour_de_reception(f.dernier) < periode.au], maintenant)
    ensemble = decrire_completude(resumer([creneau for juges in creneaux.values() for creneau in juges]))
    en_defaut = [
        {"source": source, **decrire_completude(part), "silencieuse": source in tues}
        for source, part in parts.items()
        if source in tues or (not part.complete and (part.taux is not None or part.inconnus))
    ]
    complet = bool(ensemble["complet"]) and not tues
    return {**ensemble, "complet": complet, "sources": len(flux), "sources_incompletes": en_defaut}
