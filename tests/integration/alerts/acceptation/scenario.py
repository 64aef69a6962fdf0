"""A network of sixteen caisses and what goes wrong in five of them, as the events their systems would send.

Every Wednesday each caisse closes what it closes in a week; ``nombre`` makes the volumes. Nothing is drawn: what is
expected of the comité is known beforehand.

- cpam-75, *crise*: from July on its first IJ take 50 days, in September 26 again;
- cpam-31, *panne*: its telephone says nothing on Monday 20 and Tuesday 21 July;
- cpam-06, *derive*: the slowest CMU-C/ACS files take 39 days in June, 42 in July, 43 in August;
- ccss-48, *bruit*: ten first IJ in July, half of them slow: beyond the seuil by chance;
- cpam-93, *durable*: two complaints of three answered in time, since January.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from shared.network.calendrier import Calendrier
from shared.network.jours import jour_de

PARIS = ZoneInfo("Europe/Paris")
CRISE, PANNE, DERIVE, BRUIT, DURABLE = "cpam-75", "cpam-31", "cpam-06", "ccss-48", "cpam-93"
CALMES = (
    "cpam-13", "cpam-21", "cpam-33", "cpam-35", "cpam-38", "cpam-44", "cpam-54", "cpam-59-lille-douai", "cpam-67",
    "cpam-69", "cpam-76-le-havre", "cpam-87",
)  # fmt: skip
PABX = "urn:vigie:source:pabx-toulouse"
JOURS_DE_PANNE = (date(2026, 7, 20), date(2026, 7, 21))

CONTACTS, CLAIMS = "contacts", "claims"
Evenement = dict[str, Any]
Envoi = tuple[str, Evenement]
"""(service, event)."""

APPELS_PAR_JOUR = 20
"""Events of the telephone of Toulouse each working day, each of so many calls."""


@dataclass(frozen=True, slots=True)
class Semaine:
    """What one caisse closes in a week. Delays: (days, files); rates: (in time, late)."""

    ij: Sequence[tuple[int, int]]
    cmuc: Sequence[tuple[int, int]]
    fsp: Sequence[tuple[int, int]]
    reclamations: tuple[int, int]
    appels: tuple[int, int] | None


def semaine(caisse: str, jour: date) -> Semaine:
    """The week that ends on a Wednesday."""
    if caisse == BRUIT:
        lents = [(20, 1), (55, 1)] if jour.month == 7 else [(20, 2)]
        return Semaine(lents, [(15, 2)], [(9, 12)], (4, 0), (7, 2) if jour.month == 8 else (9, 1))
    rang = CALMES.index(caisse) if caisse in CALMES else 5
    # Some caisses are slower than others, and no month is like the last.
    ij = 22 + rang % 4 + (jour.month + rang) % 3
    cmuc, lent = 16 + rang % 3, 26 + rang % 5
    reclamations = (90, 10 + rang % 5)
    if caisse == CRISE and jour.month in (7, 8):
        ij = 50
    if caisse == DERIVE and jour.month >= 6:
        lent = {6: 39, 7: 42}.get(jour.month, 43)
    if caisse == DURABLE:
        reclamations = (66, 34)
    return Semaine(
        [(ij - 6, 40), (ij, 80), (ij + 6, 40)],
        [(cmuc, 340), (lent, 60)],
        [(9 + rang % 3, 300), (15, 100)],
        reclamations,
        None if caisse == PANNE else (900 + rang, 70 + rang),
    )


def envois(du: date, au: date) -> Iterator[Envoi]:
    """All that the sources send from a day to another, both in, in the order of days."""
    calendrier = Calendrier("Métropole")
    for n in range((au - du).days + 1):
        jour = du + timedelta(days=n)
        if calendrier.est_ouvre(jour_de(jour)) and jour not in JOURS_DE_PANNE and jour >= date(2026, 5, 4):
            yield from _telephone_de_toulouse(jour)
        if jour.weekday() == 2:
            for caisse in (CRISE, PANNE, DERIVE, BRUIT, DURABLE, *CALMES):
                yield from _clos(caisse, jour)


def _telephone_de_toulouse(jour: date) -> Iterator[Envoi]:
    """Nine calls of ten are answered; two long days of silence are not calls lost, they are nothing at all."""
    for n in range(APPELS_PAR_JOUR):
        instant = datetime.combine(jour, time(9 + n * 8 // APPELS_PAR_JOUR, n * 7 % 60), PARIS)
        fin = "abandonne" if n % 10 == 9 else "decroche"
        jalons = {"presente": instant, fin: instant + timedelta(seconds=40)}
        yield CONTACTS, _evenement("appel", PANNE, f"{jour}-{n}", jalons, source=PABX, nombre=25)


def _clos(caisse: str, jour: date) -> Iterator[Envoi]:
    # At the end of the day: a source that has said all by noon would look silent all afternoon.
    close, semaine_ = datetime.combine(jour, time(17), PARIS), semaine(caisse, jour)

    def avant(jours: int) -> datetime:
        return datetime.combine(jour - timedelta(days=jours), time(17), PARIS)

    for rang, (jours, nombre) in enumerate(semaine_.ij):
        jalons = {"aat_recu": avant(jours), "dsij_recue": avant(jours), "payee": close}
        yield CLAIMS, _evenement("ij", caisse, f"{jour}-{rang}", jalons, nombre=nombre, subrogee="non")
    for rang, (jours, nombre) in enumerate(semaine_.cmuc):
        jalons = {"recue": avant(jours), "decidee_accord": close}
        yield CLAIMS, _evenement("cmuc_acs", caisse, f"{jour}-{rang}", jalons, nombre=nombre)
    for beneficiaire in ("assure", "medecin"):
        for rang, (jours, nombre) in enumerate(semaine_.fsp):
            jalons, sujet = {"recue": avant(jours), "payee": close}, f"{jour}-{beneficiaire}-{rang}"
            yield CLAIMS, _evenement("fsp", caisse, sujet, jalons, nombre=nombre, beneficiaire=beneficiaire)
    for jours, nombre in zip((6, 14), semaine_.reclamations, strict=True):
        if nombre:
            jalons, sujet = {"recue": avant(jours), "repondue": close}, f"{jour}-{jours}"
            yield CONTACTS, _evenement("reclamation", caisse, sujet, jalons, nombre=nombre, service="administratif")
    for fin, nombre in zip(("decroche", "abandonne"), semaine_.appels or (), strict=False):
        jalons = {"presente": close, fin: close + timedelta(seconds=40)}
        yield CONTACTS, _evenement("appel", caisse, f"{jour}-{fin}", jalons, nombre=nombre)


def _evenement(
    process: str, caisse: str, sujet: str, jalons: dict[str, datetime], *, source: str | None = None, **data: Any
) -> Evenement:
    return {
        "specversion": "1.0",
        "id": f"{process}-{caisse}-{sujet}",
        "source": source or f"urn:vigie:source:{process}",
        "subject": f"{caisse}-{sujet}",
        "type": f"vigie.{process}.dossier.v1",
        "data": {"caisse": caisse, "jalons": {nom: i.isoformat() for nom, i in jalons.items()}, **data},
    }
