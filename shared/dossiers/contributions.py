"""What a dossier puts into the cells: a pure function of its state, of its process and of the calendars.

Five kinds of cell. *ouvert*: a file was opened that day. *clos*: it was closed that day, with its outcome, the
clocks that two days cannot give, and the seconds it spent, in all, suspended and in each holder's hands.
*flux*: a call or visit came at that hour and ended so. *attente*: how long it waited, in exact seconds.
*releve*: a quantity was read that day and was so much; n times, so that sums, means and ranks stay exact.
Opened and closed are the two sides of the run-off triangle; closing a file subtracts nothing.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple, Protocol

from shared.catalogue.processus import DETENTEURS, HORLOGES_GARDEES, Processus
from shared.dossiers.chronologie import (
    Pauses,
    arret_de,
    heures_entieres,
    instant_depart,
    jours_hors,
    secondes_par_detenteur,
    suspensions,
)
from shared.dossiers.etat import Valeur, jalons_de, ordre, synthese
from shared.events.contrat import Contenu

OUVERT, CLOS, FLUX, ATTENTE, RELEVE = range(5)

DIMENSIONS = {
    OUVERT: ("process", "caisse", "strate", "jour", "heure"),
    CLOS: (
        "process", "caisse", "productrice", "plateforme", "strate", "jour_ouvert", "heure_ouvert", "jour_clos", "issue",
        *HORLOGES_GARDEES,
    ),
    FLUX: ("process", "caisse", "productrice", "plateforme", "strate", "jour", "heure", "issue"),
    ATTENTE: ("process", "caisse", "productrice", "plateforme", "jour", "issue", "secondes"),
    RELEVE: ("process", "caisse", "productrice", "plateforme", "strate", "jour", "grandeur", "valeur"),
}  # fmt: skip
"""Columns that name a cell of each kind. Days are local day numbers since 1970-01-01; hours -1 when not kept."""

MESURES = {
    OUVERT: ("n",),
    CLOS: ("n", "secondes", "s_suspension", *(f"s_{d}" for d in DETENTEURS)),
    FLUX: ("n",),
    ATTENTE: ("n",),
    RELEVE: ("n",),
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
    def decalage(self, ts: int, /) -> int: ...


class Lieu(NamedTuple):
    """What a caisse lends to its dossiers: local time and administrative time.

    ``ouvres_entre(j1, j2)``: working days in [j1, j2). ``secondes_ouvrees(t1, t2)``: seconds elapsed on
    working days. ``prenante(process, jour)``: organism code that does this process for it (TRAM), or 0.
    ``cede(process)``: whether there is such a day.
    """

    fuseau: HeureLocale
    ouvres_entre: Callable[[int, int], int]
    secondes_ouvrees: Callable[[int, int], int]
    prenante: Callable[[str, int], int]
    cede: Callable[[str], bool]


class Codes(Protocol):
    """The database's dictionary: a small number for each name. An unknown name is noted and given 0."""

    def code(self, genre: str, valeur: str, /) -> int: ...
    def nom(self, genre: str, code: int, /) -> str: ...


class DictionnaireIncomplet(LookupError):
    """A process or one of its outcomes has no code yet: complete the dictionary with ``noms_de`` first."""


def noms_de(processus: Processus) -> list[tuple[str, str]]:
    """(genre, name) that must be in the dictionary before the ``Calcul`` of a process is built."""
    issues = [("issue", issue) for issue in (*processus.issues, EN_COURS)]
    return [("process", processus.code), *issues, *(("grandeur", grandeur) for grandeur in processus.grandeurs)]


class Calcul:
    """Contributions of the dossiers of one process. Reusable; holds no state but caches of the dictionary."""

    def __init__(self, processus: Processus, lieux: Mapping[int, Lieu], codes: Codes) -> None:
        """Raises DictionnaireIncomplet (cells would otherwise be kept under the number 0)."""
        sans_code = [nom for genre, nom in noms_de(processus) if not codes.code(genre, nom)]
        if sans_code:
            raise DictionnaireIncomplet(f"sans code au dictionnaire : {', '.join(sans_code)}")
        self.processus = processus
        self._lieux = lieux
        self._codes = codes
        self._process = codes.code("process", processus.code)
        self._issues = {issue: codes.code("issue", issue) for issue in (*processus.issues, EN_COURS)}
        self._grandeurs = {grandeur: codes.code("grandeur", grandeur) for grandeur in processus.grandeurs}
        self._noms_strates = processus.strates
        self._strates: dict[str | tuple[str, ...], int] = {}
        self._en_heures = processus.en_heures
        self._horloges = tuple(_HORLOGES[h] if h in processus.horloges else _absente for h in HORLOGES_GARDEES)
        self._garde = any(h in processus.horloges for h in HORLOGES_GARDEES)
        self._tenant = _tenant_unique(processus)
        self._calcul = {"dossiers": self._dossier, "flux": self._flux, "releves": self._releve}[processus.forme]

    def contributions(self, contenus: Sequence[Contenu]) -> list[Contribution]:
        """What this state puts into the cells; empty while it has no start or no caisse.

        All are of one process and one caisse; *ouvert* comes before *clos*, *flux* before *attente*, *releve* alone.
        """
        lu = self.lire(contenus)
        return [] if lu is None else self.contributions_de(*lu)

    def lire(self, contenus: Sequence[Contenu]) -> tuple[Contenu, Mapping[str, Valeur]] | None:
        """What a state says all told: its attributes and its merged jalons; None when all of it was withdrawn."""
        if len(contenus) == 1:
            (dit,) = contenus
            if not dit.temps:
                return None
            for valeur in dit.jalons.values():
                if not isinstance(valeur, int):
                    return dit, jalons_de((dit,), self.processus.jalons)
            return dit, dit.jalons
        vivants = ordre([c for c in contenus if c.temps], self._nom_source)
        if not vivants:
            return None
        return synthese(vivants), jalons_de(vivants, self.processus.jalons)

    def contributions_de(self, dit: Contenu, jalons: Mapping[str, Valeur]) -> list[Contribution]:
        """``contributions`` of what ``lire`` gives."""
        lieu = self._lieux.get(dit.caisse)
        return self._calcul(dit, jalons, lieu) if lieu is not None else []

    def _dossier(self, dit: Contenu, jalons: Mapping[str, Valeur], lieu: Lieu) -> list[Contribution]:
        processus = self.processus
        depart = instant_depart(processus, jalons)
        if depart is None:
            return []
        fuseau = lieu.fuseau
        process, caisse, n, jour_ouvert = self._process, dit.caisse, dit.nombre or 1, fuseau.jour(depart)
        heure = fuseau.heure(depart) if self._en_heures else _SANS_HEURE
        strate = self._strate(dit.attributs)
        ouvert = (OUVERT, (process, caisse, strate, jour_ouvert, heure), (n,))
        arret = arret_de(processus, jalons, depart, fuseau.jour)
        if arret is None:
            return [ouvert]
        fin, issue = arret
        jour_clos = fuseau.jour(fin)
        executante = dit.productrice or lieu.prenante(processus.code, jour_ouvert) or caisse
        plateforme = self._plateforme(dit.plateforme)
        pauses: Pauses = suspensions(processus, jalons, depart, fin) if processus.suspensions else ()
        duree = fin - depart
        if self._tenant is None:
            detenu = secondes_par_detenteur(processus, jalons, depart, fin, executante != caisse)
            montants = [n, duree, sum([b - a for a, b in pauses]), *detenu]
        else:
            montants = [n, duree, 0, *_ZEROS]
            montants[self._tenant[executante != caisse]] = duree
        if n != 1:
            montants[1:] = [m * n for m in montants[1:]]
        clocks = _SANS_HORLOGE
        if self._garde:
            passage = _Passage(lieu, depart, fin, jour_ouvert, jour_clos, pauses)
            clocks = tuple([min(horloge(passage), CLOCK_MAX) for horloge in self._horloges])
        code = self._issues[issue]
        dims = (process, caisse, executante, plateforme, strate, jour_ouvert, heure, jour_clos, code, *clocks)
        return [ouvert, (CLOS, dims, tuple(montants))]

    def _flux(self, dit: Contenu, jalons: Mapping[str, Valeur], lieu: Lieu) -> list[Contribution]:
        processus, fuseau, caisse = self.processus, lieu.fuseau, dit.caisse
        depart = instant_depart(processus, jalons)
        arret = arret_de(processus, jalons, depart, fuseau.jour)
        if depart is not None:
            arrivee = depart
        elif arret is not None:
            arrivee = arret[0]
        else:
            return []
        process, n, jour = self._process, dit.nombre or 1, fuseau.jour(arrivee)
        issue = self._issues[EN_COURS if arret is None else arret[1]]
        executante = dit.productrice or lieu.prenante(processus.code, jour) or caisse
        plateforme = self._plateforme(dit.plateforme)
        strate, heure = self._strate(dit.attributs), fuseau.heure(arrivee)
        flux = (FLUX, (process, caisse, executante, plateforme, strate, jour, heure, issue), (n,))
        if depart is None or arret is None:
            return [flux]
        attente = min(max(arret[0] - depart, 0), ATTENTE_MAX)
        return [flux, (ATTENTE, (process, caisse, executante, plateforme, jour, issue, attente), (n,))]

    def _releve(self, dit: Contenu, jalons: Mapping[str, Valeur], lieu: Lieu) -> list[Contribution]:
        processus, caisse = self.processus, dit.caisse
        pris = instant_depart(processus, jalons)
        if pris is None:
            return []
        jour = lieu.fuseau.jour(pris)
        executante = dit.productrice or lieu.prenante(processus.code, jour) or caisse
        plateforme = self._codes.code("plateforme", dit.plateforme) if dit.plateforme else 0
        tete = (self._process, caisse, executante, plateforme, self._strate(dit.attributs), jour)
        return [
            (RELEVE, (*tete, code, int(valeur)), (dit.nombre or 1,))
            for grandeur, code in self._grandeurs.items()
            if (valeur := dit.attributs.get(grandeur, "")).isdecimal()
        ]

    def _strate(self, attributs: Mapping[str, str]) -> int:
        noms = self._noms_strates
        cle = attributs.get(noms[0], "") if len(noms) == 1 else tuple([attributs.get(nom, "") for nom in noms])
        code = self._strates.get(cle)
        if not code:
            code = self._codes.code("strate", nom_strate({nom: attributs.get(nom, "") for nom in noms}))
            self._strates[cle] = code
        return code

    def _plateforme(self, nom: str) -> int:
        return self._codes.code("plateforme", nom) if nom else 0

    def _nom_source(self, code: int) -> str:
        return self._codes.nom("source", code)


def _tenant_unique(processus: Processus) -> tuple[int, int] | None:
    """Rank among the amounts of whoever holds a dossier from its start to its end, never suspended: at home, and
    when the work is done by another caisse. None when it changes hands."""
    unique = len(processus.depart) == 1 and processus.detenteurs.keys() in ({"start"}, {processus.depart[0]})
    if processus.suspensions or not unique:
        return None
    (qui,) = processus.detenteurs.values()
    rangs = [MESURES[CLOS].index(f"s_{d}") for d in (qui, "prenante" if qui == "caisse" else qui)]
    return rangs[0], rangs[1]


class _Passage(NamedTuple):
    """What the clocks of a closed dossier are computed from."""

    lieu: Lieu
    depart: int
    fin: int
    jour_ouvert: int
    jour_clos: int
    pauses: Pauses


def _heures(p: _Passage) -> int:
    return heures_entieres(p.fin - p.depart)


def _heures_ouvrees(p: _Passage) -> int:
    return heures_entieres(p.lieu.secondes_ouvrees(p.depart, p.fin))


def _jours_hors_suspension(p: _Passage) -> int:
    return jours_hors(p.pauses, p.jour_ouvert, p.jour_clos, p.lieu.fuseau.jour, lambda a, b: b - a)


def _jours_ouvres_hors_suspension(p: _Passage) -> int:
    return jours_hors(p.pauses, p.jour_ouvert, p.jour_clos, p.lieu.fuseau.jour, p.lieu.ouvres_entre)


def _absente(_: _Passage) -> int:
    return _HORLOGE_ABSENTE


_HORLOGES: Mapping[str, Callable[[_Passage], int]] = {
    "heures": _heures,
    "heures_ouvrees": _heures_ouvrees,
    "jours_hors_suspension": _jours_hors_suspension,
    "jours_ouvres_hors_suspension": _jours_ouvres_hors_suspension,
}
_SANS_HORLOGE = (_HORLOGE_ABSENTE,) * len(HORLOGES_GARDEES)
_ZEROS = (0,) * len(DETENTEURS)


def nom_strate(valeurs: Mapping[str, str]) -> str:
    """The text that names a stratum: ``beneficiaire=assure;regime=`` (an empty value: not said)."""
    return ";".join(f"{nom}={valeur}" for nom, valeur in valeurs.items())


def lire_strate(nom: str) -> dict[str, str]:
    """The inverse of ``nom_strate``."""
    return dict(paire.split("=", 1) for paire in nom.split(";")) if nom else {}
