"""E-mails and complaints: what is written to a caisse, answered within 48 hours or 10 days, or later."""

import numpy as np

from simulator.evenements import Dossiers, Lot, sujets
from simulator.hasard import choisir, generateur, normale, sigmoide
from simulator.parametres import ServiceReclamation
from simulator.population import Assures, pseudonymes
from simulator.qualite import Terrain
from simulator.territoire import JOUR, OUVERTURE, SERVICE, Entiers

_FLUX = 140
_DEUX_JOURS = 2 * JOUR
_LENTEUR_LOGIT = 1.4
"""Fall of the logit of the 48-hour rate when work takes e times longer (hypothesis)."""


def recevoir(rng: np.random.Generator, terrain: Terrain, processus: str, jour: int) -> tuple[Entiers, Entiers]:
    """(caisse, local instant in working hours) of the files received on a day."""
    attendus = terrain.attendus(processus, jour)
    caisse = np.repeat(np.arange(len(attendus)), rng.poisson(attendus))
    return caisse, terrain.territoire.local(jour) + OUVERTURE + rng.integers(0, SERVICE, len(caisse))


class Courriels:
    """E-mails come every day; the share answered within 48 calendar hours is calibrated on the national one."""

    def __init__(self, terrain: Terrain) -> None:
        self._terrain = terrain
        self._p = terrain.config.delais.courriel
        rng = generateur(terrain.config.graine, _FLUX)
        self._ecarts = self._p.dispersion * rng.standard_normal(len(terrain.territoire.slugs))
        self._base = self._caler(self._part_possible(rng))

    def _part_possible(self, rng: np.random.Generator) -> float:
        """Share of e-mails for which some working time lies within 48 hours, on the first year's calendar."""
        t, poids = self._terrain.territoire, self._terrain.poids("courriel")
        caisse = choisir(rng, 20_000, t.milliers)
        moyen = poids[:, :365].mean(axis=0)
        recu = t.local(choisir(rng, 20_000, moyen)) + _heures(rng, 20_000)
        return float((t.service(caisse, recu + _DEUX_JOURS) > t.service(caisse, recu) + 120).mean())

    def _caler(self, possible: float) -> float:
        """The logit at which the network's mean rate is the national one (bisection)."""
        cible, poids = self._p.part_48h / possible, self._terrain.territoire.milliers
        bas, haut = -10.0, 10.0
        for _ in range(50):
            milieu = (bas + haut) / 2
            trop = np.average(sigmoide(milieu + self._ecarts), weights=poids) > cible
            bas, haut = (bas, milieu) if trop else (milieu, haut)
        return bas

    def engendrer(
        self, jour: int, rng: np.random.Generator, assures: Assures
    ) -> tuple[Dossiers, tuple[Entiers, Entiers, Entiers]]:
        """The e-mails of a day and their (caisse, assure, motif) columns."""
        config, t, p = self._terrain.config, self._terrain.territoire, self._p
        attendus = self._terrain.attendus("courriel", jour)
        caisse = np.repeat(np.arange(len(attendus)), rng.poisson(attendus))
        nombre = len(caisse)
        recu = t.local(jour) + _heures(rng, nombre)
        fin = self._reponse(rng, caisse, recu, jour)
        assure, motif = assures.contacter(rng, caisse)
        regime = choisir(rng, nombre, config.volumes.regimes.values())
        transfere = rng.random(nombre) < p.transfere
        motifs, regimes = tuple(config.volumes.motifs), tuple(config.volumes.regimes)
        donnees = [
            f',"motif":"{motifs[m]}","niveau":"{1 + n}","regime":"{regimes[r]}","assure":"{a}"'
            for m, n, r, a in zip(
                motif.tolist(),
                transfere.tolist(),
                regime.tolist(),
                pseudonymes(config.graine, caisse, assure),
                strict=True,
            )
        ]
        clos = rng.random(nombre) < p.sans_reponse
        aides = self._terrain.scenarios["courriel"].aidante(caisse, jour, rng.random(nombre))
        milieu = t.instant(caisse, (t.service(caisse, recu) + t.service(caisse, fin)) / 2)
        lots = [Lot("recu", np.arange(nombre), recu, donnees)]
        for jalon, choisis, instant, membres in (
            ("transfere", transfere, milieu, [""] * nombre),
            ("repondu", ~clos, fin, aides),
            ("clos_sans_reponse", clos, fin, aides),
        ):
            rang = np.flatnonzero(choisis)
            lots.append(Lot(jalon, rang, instant[rang], [membres[r] for r in rang.tolist()]))
        noms = sujets("courriel", f"{t.date(jour):%Y%m%d}", nombre)
        return Dossiers("courriel", caisse, noms, fin, lots), (caisse, assure, motif)

    def _reponse(self, rng: np.random.Generator, caisse: Entiers, recu: Entiers, jour: int) -> Entiers:
        t, scenario = self._terrain.territoire, self._terrain.scenarios["courriel"]
        lenteur = self._terrain.lenteur("courriel", caisse, jour)
        taux = sigmoide(self._base + self._ecarts[caisse] - _LENTEUR_LOGIT * np.log(lenteur))
        debut, limite = t.service(caisse, recu), t.service(caisse, recu + _DEUX_JOURS)
        a_temps = rng.random(len(caisse)) < taux
        # Work done in time is skewed towards the first hours; 60 s at least, and never past the limit.
        dedans = debut + 60 + np.maximum(0, limite - debut - 120) * rng.beta(1, 1.6, len(caisse))
        apres = limite + 60 + rng.exponential(self._p.retard * SERVICE, len(caisse)) * lenteur
        fin = np.where(a_temps & (limite > debut + 120), dedans, apres)
        return t.instant(caisse, scenario.reporter(caisse, debut, fin))


def _heures(rng: np.random.Generator, nombre: int) -> Entiers:
    """Seconds since midnight at which e-mails come: all day, most of them in the morning and the evening."""
    return (6 * 3600 + rng.beta(1.6, 1.8, nombre) * 17 * 3600).astype(np.int64)


def reclamations(terrain: Terrain, jour: int, rng: np.random.Generator, assures: Assures) -> Dossiers:
    """The complaints of a day: lognormal delays through the two published shares of each service."""
    config, t = terrain.config, terrain.territoire
    p = config.delais.reclamation
    caisse, recue = recevoir(rng, terrain, "reclamation", jour)
    nombre = len(caisse)
    service = choisir(rng, nombre, [s.part for s in p.services.values()])
    lois = [_loi(s, p.dispersion) for s in p.services.values()]
    mu, sigma = np.array([m for m, _ in lois])[service], np.array([s for _, s in lois])[service]
    jours = np.exp(mu + sigma * rng.standard_normal(nombre)) * terrain.lenteur("reclamation", caisse, jour)
    fin = terrain.echeance("reclamation", caisse, recue, jours)
    debut, bout = t.service(caisse, recue), t.service(caisse, fin)

    def a_part(part: float) -> Entiers:
        return t.instant(caisse, debut + part * (bout - debut))

    support = choisir(rng, nombre, p.supports.values())
    regime = choisir(rng, nombre, config.volumes.regimes.values())
    services, supports, regimes = tuple(p.services), tuple(p.supports), tuple(config.volumes.regimes)
    donnees = [
        f',"service":"{services[s]}","support":"{supports[k]}","regime":"{regimes[r]}","assure":"{a}"'
        for s, k, r, a in zip(
            service.tolist(),
            support.tolist(),
            regime.tolist(),
            pseudonymes(config.graine, caisse, assures.tirer(rng, caisse)),
            strict=True,
        )
    ]
    avis, annulee = rng.random(nombre) < p.avis_medical, rng.random(nombre) < p.annulee
    aides = terrain.scenarios["reclamation"].aidante(caisse, jour, rng.random(nombre))
    lots = [Lot("recue", np.arange(nombre), recue, donnees)]
    for jalon, choisis, instant, membres in (
        ("prise_en_charge", np.ones(nombre, dtype=np.bool_), a_part(0.15), [""] * nombre),
        ("avis_demande", avis, a_part(0.3), [""] * nombre),
        ("avis_rendu", avis, a_part(0.8), [""] * nombre),
        ("repondue", ~annulee, fin, aides),
        ("annulee", annulee, fin, aides),
    ):
        rang = np.flatnonzero(choisis)
        lots.append(Lot(jalon, rang, instant[rang], [membres[r] for r in rang.tolist()]))
    return Dossiers("reclamation", caisse, sujets("reclamation", f"{t.date(jour):%Y%m%d}", nombre), fin, lots)


def _loi(service: ServiceReclamation, dispersion: float) -> tuple[float, float]:
    """(mu, sigma) of the log of the delay in calendar days within a caisse; ``dispersion`` is that between caisses.

    Half a day is taken from the limits: a delay in whole dates is the continuous one give or take half a day.
    """
    z10, z21 = float(normale(np.array(service.en_10j))), float(normale(np.array(service.en_21j)))
    total = float(np.log(21.5 / 10.5)) / (z21 - z10)
    return float(np.log(10.5)) - z10 * total, float(np.sqrt(total**2 - dispersion**2))
