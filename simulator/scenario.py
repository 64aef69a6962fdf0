"""The scenario language: what goes wrong, where and when, as matrices [caisse, day] the generators read.

Effects: ``delai`` multiplies the delays of files received in the window; ``derive`` does so little by little,
reaching ``facteur`` on the last day; ``effectif`` multiplies the staff (delays are divided by it, calls meet fewer
advisers); ``absence`` stops the work for the window; ``source_muette`` keeps the events, sent when the source is
back; ``entraide`` has a share of the files done by ``productrice``.
"""

import re
from collections.abc import Iterable
from datetime import date, timedelta

import numpy as np

from simulator.parametres import PROCESSUS, Incident
from simulator.territoire import Entiers, Reels, Territoire

EFFETS = ("delai", "derive", "effectif", "absence", "source_muette", "entraide")

EFFECTIF_ABSENT = 0.05
"""Staff left on the telephone during an absence, as a share."""


def _date(texte: str, fin: date) -> date:
    trouve = re.fullmatch(r"J-(\d+)", texte)
    return fin - timedelta(days=int(trouve[1])) if trouve else date.fromisoformat(texte)


class Scenario:
    """The incidents of one process. Raises ValueError, naming the incident, when one is not understood."""

    def __init__(self, processus: str, incidents: Iterable[Incident], territoire: Territoire, fin: date) -> None:
        forme = territoire.ouvert.shape
        self.delai: Reels = np.ones(forme)
        self.effectif: Reels = np.ones(forme)
        self.retour: Entiers = np.zeros(forme, dtype=np.int64)
        """Unix seconds at which a silent source is back; 0 when it speaks."""
        self.productrice: Entiers = np.full(forme, -1, dtype=np.int64)
        self.part_aidee: Reels = np.zeros(forme)
        self._absences: list[tuple[int, int, int]] = []
        self._territoire = territoire
        for incident in incidents:
            verifier(incident, territoire, fin)
            if incident.processus == processus:
                self._appliquer(incident, fin)

    def _appliquer(self, incident: Incident, fin: date) -> None:
        t = self._territoire
        caisse = t.rangs[incident.caisse]
        du, au = t.jour(_date(incident.du, fin)), t.jour(_date(incident.au, fin)) + 1
        if incident.effet == "delai":
            self.delai[caisse, du:au] *= incident.facteur
        elif incident.effet == "derive":
            self.delai[caisse, du:au] *= np.linspace(1, incident.facteur, au - du)
        elif incident.effet == "effectif":
            self.effectif[caisse, du:au] *= incident.facteur
        elif incident.effet == "absence":
            self.effectif[caisse, du:au] *= EFFECTIF_ABSENT
            self._absences.append((caisse, du, au))
        elif incident.effet == "source_muette":
            self.retour[caisse, du:au] = t.paris(au)
        else:
            self.productrice[caisse, du:au] = t.rangs[incident.productrice]
            self.part_aidee[caisse, du:au] = incident.part

    def lenteur(self, caisse: Entiers, jour: int) -> Reels:
        """What multiplies the delays of files received by these caisses on that day."""
        absent = self.effectif[caisse, jour] <= EFFECTIF_ABSENT
        facteur: Reels = self.delai[caisse, jour] / np.where(absent, 1.0, self.effectif[caisse, jour])
        return facteur

    def reporter(self, caisse: Entiers, debut: Reels, fin: Reels) -> Reels:
        """Ends of work, in service seconds, once the absences between ``debut`` and ``fin`` are added."""
        for absente, du, au in self._absences:
            t = self._territoire
            seule = np.array([absente])
            depart = float(t.service(seule, t.local(np.array([du])))[0])
            reprise = float(t.service(seule, t.local(np.array([au])))[0])
            touche = (caisse == absente) & (debut < reprise) & (fin > depart)
            fin = np.where(touche, fin + reprise - np.maximum(debut, depart), fin)
        return fin

    def aidante(self, caisse: Entiers, jour: int, hasard: Reels) -> list[str]:
        """The JSON member naming the caisse that did the work, empty where it is the responsible one."""
        aide = np.where(hasard < self.part_aidee[caisse, jour], self.productrice[caisse, jour], -1)
        slugs = self._territoire.slugs
        return [f',"productrice":"{slugs[a]}"' if a >= 0 else "" for a in aide.tolist()]


def verifier(incident: Incident, territoire: Territoire, fin: date) -> None:
    """Raise ValueError, saying what is wrong with the incident, when it cannot be played."""
    fautes = []
    if incident.processus not in PROCESSUS:
        fautes.append(f"processus inconnu {incident.processus!r}")
    if incident.effet not in EFFETS:
        fautes.append(f"effet inconnu {incident.effet!r} (attendu : {', '.join(EFFETS)})")
    if incident.caisse not in territoire.rangs:
        fautes.append(f"caisse inconnue {incident.caisse!r}")
    if incident.effet == "entraide" and incident.productrice not in territoire.rangs:
        fautes.append(f"productrice inconnue {incident.productrice!r}")
    if incident.facteur <= 0:
        fautes.append("facteur doit être positif")
    try:
        if _date(incident.du, fin) > _date(incident.au, fin):
            fautes.append("du vient après au")
    except ValueError:
        fautes.append("date illisible (attendu : AAAA-MM-JJ ou J-n)")
    if fautes:
        raise ValueError(f"Incident {incident.processus}/{incident.caisse} : {' ; '.join(fautes)}.")
