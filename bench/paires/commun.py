"""What the rivals share: their arguments, the reading of an event, the stopwatch and the line that ends a run.

A rival is ``python -m bench.paires.<module> KAFKA TOPIC GROUPE N DOSSIER URL PATIENCE``; ``Demande`` names them. It
reads the whole topic, or what a run before it left, prints ``moitie`` once half of the ``N`` events have been handled,
and ends with ``{"secondes": …, "demarrage": …, "memoire_mo": …, "lus": …}``.
"""

import json
import sys
import time
from dataclasses import dataclass, fields
from datetime import datetime
from pathlib import Path

import msgspec

from bench.pic import pic_memoire_mo

PARTITIONS = 4

LOT = 5_000
"""Records handled together by the rivals that choose."""


@dataclass(frozen=True, slots=True)
class Demande:
    """``n``: events of the topic; ``dossier``: for files that outlive a run; ``patience``: seconds without a new event
    after which a rival that cannot know the end takes it for reached."""

    kafka: str
    topic: str
    groupe: str
    n: int
    dossier: Path
    url: str
    patience: float

    @classmethod
    def lue(cls) -> "Demande":
        """From the command line."""
        return cls(*(champ.type(texte) for champ, texte in zip(fields(cls), sys.argv[1:], strict=True)))


class Jalons(msgspec.Struct, gc=False):
    recue: datetime
    payee: datetime


class Data(msgspec.Struct, gc=False):
    caisse: str
    jalons: Jalons


class Evenement(msgspec.Struct, gc=False):
    id: str
    data: Data

    @property
    def delai(self) -> int:
        """Whole local days from receipt to payment: the stamps carry their offset."""
        return self.data.jalons.payee.toordinal() - self.data.jalons.recue.toordinal()


lire_evenement = msgspec.json.Decoder(Evenement).decode


class Suivi:
    """The stopwatch of a run, from the first event at hand to the last one handled."""

    def __init__(self, n: int) -> None:
        self._lance = self._debut = self.dernier = time.perf_counter()
        self._moitie = n / 2
        self.lus = 0

    def commencer(self) -> None:
        """Everything is connected, reading begins."""
        self._debut = self.dernier = time.perf_counter()

    def compter(self, m: int = 1) -> None:
        """``m`` more events are handled, as durably as this rival ever makes them at that point."""
        avant, self.lus, self.dernier = self.lus, self.lus + m, time.perf_counter()
        if avant < self._moitie <= self.lus:
            print("moitie", flush=True)

    def rendre(self) -> None:
        """The last line."""
        releve = {
            "secondes": self.dernier - self._debut,
            "demarrage": self._debut - self._lance,
            "memoire_mo": pic_memoire_mo(),
            "lus": self.lus,
        }
        print(json.dumps(releve), flush=True)


def decile(delais: dict[int, int]) -> int:
    """9th decile, nearest rank, of a histogram."""
    reste = -(-sum(delais.values()) * 9 // 10)
    for delai in sorted(delais):
        reste -= delais[delai]
        if reste <= 0:
            return delai
    raise ValueError("histogramme vide")


def ecrire_resultat(dossier: Path, cellules: dict[tuple[str, int], int]) -> None:
    """The answer of a rival that keeps it nowhere else: (caisse, days) -> how many."""
    lignes = [[caisse, delai, n] for (caisse, delai), n in cellules.items()]
    (dossier / "resultat.json").write_text(json.dumps(lignes), encoding="utf-8")
