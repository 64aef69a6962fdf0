"""Dates of events in columns: what ``instants.instant_de`` reads, for the two forms nearly every source writes.

``2026-11-03T09:12:44+01:00`` and ``2026-11-03T08:12:44Z`` are computed as arrays; any other text is left to
``instant_de``, which reads it or says what is wrong with it.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

ABSENT = -(2**62)
"""Where there was no date."""

A_RELIRE = ABSENT + 1
"""Where the text has another form."""

_AVEC_DECALAGE, _UTC = 25, 20
_MODELE = np.frombuffer(b"0000-00-00T00:00:00+00:00", dtype=np.uint8)
_CHIFFRES = np.flatnonzero(ord("0") == _MODELE)
_SIGNES = np.flatnonzero((ord("0") != _MODELE) & (ord("+") != _MODELE))
_JOURS_DU_MOIS = np.array([0, 31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31], dtype=np.int32)
_CUMUL = np.array([0, 0, 31, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334], dtype=np.int32)
_JOURS_AVANT_1970 = 719_163
_CHAMPS = ((0, 4), (5, 2), (8, 2), (11, 2), (14, 2), (17, 2), (20, 2), (23, 2))
"""Where year, month, day, hour, minute, second and the offset's hours and minutes are written: place and length."""


def instants_de(textes: Sequence[str | None]) -> NDArray[np.int64]:
    """Unix seconds of each text; ABSENT for None, A_RELIRE for one that is not in the two forms or is no date."""
    if textes.count(None) == len(textes):
        return np.full(len(textes), ABSENT, dtype=np.int64)
    lus = np.full(len(textes), A_RELIRE, dtype=np.int64)
    par_forme: dict[int, tuple[list[int], list[str]]] = {_AVEC_DECALAGE: ([], []), _UTC: ([], [])}
    longueurs = {len(t) if t is not None else 0 for t in textes}
    if longueurs == {_AVEC_DECALAGE}:
        return _lire("".join(textes), len(textes))  # type: ignore[arg-type]
    for rang, texte in enumerate(textes):
        if texte is None:
            lus[rang] = ABSENT
        elif len(texte) == _AVEC_DECALAGE:
            par_forme[_AVEC_DECALAGE][0].append(rang)
            par_forme[_AVEC_DECALAGE][1].append(texte)
        elif len(texte) == _UTC and texte[-1] == "Z":
            par_forme[_UTC][0].append(rang)
            par_forme[_UTC][1].append(f"{texte[:-1]}+00:00")
    for rangs, memes in par_forme.values():
        if rangs:
            lus[rangs] = _lire("".join(memes), len(memes))
    return lus


def _lire(texte: str, nombre: int) -> NDArray[np.int64]:
    """Of ``nombre`` texts of 25 characters put end to end."""
    if not texte.isascii():
        return np.full(nombre, A_RELIRE, dtype=np.int64)
    octets = np.ascontiguousarray(np.frombuffer(texte.encode(), dtype=np.uint8).reshape(nombre, _AVEC_DECALAGE).T)
    chiffres = octets - np.uint8(ord("0"))
    juste = (chiffres[_CHIFFRES] <= 9).all(axis=0) & (octets[_SIGNES] == _MODELE[_SIGNES, None]).all(axis=0)
    signe = octets[19]
    annee, mois, jour, h, m, s, dh, dm = (_nombre(chiffres[debut : debut + n]) for debut, n in _CHAMPS)
    juste &= (mois >= 1) & (mois <= 12) & (jour >= 1) & (h < 24) & (m < 60) & (s < 60) & (dh < 24) & (dm < 60)
    juste &= (signe == ord("+")) | (signe == ord("-"))
    mois = np.where(juste, mois, 1)
    bissextile = (annee % 4 == 0) & ((annee % 100 != 0) | (annee % 400 == 0))
    juste &= (jour <= _JOURS_DU_MOIS[mois] - ((mois == 2) & ~bissextile)) & (annee > 0)
    avant = annee - 1
    jours = 365 * avant + avant // 4 - avant // 100 + avant // 400 - _JOURS_AVANT_1970
    jours = jours + _CUMUL[mois] + ((mois > 2) & bissextile) + jour
    decalage = (dh * 3600 + dm * 60) * np.where(signe == ord("-"), -1, 1)
    return np.where(juste, jours.astype(np.int64) * 86_400 + h * 3_600 + m * 60 + s - decalage, A_RELIRE)


def _nombre(chiffres: NDArray[np.uint8]) -> NDArray[np.int32]:
    lu: NDArray[np.int32] = chiffres[0].astype(np.int32)
    for suivant in chiffres[1:]:
        lu = lu * 10 + suivant
    return lu
