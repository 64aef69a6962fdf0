"""Calls: presented by half-hour, answered according to load against staff, each ending in one outcome.

The 22.2 M calls of the report are those presented to advisers: taux de décroché = decroche / (decroche +
abandonne + deborde). Calls out of hours or ended in the voice server come on top.
"""

import numpy as np

from shared.network.jours import jour_de
from shared.network.plateformes import charger_plateformes
from simulator.evenements import Dossiers, Lot, sujets, textes
from simulator.hasard import caler, choisir, generateur, sigmoide
from simulator.population import Assures, pseudonymes
from simulator.qualite import Terrain
from simulator.territoire import JOUR, Entiers, Reels

DEMI_HEURE = 1_800
_FLUX = 120
_ISSUES = ("decroche", "abandonne", "deborde", "hors_horaires", "serveur_vocal")
_HORS_HORAIRES = ((7.0, 8.5), (17.5, 20.0))
"""Local hours of the calls that come when the platform is closed."""


class Plateformes:
    """The telephone platforms of a run: their staff, and the décroché of every caisse-day and half-hour."""

    def __init__(self, terrain: Terrain) -> None:
        self._terrain = terrain
        self._p = p = terrain.config.telephone
        self._scenario = terrain.scenarios["appel"]
        self._profil = np.array(p.profil) / sum(p.profil)
        rng = generateur(terrain.config.graine, _FLUX)
        volumes = terrain.volumes["appel"]
        disparite = np.exp(p.dispersion_effectif * rng.standard_normal(len(volumes)))
        self._etp: Reels = p.etp * volumes * disparite / (volumes * disparite).sum()
        self._ecarts: Reels = p.dispersion_decroche * rng.standard_normal(len(volumes))
        planning = (1 - p.rigidite_planning) * self._profil + p.rigidite_planning / len(self._profil)
        self._tension = self._profil / planning
        self._poids = terrain.poids("appel")
        annee = slice(0, 365)
        self._ouvres = terrain.territoire.ouvert[:, annee].sum(axis=1)
        self._reference = p.calage[0][0]
        self._a, self._b = self._caler(annee)
        self.noms = _plateformes(terrain)

    def _charges(self, poids: Reels) -> Reels:
        """Calls per adviser relative to the first point of the calibration, [caisse, ..., half-hour]."""
        annuels = self._terrain.volumes["appel"] * self._ouvres / self._etp / self._reference
        charges: Reels = (poids.T * annuels).T[..., None] * self._tension
        return charges

    def _caler(self, annee: slice) -> tuple[float, float]:
        poids = self._poids[:, annee]
        formes = self._charges(poids)
        niveau = self._terrain.volumes["appel"].sum() / self._terrain.config.telephone.etp / self._reference
        appels = (self._terrain.volumes["appel"][:, None] * poids)[..., None] * self._profil
        points = [(charge / self._reference, taux) for charge, taux in self._p.calage]
        return caler(formes / niveau, appels, self._ecarts[:, None, None], points)

    def taux(self, jour: int, choc: Reels) -> tuple[Reels, Reels]:
        """(décroché, charge) of each caisse and half-hour of a day, given its surges."""
        charge = self._charges(self._poids[:, jour] * choc / self._scenario.effectif[:, jour])
        return sigmoide(self._a + self._b * (charge - 1) + self._ecarts[:, None]), charge

    def presence(self, jour: int) -> tuple[Reels, Reels]:
        """(staff of each caisse on a day, calls per adviser by half-hour relative to the calibration)."""
        presents: Reels = self._etp * self._scenario.effectif[:, jour]
        return presents, self._charges(self._poids[:, jour] / self._scenario.effectif[:, jour])

    def engendrer(
        self, jour: int, rng: np.random.Generator, assures: Assures
    ) -> tuple[Dossiers, tuple[Entiers, Entiers, Entiers]]:
        """The calls of a day, one event each, and their (caisse, assure, motif) columns."""
        p, t = self._p, self._terrain.territoire
        attendus = self._terrain.attendus("appel", jour)
        choc = np.exp(p.choc_jour * rng.standard_normal(len(attendus)) - p.choc_jour**2 / 2)
        taux, charge = self.taux(jour, choc)
        rangs = np.arange(len(attendus))
        presentes = np.repeat(rangs, rng.poisson(attendus * choc))
        fermes = np.repeat(rangs, rng.poisson(attendus * p.part_hors_horaires))
        vocaux = np.repeat(rangs, rng.poisson(attendus * p.part_serveur_vocal))
        caisse = np.concatenate([presentes, fermes, vocaux])
        tranche = choisir(rng, len(caisse), self._profil)
        issue = self._issues(rng, taux[caisse, tranche], charge[caisse, tranche])
        issue[len(presentes) :] = np.repeat([3, 4], [len(fermes), len(vocaux)])
        debut = (
            t.local(jour) + int(p.ouverture * 3600) + tranche * DEMI_HEURE + rng.integers(0, DEMI_HEURE, len(caisse))
        )
        debut = np.where(issue == 3, t.local(jour) + _hors_horaires(rng, len(caisse)), debut)
        attente = self._attentes(rng, issue, charge[caisse, tranche])
        parle = np.maximum(20, rng.gamma(2.5, p.duree / 2.5, len(caisse))).astype(np.int64)
        fin = debut + attente + np.where(issue == 0, parle, 0)
        assure, motif = assures.contacter(rng, caisse)
        donnees = self._donnees(rng, jour, caisse, issue, (debut, attente, fin), assure, motif)
        noms = sujets("appel", f"{t.date(jour):%Y%m%d}", len(caisse))
        lot = Lot("dossier", np.arange(len(caisse)), fin, donnees)
        return Dossiers("appel", caisse, noms, fin, [lot]), (caisse, assure, motif)

    def _issues(self, rng: np.random.Generator, taux: Reels, charge: Reels) -> Entiers:
        """Ranks in _ISSUES: what is not answered overflows more often when the load is high (hypothesis)."""
        perdu = rng.random(len(taux)) >= taux
        deborde = rng.random(len(taux)) < np.clip(0.15 + 0.5 * (charge - 1), 0.05, 0.6)
        return np.where(perdu, np.where(deborde, 2, 1), 0).astype(np.int64)

    def _attentes(self, rng: np.random.Generator, issue: Entiers, charge: Reels) -> Entiers:
        """Seconds before the outcome (hypotheses in ``telephone.yaml``)."""
        p, nombre = self._p, len(issue)
        pression = np.exp(np.clip(2.5 * (charge - 1), -1.5, 1.5))
        file = rng.random(nombre) < np.clip(0.6 * pression, 0.1, 0.95)
        repondue = np.where(
            file, np.minimum(rng.exponential(p.attente_decroche * pression), 900), rng.integers(0, 4, nombre)
        )
        court = rng.random(nombre) < p.part_abandon_court
        patience = 6 + np.minimum(rng.exponential(p.attente_abandon, nombre), 1_200)
        lassee = np.where(court, rng.integers(1, 6, nombre), patience)
        debordee, vocale = rng.integers(60, 181, nombre), rng.integers(20, 121, nombre)
        attentes: Entiers = np.choose(issue, [repondue, lassee, debordee, np.zeros(nombre), vocale]).astype(np.int64)
        return attentes

    def _donnees(
        self,
        rng: np.random.Generator,
        jour: int,
        caisse: Entiers,
        issue: Entiers,
        instants: tuple[Entiers, Entiers, Entiers],
        assure: Entiers,
        motif: Entiers,
    ) -> list[str]:
        config, t = self._terrain.config, self._terrain.territoire
        debut, attente, fin = instants
        motifs, regimes = tuple(config.volumes.motifs), tuple(config.volumes.regimes)
        regime = choisir(rng, len(caisse), config.volumes.regimes.values())
        niveau = (rng.random(len(caisse)) < self._p.part_niveau_2) + 1
        aides = self._scenario.aidante(caisse, jour, rng.random(len(caisse)))
        colonnes = zip(
            caisse.tolist(),
            issue.tolist(),
            motif.tolist(),
            niveau.tolist(),
            regime.tolist(),
            pseudonymes(config.graine, caisse, assure),
            textes(t, caisse, debut),
            textes(t, caisse, debut + attente),
            textes(t, caisse, fin),
            aides,
            strict=True,
        )
        return [
            f'{aide},"plateforme":"{self.noms[c]}","motif":"{motifs[m]}","niveau":"{n}","assure":"{a}",'
            f'"regime":"{regimes[r]}","jalons":{{"presente":"{d}","{_ISSUES[i]}":"{e}"'
            + (f',"termine":"{f}"}}' if i == 0 else "}")
            for c, i, m, n, r, a, d, e, f, aide in colonnes
        ]


def _hors_horaires(rng: np.random.Generator, nombre: int) -> Entiers:
    """Seconds since midnight, uniform over the hours when calls come to a closed platform."""
    (a, b), (c, d) = _HORS_HORAIRES
    x = rng.random(nombre) * ((b - a) + (d - c))
    heures = np.where(x < b - a, a + x, c + x - (b - a))
    return (heures * 3600).astype(np.int64) % JOUR


def _plateformes(terrain: Terrain) -> list[str]:
    """The platform of each caisse, the first one that serves it when the replay ends."""
    jour = jour_de(terrain.config.fin)
    plateformes = charger_plateformes()
    return [plateformes.de_la_caisse(c.code, jour)[0].code for c in terrain.territoire.caisses]
