"""The network's side of the loop: the twin day by day, what it tells, and the missions it is told. No service here."""

from collections.abc import Iterable, Mapping
from datetime import date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from shared.network.mois import Mois, mois_de
from simulator.jumeau.evenements import Journal
from simulator.jumeau.jumeau import Jumeau, Pret
from simulator.jumeau.mesures import Historique
from simulator.simulation import Journee
from vigie.boucle.reglages import Reglages

PARIS = ZoneInfo("Europe/Paris")

JOURS = 7


class Reseau:
    """One run of the twin, warmed up: the next day to be played is the first that counts."""

    def __init__(self, reglages: Reglages) -> None:
        self.reglages = reglages
        self.monde = reglages.monde()
        self.jumeau = Jumeau(self.monde)
        self.historique = Historique(self.jumeau)
        self._rangs = {slug: rang for rang, slug in enumerate(self.monde.slugs)}
        while self.jumeau.jour < self.monde.amorce:
            self.historique.noter(self.jumeau.avancer())

    @property
    def demain(self) -> date | None:
        """The next day to be played; None after the last."""
        return self.monde.date(self.jumeau.jour) if self.jumeau.jour < self.monde.jours else None

    def avancer(self) -> None:
        """Play a day that is told to nobody. Raises IndexError after the last."""
        self.historique.noter(self.jumeau.avancer())

    def raconter(self, journal: Journal) -> Journee:
        """Play a day, and tell it."""
        jour = self.monde.date(self.jumeau.jour)
        joue = self.jumeau.avancer()
        self.historique.noter(joue)
        lignes: Mapping[str, list[bytes]] = {"contacts": [], "claims": []}
        for service, ligne in journal.lignes(joue):
            lignes[service].append(ligne)
        return Journee(jour, lignes["contacts"], lignes["claims"], soir(jour))

    def preter(self, missions: Iterable[Mapping[str, Any]]) -> None:
        """What active missions lend on the day to come. Raises PretImpossible."""
        jour = self.jumeau.jour
        self.jumeau.preter([p for m in missions if (p := self._pret(m, jour)) is not None])

    def _pret(self, mission: Mapping[str, Any], jour: int) -> Pret | None:
        debut = self.monde.jour(date.fromisoformat(mission["debut"]))
        semaine = (jour - debut) // JOURS
        if not 0 <= semaine < len(mission["etp"]):
            return None
        aidante, aidee = (self._rangs[mission[cote]] for cote in ("aidante", "aidee"))
        return Pret(mission["process"], aidante, aidee, mission["etp"][semaine], jour, jour, debut)

    def par_mois(self, caisse: str) -> dict[str, float]:
        """The indicator of the process by whole month, as the twin counts it."""
        return {str(m): self._valeur(caisse, m.du, m.au) for m in mois_entiers(self.reglages)}

    def par_semaine(self, caisse: str) -> dict[str, float]:
        """The same by week, by its Monday."""
        premier = self.reglages.debut + timedelta(days=-self.reglages.debut.weekday() % JOURS)
        fin = self.monde.date(self.jumeau.jour)
        lundis = [premier + timedelta(days=JOURS * rang) for rang in range((fin - premier).days // JOURS)]
        return {str(lundi): self._valeur(caisse, lundi, lundi + timedelta(days=JOURS - 1)) for lundi in lundis}

    def _valeur(self, caisse: str, du: date, au: date) -> float:
        valeurs = self.historique.valeur(self.reglages.process, self.monde.jour(du), self.monde.jour(au) + 1)
        return round(float(valeurs[self._rangs[caisse]]), 2)


def sans_aide(reglages: Reglages) -> Reseau:
    """The same world to its end, where nobody helps."""
    reseau = Reseau(reglages)
    while reseau.demain is not None:
        reseau.avancer()
    return reseau


def mois_entiers(reglages: Reglages) -> list[Mois]:
    """The months of the run that it plays from their first day to their last."""
    fin = reglages.debut + timedelta(days=reglages.jours)
    mois = mois_de(reglages.debut)
    tous = [mois.plus(rang) for rang in range(reglages.jours // 28 + 1)]
    return [m for m in tous if reglages.debut <= m.du and m.au < fin]


def matin(jour: date) -> datetime:
    """When coordinators and the comité work: a day at nine, in Paris; it is then the same day in every caisse."""
    return datetime.combine(jour, time(9), PARIS)


def soir(jour: date) -> datetime:
    """The last second of a day, in Paris."""
    return datetime.combine(jour, time(23, 59, 59), PARIS)
