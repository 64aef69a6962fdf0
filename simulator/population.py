"""Who calls: a sampled population of pseudonyms, and the memory of recent contacts that makes them come back."""

from collections import deque
from collections.abc import Mapping, Sequence
from hashlib import blake2b

import numpy as np

from simulator.hasard import choisir
from simulator.territoire import Entiers, Reels

Colonnes = Sequence[tuple[Entiers, Entiers, Entiers]]
"""Batches of (caisse, assure, motif) columns."""

_LETTRES = bytes.maketrans(b"0123456789abcdef", b"abcdefghijklmnop")
"""Sixteen letters for sixteen digits: a digest written so can never look like a NIR or a telephone number."""


def empreinte(texte: str, octets: int) -> str:
    """A digest of ``texte`` written with letters only, two per byte."""
    return blake2b(texte.encode(), digest_size=octets).hexdigest().encode().translate(_LETTRES).decode()


def pseudonymes(graine: int, caisse: Entiers, assure: Entiers) -> list[str]:
    """Pseudonyms of the contract (``k1.`` and 32 characters) of these people, the same in every channel."""
    return [
        "k1." + empreinte(f"{graine}|assure|{c}|{a}", 16) for c, a in zip(caisse.tolist(), assure.tolist(), strict=True)
    ]


class Memoire:
    """Contacts (or files) of the last ``jours`` days, from which one of the same caisse can be drawn again."""

    def __init__(self, jours: int) -> None:
        self._jours: deque[tuple[Entiers, Entiers, Entiers]] = deque(maxlen=jours)

    def noter(self, lots: Colonnes) -> None:
        """Remember one day: (caisse, assure, motif) columns; the oldest day is forgotten."""
        colonnes = list(zip(*lots, strict=True))
        if colonnes:
            caisse, assure, motif = (np.concatenate(c) for c in colonnes)
            self._jours.append((caisse, assure, motif))

    def tirer(self, caisse: Entiers, hasard: Reels) -> tuple[Entiers, Entiers, Entiers]:
        """For each caisse one remembered (assure, motif) and whether there was one (1 or 0)."""
        vide = np.zeros(len(caisse), dtype=np.int64)
        if not self._jours:
            return vide, vide, vide
        caisses, assures, motifs = (np.concatenate(c) for c in zip(*self._jours, strict=True))
        if not len(caisses):
            return vide, vide, vide
        ordre = np.argsort(caisses, kind="stable")
        caisses, assures, motifs = caisses[ordre], assures[ordre], motifs[ordre]
        debut = np.searchsorted(caisses, caisse)
        nombre = np.searchsorted(caisses, caisse, side="right") - debut
        rang = np.minimum(debut + (hasard * nombre).astype(np.int64), len(caisses) - 1)
        return assures[rang], motifs[rang], (nombre > 0).astype(np.int64)


LIEN_DOSSIER = 0.4
"""Share of contacts about IJ or CMU-C made by someone with a recent file (hypothesis)."""


class Assures:
    """The sampled people of every caisse and who contacts it next.

    ``milliers``: inhabitants in thousands; ``motifs``: share of each motive, in the order of their codes.
    """

    def __init__(self, milliers: Reels, fraction: int, motifs: Mapping[str, float], reiteration: float) -> None:
        self._nombre = np.maximum(50, milliers * 1_000 / fraction)
        self.motifs = tuple(motifs)
        self._parts = tuple(motifs.values())
        self._reiteration = reiteration
        self._contacts = Memoire(7)
        self._dossiers = {self.motifs.index(p): Memoire(30) for p in ("indemnites_journalieres", "cmuc_acs")}

    def tirer(self, rng: np.random.Generator, caisse: Entiers) -> Entiers:
        """One person of each caisse, anyone."""
        tires: Entiers = (rng.random(len(caisse)) * self._nombre[caisse]).astype(np.int64)
        return tires

    def contacter(self, rng: np.random.Generator, caisse: Entiers) -> tuple[Entiers, Entiers]:
        """(assure, motif) of new contacts: some repeat one of the last days, some have a file under way."""
        nombre = len(caisse)
        assure, motif = self.tirer(rng, caisse), choisir(rng, nombre, self._parts)
        lien = rng.random(nombre) < LIEN_DOSSIER
        for code, memoire in self._dossiers.items():
            ancien, _, connu = memoire.tirer(caisse, rng.random(nombre))
            assure = np.where(lien & (motif == code) & (connu > 0), ancien, assure)
        ancien, sujet, connu = self._contacts.tirer(caisse, rng.random(nombre))
        revient = (rng.random(nombre) < self._reiteration) & (connu > 0)
        return np.where(revient, ancien, assure), np.where(revient, sujet, motif)

    def noter(self, contacts: Colonnes, ij: Colonnes, cmuc: Colonnes) -> None:
        """Remember the day's contacts and files, as (caisse, assure, motif) columns."""
        self._contacts.noter(contacts)
        for memoire, lots in zip(self._dossiers.values(), (ij, cmuc), strict=True):
            memoire.noter(lots)
