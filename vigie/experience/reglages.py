"""Targets, calendar and pôles of the experiment, from ``reglages.yaml``."""

from datetime import date, timedelta
from functools import cache
from pathlib import Path
from typing import Literal

import msgspec
import numpy as np
import yaml
from numpy.typing import NDArray

from services.entraide.domain.activites import activite, productivite
from services.entraide.domain.poles import Pole
from shared.network.jours import jour_de
from simulator.jumeau.monde import Monde
from simulator.jumeau.parametres import PROCESS

Reels = NDArray[np.float64]
Booleens = NDArray[np.bool_]

PART_MAX = 0.20
"""Share of a service that may be set up as a pôle (hypothesis)."""


class Attendu(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What is expected of a process; meanings in ``reglages.yaml``."""

    sens: Literal["haut", "bas"]
    objectif: float
    socle: float
    alerte: float
    retour: float
    source: str
    age_objectif: float = 0.0
    age_socle: float = 0.0

    def manque(self, valeur: Reels, borne: float) -> Booleens:
        """Where the bound is not reached; bounds are inclusive, no value misses nothing."""
        with np.errstate(invalid="ignore"):
            au_dela: Booleens = valeur < borne if self.sens == "haut" else valeur > borne
        return au_dela


class Dotation(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    etp: float
    nombre: int


class Reglages(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """All of the file."""

    debut: date
    process: dict[str, Attendu]
    seance: int
    reponse: int
    horizon: int
    poles: dict[str, Dotation]


@cache
def reglages() -> Reglages:
    texte = Path(__file__).with_name("reglages.yaml").read_text(encoding="utf-8")
    return msgspec.convert(yaml.safe_load(texte), Reglages)


def debuts_de_mois(premier: date, mois: int) -> list[date]:
    """First days of ``mois`` months and of the one after, from the month of ``premier`` (negative: before it)."""
    rang = premier.year * 12 + premier.month - 1
    pas = range(mois + 1) if mois >= 0 else range(mois, 1)
    return [date((rang + k) // 12, (rang + k) % 12 + 1, 1) for k in pas]


def poles(monde: Monde) -> tuple[Pole, ...]:
    """The register of pôles: in caisses large enough for it, spread over the sizes, one process each."""
    registre = []
    jour = jour_de(monde.debut)
    pris: set[int] = set()
    for process, dotation in reglages().poles.items():
        rang = PROCESS.index(process)
        etp = dotation.etp / dotation.nombre
        assez = [c for c in np.argsort(-monde.etp[rang], kind="stable") if PART_MAX * monde.etp[rang, c] >= etp]
        libres = [int(c) for c in assez if c not in pris]
        if len(libres) < dotation.nombre:
            raise ValueError(f"{process} : {len(libres)} caisses peuvent tenir un pôle de {etp:.1f} ETP.")
        for k in range(dotation.nombre):
            caisse = libres[k * len(libres) // dotation.nombre]
            pris.add(caisse)
            couverte = activite(process, jour)
            registre.append(
                Pole(
                    cle=f"{monde.slugs[caisse]}/{process}",
                    caisse=monde.slugs[caisse],
                    process=frozenset({process}),
                    etp=etp,
                    voies=frozenset({couverte.voie} if couverte else ()),
                    productivites=_observees(monde, process),
                )
            )
    return tuple(registre)


def _observees(monde: Monde, process: str) -> dict[str, float]:
    """Yearly volume per ETP that the network has been seen to do, where it is files."""
    if process == "appel":
        return {}
    p = monde.parametres
    observee = p.volume(process) / p.etp(process)
    return {process: observee} if observee != productivite(process).volume else {}


def lundi_apres(jour: date) -> date:
    """The Monday of that day or after it."""
    return jour + timedelta(days=-jour.weekday() % 7)
