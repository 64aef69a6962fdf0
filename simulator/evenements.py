"""From arrays to lines: the day's dossiers of one process and the CloudEvents they make.

Lines are written with one template, not a JSON encoder: every member is a closed value, a slug, a date or a
digest made of letters, so nothing needs escaping.
"""

from dataclasses import dataclass
from datetime import timedelta

import numpy as np
from numpy.typing import NDArray

from simulator.population import empreinte
from simulator.territoire import Entiers, Territoire

SYSTEMES = {
    "appel": "telephonie",
    "courriel": "courriels",
    "reclamation": "reclamations",
    "fse": "fse",
    "fsp": "fsp",
    "ij": "ij",
    "cmuc_acs": "cmuc-acs",
    "courrier": "courrier",
    "accueil": "accueil",
    "ame": "ame",
    "carte_vitale": "carte-vitale",
    "supervision": "supervision",
    "enquete": "enquete",
    "effectif": "effectif",
}
"""Process -> the system its events come from; each caisse has its own."""


@dataclass(slots=True)
class Lot:
    """Events of one type: for each, the rank of its dossier, its local instant and its members after ``caisse``."""

    jalon: str
    rang: Entiers
    instant: Entiers
    donnees: list[str]


@dataclass(slots=True)
class Dossiers:
    """Dossiers of one process received on one day, and all that will ever be said of them."""

    processus: str
    caisse: Entiers
    sujets: list[str]
    fin: Entiers
    """Local instant of the last milestone of each dossier."""
    lots: list[Lot]


def sujets(processus: str, jour: str, nombre: int) -> list[str]:
    """Identifiers of a day's dossiers: the system numbers what it receives."""
    prefixe = f"{SYSTEMES[processus].upper()}-{jour}-"
    return [f"{prefixe}{i:06d}" for i in range(nombre)]


def textes(territoire: Territoire, caisse: Entiers, instant: Entiers) -> list[str]:
    """Local instants in ISO 8601 with their offset."""
    secondes = territoire.decalage[caisse, territoire.jour_de(instant)].tolist()
    locaux = np.datetime_as_string(instant.astype("datetime64[s]")).tolist()
    return [t + _offset(s) for t, s in zip(locaux, secondes, strict=True)]


_OFFSETS: dict[int, str] = {}


def _offset(secondes: int) -> str:
    texte = _OFFSETS.get(secondes)
    if texte is None:
        signe = "-" if secondes < 0 else "+"
        texte = _OFFSETS[secondes] = f"{signe}{(abs(secondes) // 60) // 60:02d}:{(abs(secondes) // 60) % 60:02d}"
    return texte


class Plume:
    """Writes the events of a run: the same seed gives the same bytes."""

    def __init__(self, territoire: Territoire, graine: int) -> None:
        self._territoire = territoire
        self._graine = graine
        self._debuts = {
            p: [f'","source":"urn:vigie:source:{systeme}-{slug}","type":"vigie.{p}.' for slug in territoire.slugs]
            for p, systeme in SYSTEMES.items()
        }
        self._caisses = [f'","data":{{"caisse":"{slug}"' for slug in territoire.slugs]

    def ids(self, dossiers: Dossiers, lot: Lot) -> list[str]:
        """The ids of a lot's events: a digest of seed, dossier, jalon and instant (a jalon may come twice)."""
        debut = f"{self._graine}|{lot.jalon}|"
        return [
            empreinte(f"{debut}{dossiers.sujets[r]}|{t}", 12)
            for r, t in zip(lot.rang.tolist(), lot.instant.tolist(), strict=True)
        ]

    def lignes(self, dossiers: Dossiers, lot: Lot, ids: list[str], revision: int = 0) -> list[bytes]:
        """One JSON line per event of the lot, without line ends."""
        caisses = dossiers.caisse[lot.rang]
        debuts, noms = self._debuts[dossiers.processus], self._caisses
        fin = "}}" if not revision else f'}},"revision":{revision}}}'
        milieu = f'{lot.jalon}.v1","subject":"'
        return [
            f'{{"specversion":"1.0","id":"{i}{debuts[c]}{milieu}{dossiers.sujets[r]}","time":"{t}{noms[c]}{d}{fin}'.encode()
            for i, c, r, t, d in zip(
                ids,
                caisses.tolist(),
                lot.rang.tolist(),
                textes(self._territoire, caisses, lot.instant),
                lot.donnees,
                strict=True,
            )
        ]

    def retraits(self, dossiers: Dossiers, lot: Lot, ids: list[str], rangs: NDArray[np.intp]) -> list[bytes]:
        """The retractions, an hour after the dossier's end, of the events of these positions in the lot."""
        choisis = Lot(
            "retrait",
            lot.rang[rangs],
            dossiers.fin[lot.rang[rangs]] + int(timedelta(hours=1).total_seconds()),
            [f',"cible":"{ids[r]}"' for r in rangs.tolist()],
        )
        propres = [empreinte(f"{self._graine}|retrait|{ids[r]}", 12) for r in rangs.tolist()]
        return self.lignes(dossiers, choisis, propres)
