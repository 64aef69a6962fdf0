"""A seeded set of claims events, and what they must count for: computed from the plan, never by merging events.

Each dossier is drawn first as the truth about it; its events are then written so that they say that truth in the
end, with false versions corrected later, events withdrawn, doubles, two sources, and no order at all.
"""

import json
import random
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from typing import Any
from zoneinfo import ZoneInfo

CAISSES = {
    "cpam-75": "Europe/Paris",
    "cpam-31": "Europe/Paris",
    "cpam-67": "Europe/Paris",
    "cpam-59-flandres": "Europe/Paris",
    "cgss-971": "America/Guadeloupe",
    "cgss-974": "Indian/Reunion",
}
"""Where the dossiers are, and whose days they count in."""

FINS = {
    "fse": {"payee": "paye", "rejetee": "rejet"},
    "cmuc_acs": {"decidee_accord": "accord", "decidee_refus": "refus", "annulee": "annulation"},
}
SOURCES = ("urn:vigie:source:essai-a", "urn:vigie:source:essai-b")
NUMEROTATION = "urn:vigie:essai"

DEBUT = int(datetime(2025, 2, 20, tzinfo=UTC).timestamp())
"""First opening drawn; the two months that follow hold a change of hour."""
JOUR = 86_400

Ouvert = tuple[str, str, date]
"""(process, caisse, local day opened)."""
Clos = tuple[str, str, str, date, date]
"""(process, caisse, outcome, local day opened, local day closed)."""


@dataclass(slots=True)
class Attendu:
    """What the database must hold. ``clos``: number, Σ seconds, Σ seconds suspended."""

    dossiers: int = 0
    ouverts: Counter[Ouvert] = field(default_factory=Counter)
    clos: dict[Clos, tuple[int, int, int]] = field(default_factory=dict)

    def __add__(self, autre: "Attendu") -> "Attendu":
        somme = Attendu(self.dossiers + autre.dossiers, self.ouverts + autre.ouverts, dict(self.clos))
        for cle, montants in autre.clos.items():
            somme.ajouter_clos(cle, montants)
        return somme

    def ajouter_clos(self, cle: Clos, montants: tuple[int, int, int]) -> None:
        n, secondes, suspendues = self.clos.get(cle, (0, 0, 0))
        self.clos[cle] = (n + montants[0], secondes + montants[1], suspendues + montants[2])


@dataclass(frozen=True, slots=True)
class Jeu:
    """Events in the order they are sent, and what they count for."""

    lignes: list[bytes]
    attendu: Attendu


@dataclass(slots=True)
class _Dossier:
    process: str
    sujet: str
    caisse: str
    nombre: int
    recue: int
    fin: tuple[str, int] | None
    pauses: list[tuple[int, int]]
    annule: bool
    """Every event is withdrawn: the dossier stays known and counts for nothing."""


def semer(graine: int, dossiers: int, prefixe: str = "d", doubles: float = 0.1) -> Jeu:
    """About 2.4 events per dossier, a share ``doubles`` sent twice, in no order; the same seed gives the same set."""
    hasard = random.Random(graine)
    attendu = Attendu(dossiers)
    lignes: list[bytes] = []
    for i in range(dossiers):
        dossier = _tirer(hasard, f"{prefixe}{graine}-{i}")
        _compter(attendu, dossier)
        lignes += _ecrire(hasard, dossier)
    lignes += hasard.sample(lignes, int(len(lignes) * doubles))
    hasard.shuffle(lignes)
    return Jeu(lignes, attendu)


def _tirer(hasard: random.Random, sujet: str) -> _Dossier:
    process = "cmuc_acs" if hasard.random() < 0.3 else "fse"
    recue = DEBUT + hasard.randrange(60 * JOUR)
    fin = None
    if hasard.random() < 0.8:
        fin = (hasard.choice(list(FINS[process])), recue + hasard.randrange(60, 40 * JOUR))
    bornes: list[int] = []
    if process == "cmuc_acs" and fin is not None and hasard.random() < 0.4:
        instants = range(recue + 1, fin[1])
        bornes = sorted(hasard.sample(instants, hasard.choice((2, 4)))) if len(instants) > 10 else []
    nombre = hasard.randrange(2, 50) if hasard.random() < 0.1 else 1
    caisse = hasard.choice(list(CAISSES))
    pauses = list(zip(bornes[::2], bornes[1::2], strict=True))
    return _Dossier(process, sujet, caisse, nombre, recue, fin, pauses, hasard.random() < 0.02)


def _compter(attendu: Attendu, d: _Dossier) -> None:
    if d.annule:
        return
    fuseau = ZoneInfo(CAISSES[d.caisse])
    ouvert = datetime.fromtimestamp(d.recue, fuseau).date()
    attendu.ouverts[d.process, d.caisse, ouvert] += d.nombre
    if d.fin is not None:
        jalon, fin = d.fin
        cle = (d.process, d.caisse, FINS[d.process][jalon], ouvert, datetime.fromtimestamp(fin, fuseau).date())
        suspendu = sum(b - a for a, b in d.pauses)
        attendu.ajouter_clos(cle, (d.nombre, (fin - d.recue) * d.nombre, suspendu * d.nombre))


def _ecrire(hasard: random.Random, d: _Dossier) -> Iterator[bytes]:
    """Every event of a dossier, false versions and withdrawals included."""
    jalons: list[tuple[str, int]] = [("recue", d.recue)]
    for a, b in d.pauses:
        jalons += [("incomplete", a), ("completee", b)]
    jalons += [d.fin] if d.fin is not None else []
    if d.process == "fse" and hasard.random() < 0.5:
        yield from _avec_ratures(hasard, d, "dossier", jalons, 0)
    else:
        for rang, jalon in enumerate(jalons):
            yield from _avec_ratures(hasard, d, jalon[0], [jalon], rang)
    if hasard.random() < 0.08:  # a decision that belonged to another dossier
        nom, instant = hasard.choice(list(FINS[d.process])), d.recue + hasard.randrange(JOUR)
        faux = _evenement(hasard, d, f"{d.sujet}-x", nom, [(nom, instant)])
        yield _octets(faux)
        yield _retrait(d, faux)


def _avec_ratures(
    hasard: random.Random, d: _Dossier, genre: str, jalons: list[tuple[str, int]], rang: int
) -> Iterator[bytes]:
    vrai = _evenement(hasard, d, f"{d.sujet}-{rang}", genre, jalons)
    if hasard.random() < 0.1:
        ailleurs = {**vrai["data"], "caisse": hasard.choice(list(CAISSES))}
        avant = [(nom, t - hasard.randrange(5 * JOUR)) for nom, t in jalons]
        yield _octets(_dater({**vrai, "data": ailleurs}, avant))
        vrai |= {"revision": hasard.randrange(1, 4)}
    yield _octets(vrai)
    if d.annule:
        yield _retrait(d, vrai)


def _evenement(
    hasard: random.Random, d: _Dossier, id_: str, genre: str, jalons: list[tuple[str, int]]
) -> dict[str, Any]:
    data: dict[str, Any] = {"caisse": d.caisse}
    if d.nombre != 1:
        data["nombre"] = d.nombre
    data |= {"beneficiaire": "assure"} if d.process == "fse" else {"support": "en_ligne"}
    evenement = {
        "specversion": "1.0",
        "id": id_,
        "source": hasard.choice(SOURCES),
        "type": f"vigie.{d.process}.{genre}.v1",
        "subject": d.sujet,
        "namespace": NUMEROTATION,
        "data": data,
    }
    return _dater(evenement, jalons)


def _dater(evenement: dict[str, Any], jalons: list[tuple[str, int]]) -> dict[str, Any]:
    if evenement["type"].endswith(".dossier.v1"):
        return {**evenement, "data": {**evenement["data"], "jalons": {nom: instant(t) for nom, t in jalons}}}
    return {**evenement, "time": instant(jalons[0][1])}


def _retrait(d: _Dossier, vise: dict[str, Any]) -> bytes:
    return _octets(
        {
            "specversion": "1.0",
            "id": f"{vise['id']}-retrait",
            "source": vise["source"],
            "type": f"vigie.{d.process}.retrait.v1",
            "subject": d.sujet,
            "namespace": NUMEROTATION,
            "data": {"cible": vise["id"]},
        }
    )


def instant(secondes: int) -> str:
    """A Unix second as events write it."""
    return datetime.fromtimestamp(secondes, UTC).isoformat()


def _octets(evenement: dict[str, Any]) -> bytes:
    return json.dumps(evenement).encode()
