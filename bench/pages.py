"""Every page of the console over the whole network: milliseconds, processor time of the services, weight.

``python -m bench.pages`` (see bench/README.md). Without ``--home``, a demonstration is started in a folder of its own
(the whole network, 8 months) and ended afterwards. Some pages are found from others, as a person finds them.
"""

import argparse
import json
import re
import statistics
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from html import unescape
from pathlib import Path
from typing import NamedTuple

import httpx

from bench.milieu import machine, secondes_de_processeur
from bench.publier import publier
from tests.support.demonstration import debout, demonstration
from vigie.pile import Etat

REPOS_S = 3.0
"""Seconds without a reading, whose processor time is taken from that of the readings: the demonstration lives on."""

PLAFOND_MS, PLAFOND_KO = 200.0, 200.0


@dataclass(frozen=True)
class Page:
    """``depuis``: the page that links to this one; ``chemin`` is then the pattern of the link."""

    nom: str
    chemin: str
    depuis: str | None = None


CAISSE = "/caisses/cpam-75"

PAGES = (
    Page("Réseau", "/"),
    Page("Réseau, une région", "/?region=93"),
    Page("Réseau, carte d'un indicateur", "/?carte=taux_decroche"),
    Page("Caisse", CAISSE),
    Page("Caisse à voir d'abord", r"/caisses/[a-z0-9-]+", "/"),
    Page("Caisse telle que connue", f"{CAISSE}?a_date={{hier}}"),
    Page("Indicateur de téléphone", f"{CAISSE}/indicateurs/taux_decroche"),
    Page("Indicateur de délai", f"{CAISSE}/indicateurs/delai_fsp_assures_moyen"),
    Page("Projection d'un délai", f"{CAISSE}/indicateurs/delai_fsp_assures_moyen/projection"),
    Page("Explication d'un chiffre", f"{CAISSE}/indicateurs/delai_fsp_assures_moyen/explication"),
    Page("Complétude et signaux d'une caisse", f"{CAISSE}/surveillance"),
    Page("Alertes", "/alertes"),
    Page("Une alerte", r"/alertes/\d+", "/alertes"),
    Page("Comités", "/comites"),
    Page("Un comité", r"/comites/\d{4}-\d{2}", "/comites"),
    Page("Un dossier du comité", r"/comites/\d{4}-\d{2}/dossiers/[a-z0-9-]+", r"/comites/\d{4}-\d{2}"),
    Page("Entraide", "/entraide"),
    Page("Et si…", "/entraide/simulation"),
    Page("Propositions", "/entraide/propositions"),
    Page("Une proposition", r"/entraide/propositions/\d+", "/entraide/propositions"),
    Page("Une mission", r"/entraide/missions/\d+", "/entraide"),
    Page("Espace d'une caisse", "/ma-caisse/cpam-75"),
    Page("Demander de l'aide", "/ma-caisse/cpam-75/aide"),
    Page("Contester un chiffre", "/ma-caisse/cpam-75/contester"),
    Page("Sources", "/sources"),
    Page("Sources d'une caisse", "/sources?caisse=cpam-75"),
    Page("Rejets", "/rejets"),
)


class Mesure(NamedTuple):
    """``froide``: of the first reading; ``mediane`` and ``meilleure``: of the next ones; ``cpu``: processor time of
    each of these, by the services and the database. Milliseconds, kilobytes."""

    nom: str
    chemin: str
    froide: float
    mediane: float
    meilleure: float
    cpu: float
    ko: float


class Lecteur:
    """Reads pages of one stack, and what they cost it."""

    def __init__(self, etat: Etat) -> None:
        self._client = httpx.Client(base_url=etat.urls["console"], timeout=120)
        pid_postgres = Path(etat.database_url.rpartition("host=")[2], "postmaster.pid").read_text().split()[0]
        self._pids = (str(etat.pid), pid_postgres)
        self._repos = 0.0
        """Processor seconds a second, while nobody reads."""

    def se_reposer(self) -> None:
        """See how busy the stack is of itself."""
        avant = self._cpu()
        time.sleep(REPOS_S)
        self._repos = (self._cpu() - avant) / REPOS_S

    def lire(self, chemin: str) -> tuple[float, str, int]:
        """Milliseconds, text, bytes of a page. Raises httpx.HTTPStatusError."""
        debut = time.perf_counter()
        reponse = self._client.get(chemin)
        reponse.raise_for_status()
        return 1_000 * (time.perf_counter() - debut), reponse.text, len(reponse.content)

    def mesurer(self, nom: str, chemin: str, fois: int) -> Mesure:
        """One page, read once then ``fois`` times more."""
        froide, _, octets = self.lire(chemin)
        cpu, debut = self._cpu(), time.perf_counter()
        durees = [self.lire(chemin)[0] for _ in range(fois)]
        ecoule = time.perf_counter() - debut
        cout = max(0.0, self._cpu() - cpu - self._repos * ecoule)
        return Mesure(nom, chemin, froide, statistics.median(durees), min(durees), 1_000 * cout / fois, octets / 1_000)

    def trouver(self, motif: str, depuis: str) -> str | None:
        """The first link of a page to an address like ``motif``; None when it has none."""
        lien = re.search(rf'href="({motif})["?]', self.lire(depuis)[1])
        return None if lien is None else unescape(lien[1])

    def _cpu(self) -> float:
        return sum(map(secondes_de_processeur, self._pids))


def mesurer(etat: Etat, fois: int) -> Iterator[Mesure]:
    """Each page; those that nothing leads to are left out."""
    lecteur, connus = Lecteur(etat), dict[str, str]()
    hier = time.strftime("%Y-%m-%d", time.localtime(time.time() - 86_400))
    for page in PAGES:
        chemin: str | None = page.chemin.replace("{hier}", hier)
        if page.depuis is not None:
            chemin = lecteur.trouver(page.chemin, connus.get(page.depuis, page.depuis))
        if chemin is None:
            print(f"{page.nom} : aucun lien n'y mène", flush=True)
            continue
        connus[page.chemin] = chemin
        lecteur.se_reposer()
        mesure = lecteur.mesurer(page.nom, chemin, fois)
        print(
            f"{mesure.nom:36} {mesure.froide:7.0f} ms d'abord, {mesure.mediane:6.0f} ms, "
            f"processeur {mesure.cpu:6.0f} ms, {mesure.ko:6.1f} ko  {mesure.chemin}",
            flush=True,
        )
        yield mesure


def section(mesures: Sequence[Mesure], etat: dict[str, object]) -> str:
    """What docs/performance.md holds."""
    return "\n".join(
        [
            f"Machine: {', '.join(f'{cle} {valeur}' for cle, valeur in etat.items())}.",
            "",
            "| Page | First reading, ms | Median, ms | Best, ms | Processor, ms | kB |",
            "| --- | --- | --- | --- | --- | --- |",
            *(
                f"| {m.nom} | {m.froide:.0f} | {m.mediane:.0f} | {m.meilleure:.0f} | {m.cpu:.0f} | {m.ko:.0f} |"
                for m in mesures
            ),
        ]
    )


def principal(arguments: Sequence[str] | None = None) -> None:
    """Command line; exits 1 when the best reading of a page is over 200 ms, or the page over 200 kB: others on the
    machine lengthen the rest."""
    options = argparse.ArgumentParser(prog="bench.pages", description="Temps et poids de chaque page de la console")
    options.add_argument("--home", type=Path, help="VIGIE_HOME d'une démonstration en marche")
    options.add_argument("--fois", type=int, default=7, help="lectures de chaque page après la première")
    options.add_argument("--publier", action="store_true", help="écrire le tableau dans docs/performance.md")
    choix = options.parse_args(arguments)
    etat = machine()
    if choix.home is not None:
        mesures = list(mesurer(debout(choix.home), choix.fois))
    else:
        with demonstration() as pile:
            mesures = list(mesurer(pile, choix.fois))
    if choix.publier:
        publier("pages", section(mesures, etat))
    print(json.dumps({"pages": [m._asdict() for m in mesures], "machine": etat}, ensure_ascii=False))
    lentes = [m.nom for m in mesures if m.meilleure > PLAFOND_MS or m.ko > PLAFOND_KO]
    if lentes:
        raise SystemExit(f"Plus de {PLAFOND_MS:.0f} ms ou de {PLAFOND_KO:.0f} ko : {', '.join(lentes)}")


if __name__ == "__main__":
    principal()
