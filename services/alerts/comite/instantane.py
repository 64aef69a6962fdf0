"""The snapshot of a month: every watched indicator of every caisse as the comité will judge it, and its digest. Pure.

It is kept as its canonical bytes (JSON, sorted keys); the digest printed on the minutes is the SHA-256 of these bytes.
"""

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

import msgspec

from services.alerts.comite.calendrier import Mois
from shared.catalogue.seuils import Surveille
from shared.indicators.fausses_decouvertes import Controle


@dataclass(frozen=True, slots=True)
class Ligne:
    """One figure: what the owner of the indicator answered, what it is worth, and whether it may be judged.

    ``gravite``: of an official crossing, *avere*, *a_surveiller*, or *incomplet* when its source was silent or its
    test impossible; ``reserve``: what it lacks without being that incomplete. ``neutralisee_par``: nobody judges it.
    ``franchi`` None: not measured.
    """

    caisse: str
    indicateur: str
    version: str | None
    valeur: float | None
    n: int
    intervalle: Sequence[float | None] | None
    cible: Mapping[str, Any] | None
    verdict: str
    franchi: bool | None
    gravite: str | None = None
    p: float | None = None
    p_ajustee: float | None = None
    neutralisee_par: str | None = None
    incomplet: str | None = None
    reserve: str | None = None

    @property
    def a_examiner(self) -> bool:
        """An official crossing that nothing neutralises: it is in a case file."""
        return self.franchi is True and self.neutralisee_par is None


@dataclass(frozen=True, slots=True)
class Instantane:
    """``positions``: of each service's log, where it ended when the reading began, by partition; None: not known."""

    mois: str
    pris_le: datetime
    surveilles: tuple[Mapping[str, Any], ...]
    lignes: tuple[Ligne, ...]
    controle: Mapping[str, Any]
    positions: Mapping[str, Mapping[str, int] | None]
    manques: tuple[str, ...] = ()

    def ligne(self, caisse: str, indicateur: str) -> Ligne | None:
        return next((li for li in self.lignes if (li.caisse, li.indicateur) == (caisse, indicateur)), None)


def composer(
    mois: Mois,
    pris_le: datetime,
    surveilles: Iterable[Surveille],
    lignes: Iterable[Ligne],
    controle: Controle[tuple[str, str]],
    positions: Mapping[str, Mapping[str, int] | None],
    manques: Iterable[str],
) -> Instantane:
    """Put a snapshot together: its lines in the order of the watched list then of the slugs, ranked by the control."""
    listes = tuple(surveilles)
    ordre = {s.indicateur: rang for rang, s in enumerate(listes)}
    classes = {f.cle: f for f in controle.franchissements}
    rangees = sorted(lignes, key=lambda li: (ordre[li.indicateur], li.caisse))
    return Instantane(
        str(mois),
        pris_le,
        tuple(_decrire(s) for s in listes),
        tuple(_classer(li, classes) for li in rangees),
        {
            "essais": controle.essais,
            "averes": controle.averes,
            "fausses_attendues": controle.fausses_attendues,
        },
        positions,
        tuple(dict.fromkeys(manques)),
    )


def _decrire(surveille: Surveille) -> dict[str, Any]:
    return asdict(surveille) | {"seuil": float(surveille.seuil), "retour": float(surveille.retour)}


def _classer(ligne: Ligne, classes: Mapping[tuple[str, str], Any]) -> Ligne:
    if not ligne.a_examiner:
        return ligne
    classe = classes.get((ligne.caisse, ligne.indicateur))
    if classe is None or ligne.incomplet is not None:
        return _avec(ligne, gravite="incomplet")
    return _avec(ligne, gravite=classe.gravite, p=classe.p, p_ajustee=classe.p_ajustee)


def _avec(ligne: Ligne, **champs: Any) -> Ligne:
    return Ligne(**{**{nom: getattr(ligne, nom) for nom in Ligne.__slots__}, **champs})


def en_octets(instantane: Instantane) -> bytes:
    """The canonical bytes: equal snapshots, equal bytes."""
    return msgspec.json.encode(instantane, order="sorted")


def lire(octets: bytes | str) -> Instantane:
    """The opposite of ``en_octets``."""
    return msgspec.json.decode(octets, type=Instantane)


def empreinte(octets: bytes) -> str:
    """The digest, in hexadecimal."""
    return hashlib.sha256(octets).hexdigest()
