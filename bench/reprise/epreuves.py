"""The drills: a site restored elsewhere beside the one that lived on, and a site lost under load."""

import shutil
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from bench.milieu import port_libre
from bench.reprise.charge import Charge, renvoyer
from bench.reprise.sauvegarde import Methode, recevoir_le_wal, restaurer, sauvegarder
from bench.reprise.site import Chiffres, EpreuveRatee, Site, cinq_ports
from simulator.simulation import Journee
from vigie import kafka

AVANT, PENDANT = 0.4, 0.6
"""Shares of the days acknowledged when the backup begins, and at least when it ends or the site is lost."""


@dataclass(frozen=True, slots=True)
class Issue:
    """What a drill found. Durations in seconds; ``rpo``, ``rto``, ``a_jour``: of a lost site only. ``rejoues``: records
    read again from the log; ``renvoyes``: events sources sent again; ``ecarts``: figures that differ."""

    epreuve: str
    journal: str
    methode: str
    evenements: int
    sauvegarde: float
    restauration: float
    rejoues: int
    renvoyes: int
    chiffres: int
    ecarts: int
    rpo: float | None = None
    rto: float | None = None
    a_jour: float | None = None


@dataclass(frozen=True, slots=True)
class Jeu:
    """What the sources send, and the days over which figures are compared."""

    jours: Sequence[Journee]
    du: str
    au: str

    @property
    def evenements(self) -> int:
        return sum(len(j.contacts) + len(j.claims) for j in self.jours)


def restauration(jeu: Jeu, dossier: Path, methode: Methode, avec_kafka: bool) -> tuple[Issue, Chiffres]:
    """Save a site under load, let it live on to its end, restore the backup elsewhere, compare. Returns the untouched
    site's figures too.

    The untouched site is stopped before the restored one starts: two sites of one Kafka would share its groups.
    """
    with _journal(dossier, avec_kafka) as bootstrap:
        site, ailleurs = (Site(dossier / nom, cinq_ports(), bootstrap) for nom in ("site", "ailleurs"))
        copie = dossier / "copie"
        try:
            site.demarrer()
            charge = Charge(site, jeu.jours)
            charge.partir()
            charge.attendre(round(AVANT * len(jeu.jours)))
            acquittes, depart = charge.acquittes, time.monotonic()
            sauvegarder(site.postgres, methode, copie)
            duree = time.monotonic() - depart
            charge.finir()
            site.a_jour()
            attendus = site.chiffres(jeu.du, jeu.au)
            site.vigie("verify")
            site.arreter()

            depart = time.monotonic()
            restaurer(copie, methode, ailleurs.dossier / "postgres")
            restaure = time.monotonic() - depart
            rejoues = ailleurs.en_attente()
            ailleurs.demarrer()
            renvoyes = 0 if avec_kafka else renvoyer(ailleurs, jeu.jours[acquittes:])
            ailleurs.a_jour()
            issue = _comparer(
                "restauration", jeu, bootstrap, methode, attendus, ailleurs, duree, restaure, rejoues, renvoyes
            )
        finally:
            for un in (site, ailleurs):
                un.arreter()
    return issue, attendus


def sinistre(jeu: Jeu, dossier: Path, avec_kafka: bool, attendus: Chiffres) -> Issue:
    """Lose a site under load (every process killed, the folder gone), start another from the copy and the streamed
    WAL under the same addresses, while sources go on; ``attendus``: figures of a site that received the same events
    and was never touched."""
    with _journal(dossier, avec_kafka) as bootstrap:
        site = Site(dossier / "site", cinq_ports(), bootstrap)
        secours = Site(dossier / "secours", site.port, bootstrap)
        copie, wal = dossier / "copie", dossier / "wal"
        try:
            site.demarrer()
            flux = recevoir_le_wal(site.postgres, wal)
            charge = Charge(site, jeu.jours)
            charge.partir()
            charge.attendre(round(AVANT * len(jeu.jours)))
            depart = time.monotonic()
            sauvegarder(site.postgres, "pg_basebackup", copie)
            duree = time.monotonic() - depart
            charge.attendre(round(PENDANT * len(jeu.jours)))

            acquittes, perdu_a = charge.acquittes, time.time()
            site.perdre()
            flux.arreter()
            depart = time.monotonic()
            restaurer(copie, "pg_basebackup", secours.dossier / "postgres", wal)
            restaure = time.monotonic() - depart
            rpo = 0.0 if avec_kafka else max(0.0, perdu_a - secours.dernier_enregistrement())
            rejoues = secours.en_attente()
            secours.demarrer()
            charge.attendre(acquittes + 1)
            rto = charge.dernier_acquit - perdu_a
            charge.finir()
            # The last minutes before the loss, whatever was acknowledged: doubles change nothing.
            renvoyes = 0 if avec_kafka else renvoyer(secours, jeu.jours[max(0, acquittes - 2) : acquittes])
            secours.a_jour()
            a_jour = time.time() - perdu_a
            issue = _comparer(
                "perte du site", jeu, bootstrap, "pg_basebackup + pg_receivewal", attendus, secours,
                duree, restaure, rejoues, renvoyes, (rpo, rto, a_jour),
            )  # fmt: skip
        finally:
            secours.arreter()
            if site.dossier.exists():
                site.arreter()
    return issue


def _comparer(
    epreuve: str,
    jeu: Jeu,
    bootstrap: str | None,
    methode: str,
    attendus: Chiffres,
    site: Site,
    sauvegarde: float,
    restaure: float,
    rejoues: int,
    renvoyes: int,
    perte: tuple[float, float, float] | None = None,
) -> Issue:
    trouves = site.chiffres(jeu.du, jeu.au)
    ecarts = [cle for cle in attendus.keys() | trouves.keys() if attendus.get(cle) != trouves.get(cle)]
    for cle in sorted(ecarts)[:10]:
        print(f"  écart {cle} : {attendus.get(cle)} attendu, {trouves.get(cle)} trouvé", flush=True)
    site.vigie("verify", "--journal")
    if not any(n for _, n in trouves.values()):
        raise EpreuveRatee("Aucun chiffre à comparer.")
    journal = "PostgreSQL" if bootstrap is None else "Kafka"
    issue = Issue(
        epreuve, journal, methode, jeu.evenements, sauvegarde, restaure, rejoues, renvoyes, len(trouves), len(ecarts),
        *(perte or ()),
    )  # fmt: skip
    print(issue, flush=True)
    return issue


@contextmanager
def _journal(dossier: Path, avec_kafka: bool) -> Iterator[str | None]:
    """A Kafka that outlives the site (as one with replicas in other rooms does), or none. Clears the folder after."""
    dossier.mkdir(parents=True)
    try:
        yield kafka.demarrer(dossier / "kafka", port_libre()) if avec_kafka else None
    finally:
        kafka.arreter(dossier / "kafka")
        shutil.rmtree(dossier, ignore_errors=True)
