"""The telephone as it stands now, read in the dossiers of the last hours: no cell says which call is still waiting.

The flow cells count the calls that have arrived and not ended, by the hour they came; how long each has waited is
known of its dossier only. Both figures are therefore taken from the same dossiers, in one statement each.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from operator import attrgetter

import asyncpg

from shared.catalogue.processus import Processus
from shared.dossiers.chronologie import arret_de, instant_depart
from shared.dossiers.contributions import ATTENTE_MAX, FLUX
from shared.dossiers.dictionnaire import Dictionnaire
from shared.dossiers.etat import decoder_etat, jalons_de, ordre, synthese
from shared.dossiers.gardees import FORMES, LARGE
from shared.events.contrat import Contenu
from shared.network.heure_locale import fuseau

FRAICHEUR = 1_800
"""Seconds after which a count of people no longer says how many are there: two quarters of an hour were missed."""

_PARIS = "Europe/Paris"

_SEULE = max(FORMES[marque].itemsize for marque in (FLUX, FLUX + LARGE))
"""Most bytes kept for a call that has not ended: one contribution. One that was waited for and ended has two, so that
the database leaves aside nearly all the calls of the day."""


@dataclass(frozen=True, slots=True)
class Attente:
    """The calls waiting on one platform (empty: not said). ``depuis``: Unix second at which the oldest came."""

    plateforme: str
    appels: int
    depuis: int


@dataclass(frozen=True, slots=True)
class Effectif:
    """The last count of people of one platform, at Unix second ``releve``; None: that number was not given."""

    plateforme: str
    releve: int
    connectes: int | None
    disponibles: int | None


@dataclass(frozen=True, slots=True)
class _Dossier:
    """What a dossier says, its first milestone and whether it has ended."""

    dit: Contenu
    instant: int
    fini: bool


async def attentes(
    conn: asyncpg.Connection, schema: str, noms: Dictionnaire, processus: Processus, maintenant: int
) -> tuple[list[Attente], int]:
    """Calls waiting at ``maintenant`` by platform, and how many came over an hour ago of which no end is known.

    Beyond ``ATTENTE_MAX`` a call is no longer said to wait: its source has lost its end.
    """
    lus = await _lire(conn, schema, noms, processus, maintenant, "AND octet_length(contributions) <= $4", _SEULE)
    ouverts = [d for d in lus if not d.fini and d.instant <= maintenant]
    perdus = sum(d.dit.nombre or 1 for d in ouverts if d.instant < maintenant - ATTENTE_MAX)
    presents = [d for d in ouverts if d.instant >= maintenant - ATTENTE_MAX]
    return [
        Attente(plateforme, sum(d.dit.nombre or 1 for d in la), min(d.instant for d in la))
        for plateforme, la in _par_plateforme(presents).items()
    ], perdus


async def effectifs(
    conn: asyncpg.Connection, schema: str, noms: Dictionnaire, processus: Processus, maintenant: int
) -> list[Effectif]:
    """The last count of each platform, where it is at most ``FRAICHEUR`` old."""
    lus = await _lire(conn, schema, noms, processus, maintenant)
    frais = [d for d in lus if maintenant - FRAICHEUR <= d.instant <= maintenant]
    derniers = {plateforme: max(la, key=attrgetter("instant")) for plateforme, la in _par_plateforme(frais).items()}
    return [
        Effectif(plateforme, d.instant, _entier(d.dit, "connectes"), _entier(d.dit, "disponibles"))
        for plateforme, d in derniers.items()
    ]


async def _lire(
    conn: asyncpg.Connection,
    schema: str,
    noms: Dictionnaire,
    processus: Processus,
    maintenant: int,
    condition: str = "",
    *valeurs: int,
) -> list[_Dossier]:
    """The dossiers of the local days about ``maintenant``, wherever in the network."""
    series = [code for code, nom in noms.noms("serie").items() if nom.startswith(f"{processus.code}|")]
    aujourdhui = fuseau(_PARIS).jour(maintenant)
    lignes = await conn.fetch(
        # ``serie + 0``: by the index of days. That of series would go through the calls of every year.
        f"SELECT etat FROM {schema}.dossiers "
        f"WHERE serie + 0 = ANY($1::int[]) AND jour_ouvert BETWEEN $2 AND $3 {condition}",
        series,
        aujourdhui - 1,
        aujourdhui + 1,
        *valeurs,
    )
    return [d for ligne in lignes if (d := _dossier(processus, noms, ligne[0])) is not None]


def _dossier(processus: Processus, noms: Dictionnaire, etat: bytes) -> _Dossier | None:
    vivants = ordre((c for c in decoder_etat(etat).values() if c.temps), lambda code: noms.nom("source", code))
    if not vivants:
        return None
    jalons = jalons_de(vivants, processus.jalons)
    depart = instant_depart(processus, jalons)
    if depart is None:
        return None
    arret = arret_de(processus, jalons, depart, fuseau(_PARIS).jour)
    return _Dossier(synthese(vivants), depart, arret is not None)


def _par_plateforme(dossiers: Iterable[_Dossier]) -> Mapping[str, Sequence[_Dossier]]:
    groupes: dict[str, list[_Dossier]] = {}
    for dossier in dossiers:
        groupes.setdefault(dossier.dit.plateforme, []).append(dossier)
    return dict(sorted(groupes.items()))


def _entier(dit: Contenu, grandeur: str) -> int | None:
    texte = dit.attributs.get(grandeur, "")
    return int(texte) if texte.isdecimal() else None
