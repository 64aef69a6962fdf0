"""A reader of every process for the packaged network, a good event, and what a refusal could let out."""

from collections.abc import Callable
from typing import Any

import pytest

from shared.catalogue.processus import charger_processus
from shared.events.contrat import Evenement, Refus
from shared.events.lecture import Lecteur
from shared.events.lecture_en_lot import LecteurEnLot
from shared.network.reseau import charger

Lire = Callable[..., Evenement]
Refuser = Callable[..., Refus]

MAINTENANT = 1_793_700_764
"""2026-11-03T10:12:44+01:00, when events without recordedtime are recorded."""

HIER = "2026-11-02T09:12:44+01:00"

BON: dict[str, Any] = {
    "specversion": "1.0",
    "id": "0192-a",
    "source": "urn:vigie:source:telephonie-pfs-idf",
    "type": "vigie.appel.decroche.v1",
    "subject": "A-20261103-000123",
    "time": "2026-11-03T09:12:44+01:00",
    "data": {"caisse": "cpam-75"},
}


CAISSES = {slug: c.code for slug, c in charger().par_slug.items()}


class ToujoursEnColonnes(LecteurEnLot):
    LOT_MIN = 1


EN_LOT = ToujoursEnColonnes(charger_processus().values(), CAISSES)


class LecteurCompare(Lecteur):
    """A reader that also checks that a batch of two such lines, and an ordinary one, is read the same way."""

    def lire(self, ligne: bytes, enregistre: int) -> Evenement:
        seul = _lu_ou_refuse(super().lire, ligne, enregistre)
        for lot in ([ligne], [ligne, ligne_bonne(), ligne]):
            *_, dernier = EN_LOT.lire_lot(lot, [enregistre] * len(lot)).dans_l_ordre()
            assert type(dernier) is type(seul)
            if isinstance(seul, Refus):
                assert isinstance(dernier, Refus)
                assert (str(dernier), vars(dernier)) == (str(seul), vars(seul))
            else:
                assert dernier == seul
        if isinstance(seul, Refus):
            raise seul
        return seul


def _lu_ou_refuse(lire: Callable[[bytes, int], Evenement], ligne: bytes, enregistre: int) -> Evenement | Refus:
    try:
        return lire(ligne, enregistre)
    except Refus as refus:
        return refus


def lecteur_du_reseau() -> Lecteur:
    """A reader of its own, its counters at nothing."""
    return LecteurCompare(charger_processus().values(), CAISSES)


LECTEUR = lecteur_du_reseau()
"""One for all tests that do not look at its counters."""


def ligne_bonne(donnees: bytes = b"{}", temps: str = HIER) -> bytes:
    """A good event as bytes, with ``data`` as it is to be written."""
    debut = b'{"specversion":"1.0","id":"a","source":"s","type":"vigie.appel.decroche.v1","subject":"x","time":"'
    return debut + temps.encode() + b'","data":' + donnees + b"}"


def refus_de(octets: bytes) -> Refus:
    """The refusal of a line."""
    with pytest.raises(Refus) as levee:
        LECTEUR.lire(octets, MAINTENANT)
    return levee.value


def tout(refus: Refus) -> str:
    """All that a refusal could let out, its causes included."""
    morceaux: list[str] = []
    exc: BaseException | None = refus
    while exc is not None:
        morceaux += [str(exc), repr(exc), repr(exc.args), repr(vars(exc))]
        exc = exc.__cause__ or exc.__context__
    return " ".join(morceaux)
