"""What a dossier puts into the cells: a pure function of its state, of its process and of the calendars.

Four kinds of cell. *ouvert*: a file was opened that day. *clos*: it was closed that day, with its outcome, the
clocks that two days cannot give, and the seconds it spent, in all, suspended and in each holder's hands.
*flux*: a call or visit came at that hour and ended so. *attente*: how long it waited, in exact seconds.
Opened and closed are the two sides of the run-off triangle; closing a file subtracts nothing.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple, Protocol

from shared.catalogue.processus import DETENTEURS, HORLOGES_GARDEES, Processus
from shared.dossiers.etat import Etat, Valeur, jalons_de, ordre, synthese
from shared.events.contrat import Contenu

OUVERT, CLOS, FLUX, ATTENTE = range(4)

DIMENSIONS = {
    OUVERT: ("process", "caisse", "strate", "jour", "heure"),
    CLOS: (
        "process", "caisse", "productrice", "plateforme", "strate", "jour_ouvert", "heure_ouvert", "jour_clos", "issue",
        *HORLOGES_GARDEES,
    ),
    FLUX: ("process", "caisse", "productrice", "plateforme", "strate", "jour", "heure", "issue"),
    ATTENTE: ("process", "caisse", "productrice", "plateforme", "jour", "issue", "secondes"),
}  # fmt: skip
"""Columns that name a cell of each kind. Days are local day numbers since 1970-01-01; hours -1 when not kept."""

MESURES = {
    OUVERT: ("n",),
    CLOS: ("n", "secondes", "s_suspension", *(f"s_{d}" for d in DETENTEURS)),
    FLUX: ("n",),
    ATTENTE: ("n",),
}
"""Amounts of a cell of each kind; they add."""

ATTENTE_MAX = 3_600
"""Seconds beyond which waits share one cell."""

EN_COURS = "en_cours"
"""Outcome of a call or visit that has arrived and not ended yet."""

CLOCK_MAX = 32_767
"""Largest value a clock column holds."""

Montants = tuple[int, ...]
Contribution = tuple[int, tuple[int, ...], Montants]
"""(kind, dimensions in the order of DIMENSIONS, amounts in the order of MESURES)."""

_SANS_HEURE = -1
_HORLOGE_ABSENTE = -1


class HeureLocale(Protocol):
    """Local time of one zone (shared.network.heure_locale.Fuseau)."""

    def jour(self, ts: int, /) -> int: ...
    def heure(self, ts: int, /) -> int: ...


class Lieu(NamedTuple):
    """What a caisse lends to its dossiers: local time and administrative time.

    ``ouvres_entre(j1, j2)``: working days in [j1, j2). ``secondes_ouvrees(t1, t2)``: seconds elapsed on
    working days. ``prenante(process, jour)``: organism code that does this process for it (TRAM), or 0.
    """

    fuseau: HeureLocale
    ouvres_entre: Callable[[int, int], int]
    secondes_ouvrees: Callable[[int, int], int]
    prenante: Callable[[str, int], int]


class Codes(Protocol):
    """The database's dictionary: a small number for each name. An unknown name is noted and given 0."""

    def code(self, genre: str, valeur: str, /) -> int: ...


class Calcul:
    """Contributions of the dossiers of one process. Reusable; holds no state but caches of the dictionary."""

    def __init__(self, processus: Processus, lieux: Mapping[int, Lieu], codes: Codes) -> None:
        self.processus = processus
        self._lieux = lieux
        self._codes = codes
        self._process = codes.code("process", processus.code)
        self._issues = {issue: codes.code("issue", issue) for issue in (*processus.issues, EN_COURS)}
        self._strates: dict[tuple[str, ...], int] = {}
        self._en_heures = processus.en_heures
        self._sans_clocks = (_HORLOGE_ABSENTE,) * len(HORLOGES_GARDEES)
        self._gardees = tuple(h for h in HORLOGES_GARDEES if h in processus.horloges)
        self._calcul = self._dossier if processus.forme == "dossiers" else self._flux

    def contributions(self, etat: Etat) -> list[Contribution]:
        """What this state puts into the cells; empty while it has no start or no caisse."""
        if len(etat) == 1:
            (contenu,) = etat.values()
            vivants: Sequence[Contenu] = (contenu,) if contenu.temps else ()
        else:
            vivants = ordre(c for c in etat.values() if c.temps)
        if not vivants:
            return []
        dit = synthese(vivants)
        lieu = self._lieux.get(dit.caisse)
        if lieu is None:
            return []
        return self._calcul(dit, jalons_de(vivants, self.processus.jalons), lieu)

    def _dossier(self, dit: Contenu, jalons: Mapping[str, Valeur], lieu: Lieu) -> list[Contribution]:
        processus = self.processus
        depart = instant_depart(processus, jalons)
        if depart is None:
            return []
        caisse, fuseau, n = dit.caisse, lieu.fuseau, dit.nombre or 1
        jour_ouvert = fuseau.jour(depart)
        heure = fuseau.heure(depart) if self._en_heures else _SANS_HEURE
        strate = self._strate(dit.attributs)
        ouvert = (OUVERT, (self._process, caisse, strate, jour_ouvert, heure), (n,))
        arret = arret_de(processus, jalons, depart, jour_ouvert, fuseau)
        if arret is None:
            return [ouvert]
        fin, issue = arret
        executante = dit.productrice or lieu.prenante(processus.code, jour_ouvert) or caisse
        pauses = suspensions(processus, jalons, depart, fin) if processus.suspensions else ()
        dims = (
            self._process, caisse, executante, self._plateforme(dit.plateforme), strate,
            jour_ouvert, heure, fuseau.jour(fin), self._issues[issue],
            *(self._clocks(lieu, depart, fin, pauses) if self._gardees else self._sans_clocks),
        )  # fmt: skip
        detenu = secondes_par_detenteur(processus, jalons, depart, fin, executante != caisse)
        suspendu = sum([b - a for a, b in pauses]) if pauses else 0
        montants = (n, fin - depart, suspendu, *detenu)
        return [ouvert, (CLOS, dims, montants if n == 1 else (n, *[m * n for m in montants[1:]]))]

    def _flux(self, dit: Contenu, jalons: Mapping[str, Valeur], lieu: Lieu) -> list[Contribution]:
        depart = instant_depart(self.processus, jalons)
        fuseau = lieu.fuseau
        jour_depart = fuseau.jour(depart) if depart is not None else None
        arret = arret_de(self.processus, jalons, depart, jour_depart, fuseau)
        arrivee = depart if depart is not None else arret[0] if arret is not None else None
        if arrivee is None:
            return []
        n = dit.nombre or 1
        jour = fuseau.jour(arrivee)
        issue = self._issues[arret[1] if arret is not None else EN_COURS]
        executante = dit.productrice or lieu.prenante(self.processus.code, jour) or dit.caisse
        plateforme = self._plateforme(dit.plateforme)
        dims = (
            self._process, dit.caisse, executante, plateforme, self._strate(dit.attributs), jour,
            fuseau.heure(arrivee), issue,
        )  # fmt: skip
        flux = (FLUX, dims, (n,))
        if depart is None or arret is None:
            return [flux]
        attente = min(arret[0] - depart, ATTENTE_MAX)
        return [
            flux,
            (ATTENTE, (self._process, dit.caisse, executante, plateforme, jour, issue, attente), (n,)),
        ]

    def _strate(self, attributs: Mapping[str, str]) -> int:
        cle = tuple([attributs.get(nom, "") for nom in self.processus.strates])
        code = self._strates.get(cle)
        if not code:
            code = self._codes.code("strate", nom_strate(dict(zip(self.processus.strates, cle, strict=True))))
            self._strates[cle] = code
        return code

    def _plateforme(self, nom: str) -> int:
        return self._codes.code("plateforme", nom) if nom else 0

    def _clocks(self, lieu: Lieu, depart: int, fin: int, pauses: Sequence[tuple[int, int]]) -> tuple[int, ...]:
        valeurs = {
            "heures": lambda: heures_entieres(fin - depart),
            "heures_ouvrees": lambda: heures_entieres(lieu.secondes_ouvrees(depart, fin)),
            "jours_hors_suspension": lambda: _jours_hors(pauses, depart, fin, lieu, lambda a, b: b - a),
            "jours_ouvres_hors_suspension": lambda: _jours_hors(pauses, depart, fin, lieu, lieu.ouvres_entre),
        }
        return tuple(min(valeurs[h](), CLOCK_MAX) if h in self._gardees else _HORLOGE_ABSENTE for h in HORLOGES_GARDEES)


def nom_strate(valeurs: Mapping[str, str]) -> str:
    """The text that names a stratum: ``beneficiaire=assure;regime=`` (an empty value: not said)."""
    return ";".join(f"{nom}={valeur}" for nom, valeur in valeurs.items())


def lire_strate(nom: str) -> dict[str, str]:
    """The inverse of ``nom_strate``."""
    return dict(paire.split("=", 1) for paire in nom.split(";")) if nom else {}


def heures_entieres(secondes: int) -> int:
    """Hours rounded up, so that 48 h 30 is not within 48 h."""
    return -(-secondes // 3_600)


def instant_depart(processus: Processus, jalons: Mapping[str, Valeur]) -> int | None:
    """When the clock starts: the latest of the start jalons once all are there; None before."""
    if len(processus.depart) == 1:
        seul = jalons.get(processus.depart[0])
        return seul[0] if isinstance(seul, list) else seul
    depart: int | None = None
    for nom in processus.depart:
        valeur = jalons.get(nom)
        if valeur is None:
            return None
        instant = valeur[0] if isinstance(valeur, list) else valeur
        if depart is None or instant > depart:
            depart = instant
    return depart


def arret_de(
    processus: Processus,
    jalons: Mapping[str, Valeur],
    depart: int | None,
    jour_depart: int | None,
    fuseau: HeureLocale,
) -> tuple[int, str] | None:
    """The earliest stop that is not dated before the day of the start, as (Unix second, outcome).

    A stop earlier than the start on the same local day counts as zero seconds (sources that only give days);
    on an earlier day it is kept with the dossier but closes nothing. Ties go to the first declared.
    """
    gagnant: tuple[int, str] | None = None
    for arret in processus.arrets:
        valeur = jalons.get(arret.jalon)
        if valeur is None:
            continue
        instant = valeur if isinstance(valeur, int) else valeur[0]
        if depart is not None and instant < depart:
            if fuseau.jour(instant) != jour_depart:
                continue
            instant = depart
        if gagnant is None or instant < gagnant[0]:
            court = arret.secondes_max is not None and depart is not None and instant - depart <= arret.secondes_max
            gagnant = (instant, arret.issue_avant if court and arret.issue_avant else arret.issue)
    return gagnant


def suspensions(processus: Processus, jalons: Mapping[str, Valeur], depart: int, fin: int) -> list[tuple[int, int]]:
    """Suspended intervals within [depart, fin], disjoint and in order; one never resumed lasts until ``fin``."""
    pauses: list[tuple[int, int]] = []
    for debut, reprise in processus.suspensions:
        bascules = sorted([*((t, 0) for t in _instants(jalons, debut)), *((t, 1) for t in _instants(jalons, reprise))])
        ouverte: int | None = None
        for instant, sens in bascules:
            if sens == 0 and ouverte is None:
                ouverte = instant
            elif sens == 1 and ouverte is not None:
                pauses.append((ouverte, instant))
                ouverte = None
        if ouverte is not None:
            pauses.append((ouverte, fin))
    return _unir([(max(a, depart), min(b, fin)) for a, b in pauses])


def _unir(intervalles: list[tuple[int, int]]) -> list[tuple[int, int]]:
    unis: list[tuple[int, int]] = []
    for a, b in sorted(i for i in intervalles if i[0] < i[1]):
        if unis and a <= unis[-1][1]:
            unis[-1] = (unis[-1][0], max(b, unis[-1][1]))
        else:
            unis.append((a, b))
    return unis


def _instants(jalons: Mapping[str, Valeur], nom: str) -> Sequence[int]:
    valeur = jalons.get(nom, ())
    return (valeur,) if isinstance(valeur, int) else valeur


def _jours_hors(
    pauses: Sequence[tuple[int, int]], depart: int, fin: int, lieu: Lieu, entre: Callable[[int, int], int]
) -> int:
    jour = lieu.fuseau.jour
    return entre(jour(depart), jour(fin)) - sum(entre(jour(a), jour(b)) for a, b in pauses)


def secondes_par_detenteur(
    processus: Processus, jalons: Mapping[str, Valeur], depart: int, fin: int, executee_ailleurs: bool
) -> tuple[int, ...]:
    """Seconds in each holder's hands (order of DETENTEURS) from the first holding jalon to ``fin``.

    Time before the start counts too: a first IJ waits for the employer before its clock runs. What the caisse
    holds while another caisse does the work is the *prenante*'s.
    """
    detenteurs = processus.detenteurs
    if len(detenteurs) == 1:
        ((nom, qui),) = detenteurs.items()
        seul = jalons.get(nom)
        if isinstance(seul, int):
            if qui == "caisse" and executee_ailleurs:
                qui = "prenante"
            return tuple([fin - seul if d == qui else 0 for d in DETENTEURS])
    passages = sorted(
        (instant, rang, qui)
        for rang, (nom, qui) in enumerate(detenteurs.items())
        for instant in ((depart,) if nom == "start" else _instants(jalons, nom))
        if instant < fin
    )
    total = [0] * len(DETENTEURS)
    for (debut, _, qui), suivant in zip(passages, [*(p[0] for p in passages[1:]), fin], strict=True):
        rang = DETENTEURS.index("prenante" if qui == "caisse" and executee_ailleurs else qui)
        total[rang] += suivant - debut
    return tuple(total)
