"""From counts to CloudEvents, in the form the services take: what a day of the twin looks like to them.

Calls: one event per caisse, hour, outcome and caisse that answered, with ``nombre`` calls each. Files: dossiers that
stand for ``fraction`` files each (``nombre``), opened, suspended and closed as the twin does with the files of their
day; what aidantes worked carries ``productrice``. Lines are those of ``simulator.evenements.Plume``.
"""

from collections import defaultdict
from collections.abc import Collection, Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone
from heapq import heappop, heappush
from zlib import crc32

import numpy as np

from shared.network.jours import jour_de
from shared.network.plateformes import charger_plateformes
from simulator.evenements import SYSTEMES, Dossiers, Lot, Plume
from simulator.jumeau.jumeau import Journee, Jumeau
from simulator.jumeau.monde import AVANCE_DSIJ, HEURES
from simulator.jumeau.parametres import DOSSIERS, PROCESS
from simulator.parametres import CONTACTS
from simulator.territoire import JOUR, OUVERTURE, SERVICE

_FIN = {"courriel": "repondu", "fsp": "payee", "ij": "payee", "cmuc_acs": "decidee_accord"}
_ATTRIBUTS = {
    "courriel": "",
    "fsp": ',"beneficiaire":"assure"',
    "ij": ',"subrogee":"non","risque":"maladie"',
    "cmuc_acs": ',"support":"courrier"',
}
_HEURE = 3_600


@dataclass(slots=True)
class _Lots:
    """Events of one process on one day, being gathered."""

    caisses: list[int] = field(default_factory=list)
    sujets: list[str] = field(default_factory=list)
    par_jalon: defaultdict[str, list[tuple[int, int, str]]] = field(default_factory=lambda: defaultdict(list))

    def ajouter(self, jalon: str, caisse: int, sujet: str, instant: int, donnees: str) -> None:
        self.par_jalon[jalon].append((len(self.caisses), instant, donnees))
        self.caisses.append(caisse)
        self.sujets.append(sujet)


@dataclass(slots=True)
class _Pile:
    """Dossiers of one process and caisse, as (start of the delay, subject): heaps of those at hand, never seen and back
    from the assuré; those at the assuré's. ``reste``: files received that do not make a whole dossier yet.
    """

    neufs: list[tuple[int, str]] = field(default_factory=list)
    completes: list[tuple[int, str]] = field(default_factory=list)
    rendus: list[tuple[int, str]] = field(default_factory=list)
    reste: int = 0
    faits: int = 0

    def __len__(self) -> int:
        return len(self.neufs) + len(self.completes) + len(self.rendus)


class Journal:
    """Follows a twin from its present day on. ``fraction``: files that one dossier stands for; ``process``: those told.

    Call ``lignes`` once after each ``Jumeau.avancer``: the state of the twin is read, never changed.
    """

    def __init__(self, jumeau: Jumeau, fraction: int = 100, process: Collection[str] = PROCESS) -> None:
        if fraction < 1:
            raise ValueError("Une fraction est d'au moins un dossier.")
        self._jumeau, self._fraction, self._racontes = jumeau, fraction, frozenset(process)
        self._t = jumeau.monde.territoire
        self._premier = self._t.jour(jumeau.monde.date(0))
        self._plume = Plume(self._t, jumeau.monde.graine)
        self._piles = {p: [_Pile() for _ in jumeau.monde.slugs] for p in DOSSIERS}
        # Files closed before are not told; those still open are, with the day they came.
        self._vus = {p: f.recus - f.neufs - f.completes - f.suspendus for p, f in jumeau.files.items()}
        self._a_venir: defaultdict[tuple[str, int], list[tuple[str, int, str, int, str]]] = defaultdict(list)
        self._aides: defaultdict[tuple[str, int, int], float] = defaultdict(float)
        plateformes, debut = charger_plateformes(), jour_de(jumeau.monde.debut)
        self._plateformes = [plateformes.de_la_caisse(c.code, debut)[0].code for c in self._t.caisses]

    def lignes(self, journee: Journee) -> Iterator[tuple[str, bytes]]:
        """(service, line) of every event of the day just played."""
        if "appel" in self._racontes:
            yield from self._ecrire("appel", self._appels(journee))
        for process in DOSSIERS:
            if process in self._racontes:
                yield from self._ecrire(process, self._dossiers(process, journee))

    def _ecrire(self, process: str, lots: _Lots) -> Iterator[tuple[str, bytes]]:
        service = "contacts" if process in CONTACTS else "claims"
        caisse = np.array(lots.caisses, dtype=np.int64)
        dossiers = Dossiers(process, caisse, lots.sujets, np.zeros(len(caisse), dtype=np.int64), [])
        for jalon, evenements in lots.par_jalon.items():
            rangs, instants, donnees = zip(*evenements, strict=True)
            lot = Lot(jalon, np.array(rangs), np.array(instants, dtype=np.int64), list(donnees))
            for ligne in self._plume.lignes(dossiers, lot, self._plume.ids(dossiers, lot)):
                yield service, ligne

    def _minuit(self, jour: int) -> int:
        """Local instant at which a day of the run starts."""
        return (self._premier + jour + self._t.epoque) * JOUR

    def _texte(self, caisse: int, instant: int) -> str:
        decalage = int(self._t.decalage[caisse, instant // JOUR - self._t.epoque])
        return datetime.fromtimestamp(instant - decalage, tz=timezone(timedelta(seconds=decalage))).isoformat()

    def _appels(self, journee: Journee) -> _Lots:
        lots, a = _Lots(), journee.appels
        minuit = self._minuit(journee.jour)
        presence = self._jumeau.monde.parametres.telephone.presence
        staff = a.agents.sum(axis=1) / (presence * HEURES)
        part = np.where(staff > 0, journee.utiles[0] / np.maximum(staff, 1e-9), 0.0)
        for c, h in zip(*np.nonzero(a.presentes), strict=True):
            caisse, heure, decroches = int(c), int(h), int(a.decroches[c, h])
            debut = minuit + OUVERTURE + heure * _HEURE
            # A minute in the queue: neither a short abandonment nor a long wait.
            presente, fin = self._texte(caisse, debut), self._texte(caisse, debut + 60)
            aides = self._prendre("appel", journee.jour, caisse, decroches, float(part[caisse]))
            issues = [("decroche", n, qui) for qui, n in aides.items()]
            issues.append(("decroche", decroches - sum(aides.values()), -1))
            issues.append(("abandonne", int(a.abandons[c, h]), -1))
            for issue, nombre, qui in issues:
                if nombre > 0:
                    donnees = (
                        f'{self._productrice(qui)},"plateforme":"{self._plateformes[caisse]}","nombre":{nombre},'
                        f'"jalons":{{"presente":"{presente}","{issue}":"{fin}"}}'
                    )
                    sujet = f"JUMEAU-{journee.jour}-{caisse}-{heure}-{issue}-{qui}"
                    lots.ajouter("dossier", caisse, sujet, debut + 60, donnees)
        return lots

    def _dossiers(self, process: str, journee: Journee) -> _Lots:
        lots, file, jour = _Lots(), self._jumeau.files[process], journee.jour
        d, fraction = journee.dossiers[process], self._fraction
        nouveaux = file.recus[:, : jour + 1] - self._vus[process][:, : jour + 1]
        self._vus[process][:, : jour + 1] += nouveaux
        part = np.divide(d.aides, d.passages, out=np.zeros(len(d.aides)), where=d.passages > 0)
        for caisse, pile in enumerate(self._piles[process]):
            for depart in np.flatnonzero(nouveaux[caisse]).tolist():
                entiers, pile.reste = divmod(pile.reste + int(nouveaux[caisse, depart]), fraction)
                for _ in range(entiers):
                    sujet = self._ouvrir(lots, process, caisse, depart, pile.faits)
                    heappush(pile.neufs, (depart, sujet))
                    pile.faits += 1
            self._suspendre(lots, caisse, jour, pile, int(d.suspendus[caisse]) // fraction)
            ouverts = -(-int(d.stock[caisse] + d.suspendus[caisse]) // fraction)
            finis = []
            while len(pile) > ouverts and (pile.completes or pile.neufs):
                finis.append(heappop(pile.completes or pile.neufs))
            if finis:
                self._clore(process, caisse, jour, finis, float(part[caisse]))
        for jalon, caisse, sujet, instant, donnees in self._a_venir.pop((process, jour), []):
            lots.ajouter(jalon, caisse, sujet, instant, donnees)
        return lots

    def _ouvrir(self, lots: _Lots, process: str, caisse: int, depart: int, numero: int) -> str:
        sujet = f"{SYSTEMES[process].upper()}-J{depart}-{caisse}-{numero}"
        recu = self._recu(depart, sujet)
        donnees = f'{_ATTRIBUTS[process]},"nombre":{self._fraction}'
        if process == "ij":
            avance = AVANCE_DSIJ * JOUR if _tirage(sujet + "avant") % 10 == 0 else 0
            aat, dsij = self._texte(caisse, recu), self._texte(caisse, recu - avance)
            jalons = f',"jalons":{{"aat_recu":"{aat}","dsij_recue":"{dsij}"}}'
            lots.ajouter("dossier", caisse, sujet, recu, donnees + jalons)
        else:
            lots.ajouter("recu" if process == "courriel" else "recue", caisse, sujet, recu, donnees)
        return sujet

    def _suspendre(self, lots: _Lots, caisse: int, jour: int, pile: _Pile, rendus: int) -> None:
        """Bring the dossiers at the assuré's to their number: receive some completed, or give the oldest back."""
        while len(pile.rendus) > rendus:
            # Any of them: the assuré's answer has no age.
            depart, sujet = pile.rendus.pop(_tirage(f"{jour}|{caisse}|{len(pile.rendus)}") % len(pile.rendus))
            heappush(pile.completes, (depart, sujet))
            lots.ajouter("completee", caisse, sujet, self._minuit(jour) + OUVERTURE - _HEURE, self._nombre())
        while len(pile.rendus) < rendus and pile.neufs:
            depart, sujet = heappop(pile.neufs)
            pile.rendus.append((depart, sujet))
            lots.ajouter("incomplete", caisse, sujet, self._au_travail(caisse, jour, depart, sujet), self._nombre())

    def _clore(self, process: str, caisse: int, jour: int, finis: list[tuple[int, str]], part: float) -> None:
        """Plan the ends: at once, or spread over the payment cycle; the oldest done by aidantes first."""
        p = self._jumeau.monde.parametres.dossiers[process]
        aides = self._prendre(process, jour, caisse, len(finis), part)
        qui = [aidante for aidante, nombre in aides.items() for _ in range(nombre)]
        for rang, (depart, sujet) in enumerate(finis):
            fin = jour + p.apres + (rang + jour) % max(1, p.cycle)
            instant = self._au_travail(caisse, fin, depart, sujet)
            donnees = self._productrice(qui[rang] if rang < len(qui) else -1) + self._nombre()
            self._a_venir[process, fin].append((_FIN[process], caisse, sujet, instant, donnees))

    def _recu(self, depart: int, sujet: str) -> int:
        return self._minuit(depart) + OUVERTURE + _tirage(sujet) % SERVICE

    def _au_travail(self, caisse: int, jour: int, depart: int, sujet: str) -> int:
        """A local instant of work on that day or on the next one that is worked, after the dossier came."""
        travaille = jour
        while not self._t.ouvert[caisse, self._premier + travaille]:
            travaille += 1
        instant = self._minuit(travaille) + OUVERTURE + _tirage(f"{sujet}|{jour}") % SERVICE
        return max(instant, self._recu(depart, sujet) + _HEURE // 6)

    def _prendre(self, process: str, jour: int, caisse: int, nombre: int, part: float) -> dict[int, int]:
        """How many of ``nombre`` items each aidante did, by rank; what does not make a whole one waits for the next."""
        if part <= 0 or not nombre:
            return {}
        prets = [p for p in self._jumeau.prets if (p.process, p.aidee) == (process, caisse) and p.du <= jour <= p.au]
        total = sum(p.etp for p in prets)
        if not total:
            return {}
        faits: defaultdict[int, int] = defaultdict(int)
        reste = nombre
        for p in prets:
            cle = (process, p.aidante, caisse)
            self._aides[cle] += nombre * min(1.0, part) * p.etp / total
            pris = min(reste, int(self._aides[cle]))
            self._aides[cle] -= pris
            reste -= pris
            faits[p.aidante] += pris
        return {aidante: n for aidante, n in faits.items() if n}

    def _productrice(self, rang: int) -> str:
        return f',"productrice":"{self._t.slugs[rang]}"' if rang >= 0 else ""

    def _nombre(self) -> str:
        return f',"nombre":{self._fraction}'


def _tirage(texte: str) -> int:
    """A number that is always the same for a text."""
    return crc32(texte.encode())
