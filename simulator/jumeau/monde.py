"""Everything a run draws beforehand: arrivals, staff, holidays, incidents. It never depends on what is decided.

Two policies played in the same ``Monde`` meet the same files and the same callers, hour by hour: their difference is
theirs. Arrays are [process, caisse, jour] in the order of PROCESS or DOSSIERS; day 0 is ``amorce`` days before
``debut``.
"""

from dataclasses import dataclass
from datetime import date, timedelta

import msgspec
import numpy as np

from simulator.hasard import dispersion, generateur
from simulator.jumeau.parametres import DOSSIERS, PROCESS, Parametres, conges, parametres
from simulator.jumeau.scenario import AUCUN, VERSION, Facteurs, Incident, Scenario, facteurs
from simulator.parametres import Population, Volumes, lire_yaml
from simulator.territoire import Entiers, Reels, Territoire, repartir

AMORCE = 100
"""Days played before the first one that counts, from stocks already at their norm."""

HEURES = 9
"""Hours the telephone is open: 8:30 to 17:30."""

AVANCE_DSIJ = 5
"""Days by which a DSIJ that comes first precedes its AAT (hypothesis)."""

_FLUX = 300
(
    _F_ARRIVEES, _F_NIVEAU, _F_ETP, _F_ABSENCE, _F_FORMATION, _F_NORME, _F_APPELS, _F_CYCLE, _F_INCIDENTS, _F_PIECES,
    _F_ARRONDIS,
) = range(_FLUX, _FLUX + 11)  # fmt: skip


@dataclass(frozen=True)
class Monde:
    """One seed and one scenario. ``ouvert``: [caisse, jour].

    ``etp``: [process, caisse]; ``norme``: [dossier, caisse], calendar days of stock aimed at; ``volumes``: yearly items
    expected, [process, caisse]. ``entrees``: by process of files, (days since the start, counts by day of entry).
    ``presence``: share of the ordinary year's attendance, [process, caisse, jour]. ``appels``: spontaneous calls,
    [caisse, jour, heure]. ``cycle``: day of each caisse's payment cycle. ``dsij_en_attente``: DSIJ without their AAT.
    """

    graine: int
    debut: date
    amorce: int
    jours: int
    parametres: Parametres
    territoire: Territoire
    ouvert: Reels
    facteurs: Facteurs
    volumes: Reels
    etp: Reels
    norme: Reels
    entrees: tuple[tuple[tuple[int, Entiers], ...], ...]
    presence: Reels
    appels: Entiers
    profil: Reels
    cycle: Entiers
    dsij_en_attente: Entiers

    @property
    def slugs(self) -> list[str]:
        return self.territoire.slugs

    def jour(self, quand: date) -> int:
        return (quand - self.debut).days + self.amorce

    def date(self, jour: int) -> date:
        """The date of a day of the run."""
        return self.debut + timedelta(days=jour - self.amorce)

    def arrondis(self, jour: int, flux: int, forme: tuple[int, ...]) -> Reels:
        """Uniform numbers of one use on one day: rounding them away never shifts another draw."""
        return generateur(self.graine, _F_ARRONDIS + 1 + flux, jour).random(forme)


def creer(
    graine: int,
    debut: date,
    jours: int,
    scenario: Scenario = AUCUN,
    *,
    ordinaire: bool = True,
    reglages: Parametres | None = None,
    amorce: int = AMORCE,
) -> Monde:
    """Draw a world of ``jours`` days from ``debut``. ``ordinaire``: with the incidents of an ordinary year on top.

    Raises ScenarioInvalide when the scenario names what does not exist.
    """
    p = reglages or parametres()
    premier, total = debut - timedelta(days=amorce), amorce + jours
    population = msgspec.convert(lire_yaml("population.yaml"), Population)
    t = Territoire(premier, premier + timedelta(days=total), population.milliers)
    tranche = slice(t.jour(premier), t.jour(premier) + total)
    effets = facteurs(scenario, t.slugs, debut, amorce, total)
    if ordinaire:
        courants = facteurs(_ordinaire(graine, p, t.slugs, premier, total), t.slugs, debut, amorce, total)
        effets = Facteurs(
            effets.effectif * courants.effectif,
            effets.demande * courants.demande,
            effets.rendement * courants.rendement,
        )
    volumes = np.array([repartir(p.volume(q), t.milliers.tolist()) for q in PROCESS], dtype=np.float64)
    cycle = generateur(graine, _F_CYCLE).integers(0, 14, len(t.slugs))
    attendus = _attendus(graine, p, t, volumes, tranche) * effets.demande
    profil = _profil()
    pieces, en_attente = _pieces(graine, p, attendus[1:])
    return Monde(
        graine,
        debut,
        amorce,
        total,
        p,
        t,
        t.ouvert[:, tranche].astype(np.float64),
        effets,
        volumes,
        _etp(graine, p, volumes),
        _normes(graine, p, t.milliers),
        pieces,
        _presence(graine, p, t, tranche),
        _appels(graine, p, attendus[0], cycle, profil),
        profil,
        cycle,
        en_attente,
    )


def _attendus(graine: int, p: Parametres, t: Territoire, volumes: Reels, tranche: slice) -> Reels:
    """Expected arrivals, [process, caisse, jour]: season, week, trend, slow level of the caisse."""
    profils = msgspec.convert(lire_yaml("volumes.yaml"), Volumes).processus
    jours = tranche.stop - tranche.start
    rng = generateur(graine, _F_NIVEAU)
    bruits = rng.standard_normal((len(PROCESS), len(t.slugs), jours))
    r, sigma = p.arrivees.inertie, p.arrivees.niveau
    niveau = np.empty_like(bruits)
    niveau[:, :, 0] = bruits[:, :, 0]
    for j in range(1, jours):
        niveau[:, :, j] = r * niveau[:, :, j - 1] + np.sqrt(1 - r * r) * bruits[:, :, j]
    annees = (np.arange(jours) - jours / 2) / 365
    attendus = np.empty_like(niveau)
    for i, process in enumerate(PROCESS):
        poids = t.poids(profils[process].saison, profils[process].semaine)[:, tranche]
        tendance = np.maximum(0.1, 1 + p.tendance[process] * annees)
        attendus[i] = volumes[i][:, None] * poids * tendance * np.exp(sigma * niveau[i] - sigma**2 / 2)
    return attendus


def _pieces(graine: int, p: Parametres, attendus: Reels) -> tuple[tuple[tuple[tuple[int, Entiers], ...], ...], Entiers]:
    """The files of each process by way in, and the DSIJ that wait for their AAT at the end of each day."""
    rng = generateur(graine, _F_ARRIVEES)
    choc = p.arrivees.choc
    bruits = np.exp(choc * rng.standard_normal(attendus.shape) - choc**2 / 2)
    recus = rng.poisson(attendus * bruits)
    partage = generateur(graine, _F_PIECES)
    lots: list[tuple[tuple[int, Entiers], ...]] = []
    en_attente = np.zeros(attendus.shape[1:], dtype=np.int64)
    for i, process in enumerate(DOSSIERS):
        voies = p.dossiers[process].entrees
        parts = (
            partage.multinomial(recus[i], np.array([v.part for v in voies])) if len(voies) > 1 else recus[i, ..., None]
        )
        entrees = []
        for k, voie in enumerate(voies):
            venus = parts[..., k]
            entrees.append((voie.integration, _decaler(venus, voie.retard + voie.integration)))
            if voie.avant:
                en_attente += (_decaler(venus, -AVANCE_DSIJ) - venus).cumsum(axis=1) + venus[:, :AVANCE_DSIJ].sum(
                    axis=1, keepdims=True
                )
        lots.append(tuple(entrees))
    return tuple(lots), np.maximum(0, en_attente)


def _decaler(comptes: Entiers, jours: int) -> Entiers:
    """The same counts ``jours`` days later (or earlier, when negative); what falls outside the run is not in it."""
    decales = np.zeros_like(comptes)
    if jours > 0:
        decales[..., jours:] = comptes[..., :-jours]
    elif jours < 0:
        decales[..., :jours] = comptes[..., -jours:]
    else:
        decales[:] = comptes
    return decales


def _etp(graine: int, p: Parametres, volumes: Reels) -> Reels:
    """Staff, [process, caisse]: in proportion to the load, but for luck; adds up to the sources' ETP."""
    rng = generateur(graine, _F_ETP)
    etp = np.empty_like(volumes)
    for i, process in enumerate(PROCESS):
        sigma = p.telephone.dispersion if process == "appel" else p.effectifs.dispersion
        poids = volumes[i] * np.exp(sigma * rng.standard_normal(volumes.shape[1]))
        etp[i] = p.etp(process) * poids / poids.sum()
    return etp


def _normes(graine: int, p: Parametres, milliers: Reels) -> Reels:
    rng = generateur(graine, _F_NORME)
    commun = rng.standard_normal(len(milliers))
    return np.array(
        [d.norme * dispersion(rng, d.dispersion, milliers, commun) for d in map(p.dossiers.get, DOSSIERS) if d]
    )


def _presence(graine: int, p: Parametres, t: Territoire, tranche: slice) -> Reels:
    """Attendance against the ordinary year's mean, [process, caisse, jour]."""
    e, c = p.effectifs, conges()
    dates = [t.date(j) for j in range(t.jours)]
    mois = [f"{d:%m-%d}" for d in dates]
    ete = np.array([c.ete[0] <= m <= c.ete[1] for m in mois])
    zones = {}
    for zone, periodes in c.zones.items():
        vacances = np.array([any(a <= m <= b for a, b in (*periodes, *c.communs)) for m in mois])
        zones[zone] = 1 - e.conges * vacances - e.ete * ete
    base = np.array([zones[c.zone(caisse.region)] for caisse in t.caisses])
    base = base / (np.where(t.ouvert, base, 0).sum(axis=1) / t.ouvert.sum(axis=1))[:, None]
    base = base[:, tranche]
    jours = base.shape[1]
    semaines = jours // 7 + 2
    bruits = generateur(graine, _F_ABSENCE).standard_normal((len(PROCESS), len(t.slugs), semaines))
    ar = bruits.copy()
    for s in range(1, semaines):
        ar[..., s] = e.inertie * ar[..., s - 1] + np.sqrt(1 - e.inertie**2) * bruits[..., s]
    formes = generateur(graine, _F_FORMATION).random(ar.shape) < e.formation.part
    par_semaine = np.clip(1 + e.absence * ar, 0.7, 1.2) * (1 - e.formation.absents * formes)
    presence: Reels = base[None] * par_semaine[..., (np.arange(jours) + t.date(tranche.start).weekday()) // 7]
    return presence


def _profil() -> Reels:
    """Share of a day's calls in each hour, from the half-hours of the simulator's telephone profile."""
    demi_heures = np.array(lire_yaml("telephone.yaml")["profil"])
    heures: Reels = demi_heures.reshape(HEURES, 2).sum(axis=1) / demi_heures.sum()
    return heures


def _appels(graine: int, p: Parametres, attendus: Reels, cycle: Entiers, profil: Reels) -> Entiers:
    """Spontaneous calls, [caisse, jour, heure]."""
    t = p.telephone
    rng = generateur(graine, _F_APPELS)
    jours = attendus.shape[1]
    choc_jour = np.exp(t.choc_jour * rng.standard_normal(attendus.shape) - t.choc_jour**2 / 2)
    choc_heure = np.exp(t.choc_heure * rng.standard_normal((*attendus.shape, HEURES)) - t.choc_heure**2 / 2)
    # Three days of fourteen follow a payment; the factor keeps the mean.
    apres_paiement = (np.arange(jours)[None, :] - cycle[:, None]) % 14 < 3
    paiements = (1 + t.cycle * apres_paiement) / (1 + t.cycle * 3 / 14)
    par_heure = (attendus * t.spontanes * choc_jour * paiements)[..., None] * profil * choc_heure
    return rng.poisson(par_heure)


def _ordinaire(graine: int, p: Parametres, slugs: list[str], premier: date, jours: int) -> Scenario:
    """The incidents of an ordinary year, drawn: one line per incident."""
    rng = generateur(graine, _F_INCIDENTS)
    incidents = []
    for type_, f in p.ordinaire.items():
        nombres = rng.poisson(f.frequence * jours / 365, (len(PROCESS), len(slugs)))
        for i, c in zip(*np.nonzero(nombres), strict=True):
            for _ in range(int(nombres[i, c])):
                du = premier + timedelta(days=int(rng.integers(0, jours)))
                au = du + timedelta(days=int(rng.integers(f.jours[0], f.jours[1] + 1)) - 1)
                intensite = float(rng.uniform(*f.intensite))
                incidents.append(Incident(type_, (PROCESS[i],), (slugs[c],), f"{du}", f"{au}", intensite))
    return Scenario(VERSION, "année ordinaire", "Tirée de la graine.", tuple(incidents))
