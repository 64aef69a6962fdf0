"""``python -m bench.paires``: the same job by Vigie and its rivals, in turn, on one machine (see bench/README.md)."""

import argparse
import asyncio
import json
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from itertools import count
from pathlib import Path

from bench.charges import charge_a
from bench.ingestion import charger
from bench.milieu import MesureRatee, Milieu, machine, milieu
from bench.paires.lecture import Essai
from bench.paires.plan import Ecart, comparer, planifier
from bench.paires.processus import mesurer, tuer_a_la_moitie
from bench.paires.rivaux import RIVAUX, Rival
from bench.paires.tableau import Releve, meilleur_durable, noms, section, tableau
from bench.publier import publier

_numeros = count(1)


class Confrontation:
    """The topics of a run, what their answers must be, and what is known of each rival so far."""

    def __init__(self, lieu: Milieu, n: int, rivaux: Sequence[Rival]) -> None:
        self._lieu = lieu
        charges = {n_: charge_a(n_) for n_ in {round(n * rival.part) for rival in rivaux}}
        self._topics = {n_: charger(lieu, charge) for n_, charge in charges.items()}
        self._plans = {
            cle: planifier(charges[cle[0]], jours_locaux=cle[1])
            for cle in {(round(n * rival.part), rival.jours_locaux) for rival in rivaux}
        }
        self.releves = [Releve(rival, round(n * rival.part)) for rival in rivaux]

    def ronde(self, numero: int) -> None:
        """Each rival once, from nothing to its answer; one that failed is left alone."""
        for releve in self.releves:
            if releve.echec:
                continue
            try:
                with self._essai(releve) as essai:
                    self._mesurer(releve, essai)
            except MesureRatee as erreur:
                releve.echec = str(erreur)
            dit = f"{releve.debits[-1]:,.0f}/s" if not releve.echec else releve.echec
            print(f"ronde {numero}  {releve.rival.nom:<8} {dit}", flush=True)

    def tuer(self) -> None:
        """Each rival once more, killed in the middle and started again."""
        for releve in self.releves:
            if releve.echec or releve.rival.sans_sigkill:
                continue
            try:
                with self._essai(releve) as essai:
                    tuer_a_la_moitie(releve.rival.commande(essai), essai.dossier / "tuee.log")
                    debut = time.perf_counter()
                    mesurer(releve.rival.commande(essai, reprise=True), essai.dossier / "reprise.log")
                    releve.reprise_s = time.perf_counter() - debut
                    releve.apres_sigkill = self._juger(releve, essai)
            except MesureRatee as erreur:
                releve.echec_sigkill = str(erreur)
            print(f"SIGKILL  {releve.rival.nom:<8} {releve.apres_sigkill or releve.echec_sigkill}", flush=True)

    def _mesurer(self, releve: Releve, essai: Essai) -> None:
        mesure = mesurer(releve.rival.commande(essai), essai.dossier / "passage.log")
        if mesure.get("lus", releve.n) < releve.n:
            raise MesureRatee(f"nothing new for {releve.rival.patience:.0f} s after {mesure['lus']} events")
        releve.debits.append(releve.n / max(mesure["secondes"], 1e-9))
        releve.memoires.append(mesure["memoire_mo"])
        releve.demarrages.append(mesure["demarrage"])
        releve.requete_s = mesure.get("requete_s")
        ecart = self._juger(releve, essai)
        if releve.ecart is None or releve.ecart.juste:
            releve.ecart = ecart

    def _juger(self, releve: Releve, essai: Essai) -> Ecart:
        return comparer(self._plans[releve.n, releve.rival.jours_locaux], asyncio.run(releve.rival.lire(essai)))

    @contextmanager
    def _essai(self, releve: Releve) -> Iterator[Essai]:
        groupe = f"paire-{releve.rival.nom}-{next(_numeros)}"
        with self._lieu.base("paire") as url, tempfile.TemporaryDirectory(prefix="vigie-bench-") as dossier:
            yield Essai(self._lieu, self._topics[releve.n], releve.n, url, Path(dossier), groupe)


def principal(arguments: Sequence[str] | None = None) -> None:
    """Command line."""
    options = argparse.ArgumentParser(prog="bench.paires", description="Vigie et ses rivaux, le même travail")
    options.add_argument("--n", type=int, default=300_000, help="événements")
    options.add_argument("--rondes", type=int, default=3)
    options.add_argument("--pairs", default=",".join(noms()), help="lesquels, séparés par des virgules")
    options.add_argument("--sans-sigkill", action="store_true", help="ne tuer personne")
    options.add_argument("--publier", action="store_true", help="écrire le tableau dans docs/performance.md")
    choix = options.parse_args(arguments)
    voulus = choix.pairs.split(",")
    if inconnus := set(voulus) - set(noms()):
        options.error(f"inconnus : {', '.join(sorted(inconnus))} ; il y a {', '.join(noms())}")
    etat = machine()
    print(f"machine : {etat}", flush=True)
    with milieu() as lieu:
        confrontation = Confrontation(lieu, choix.n, [rival for rival in RIVAUX if rival.nom in voulus])
        for numero in range(1, choix.rondes + 1):
            confrontation.ronde(numero)
        if not choix.sans_sigkill:
            confrontation.tuer()
    releves = confrontation.releves
    print(tableau(releves))
    if choix.publier:
        publier("pairs", section(releves, etat, choix.n, choix.rondes))
    print(
        json.dumps(
            {
                "pairs": {releve.rival.nom: releve.donnees() for releve in releves},
                "ratio_best_durable_peer": meilleur_durable(releves),
                "n": choix.n,
                "rondes": choix.rondes,
                "machine": etat,
            }
        )
    )


if __name__ == "__main__":
    principal()
