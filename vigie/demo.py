"""``vigie demo``: eight months of the whole network replayed at speed on a simulated clock, then live."""

import asyncio
import json
import os
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import uvloop
from rich.console import Console
from rich.live import Live
from rich.table import Table

from shared.catalogue.indicateurs import charger_indicateurs
from shared.clock import SystemClock
from shared.dossiers.assemblage import ServiceDossiers
from shared.dossiers.valeurs import Demande
from shared.indicators.periodes import Periode
from shared.indicators.statistiques import RESEAU, Valeur
from shared.network.jours import jour_de
from shared.network.reseau import charger
from simulator.envoi import Emetteur
from simulator.parametres import Config, configurer
from simulator.simulation import Journee, Simulation, flux_direct
from simulator.simulation import derouler as rejouer
from vigie.demo_comite import dernier_mois, tenir
from vigie.demo_entraide import aider, phrase
from vigie.importer import importer
from vigie.pile import Base, Pile, dossier_vigie, ports_libres
from vigie.travail import DEFINITIONS, ecouler, service_ouvert
from vigie.veille import adresses, invitation, montrer_la_console
from vigie.verifier import verifier_tout

BASE = "vigie_demo"

JEU_REEL = Path(__file__).parents[2] / "shared" / "data" / "cases" / "receipt_events.csv.gz"
CORRESPONDANCE = Path(__file__).parents[1] / "examples" / "receipt_dossiers.yaml"

VEILLE = 21
"""Last days of the replay on which alerts are evaluated: what is open at its end needs no more."""

FENETRE = 30
"""Days of the summary, up to the last one replayed."""

RAFRAICHISSEMENT = 2.0
"""Seconds between two looks at the live table."""

MONTRES = (
    "taux_decroche", "attente_decroches_d9", "courriels_48h", "courriels_48h_reel", "reclamations_10j",
    "delai_fse_moyen", "delai_fsp_assures_d9", "delai_ij_premiere_non_subrogee_d9", "delai_cmuc_acs_d9",
    "stock_cmuc_acs",
)  # fmt: skip
"""Indicators of the live table."""


@dataclass(frozen=True, slots=True)
class Options:
    """What was asked of the demonstration; ``fin``: last day replayed, by default yesterday."""

    une_fois: bool
    en_json: bool
    mois: int
    fraction: int
    graine: int
    fin: date | None
    avec_kafka: bool


@dataclass(frozen=True, slots=True)
class Rejeu:
    """What the replay did."""

    evenements: int
    secondes: float


def derouler(options: Options, console: Console, erreurs: Console) -> None:
    """Run the demonstration; raises what stops it. With ``une_fois``, exits 1 when the verification fails."""
    dire = erreurs if options.en_json else console
    # Each event stands for so many: entraide sizes needs in real volumes.
    os.environ["VIGIE_ECHANTILLON"] = str(options.fraction)
    dire.print(f"Vigie : {options.mois} mois du réseau, un événement national sur {options.fraction}.", highlight=False)
    pile = Pile(
        dossier_vigie(), base=BASE, neuve=True, avec_kafka=options.avec_kafka, horloge="simulee", ports=ports_libres()
    )
    with pile as debout, asyncio.Runner(loop_factory=uvloop.new_event_loop) as boucle:
        boucle.run(_derouler(options, debout, console, dire))


async def _derouler(options: Options, pile: Pile, console: Console, dire: Console) -> None:
    base = Base(pile.database_url, pile.kafka_bootstrap, pile_en_marche=True)
    for ligne in adresses(pile.urls):
        dire.print(ligne, highlight=False)
    await _jeu_de_donnees(base, dire)
    async with AsyncExitStack() as ouverts:
        services = [await ouverts.enter_async_context(service_ouvert(base, d)) for d in DEFINITIONS.values()]
        await _montrer(options, pile, base, services, console, dire)


async def _montrer(
    options: Options,
    pile: Pile,
    base: Base,
    services: Sequence[ServiceDossiers],
    console: Console,
    dire: Console,
) -> None:
    # Paris is the reference of the replay: it ends with the last evening there.
    premier_jour_absent = (options.fin or SystemClock().now().date() - timedelta(days=1)) + timedelta(days=1)
    config = configurer(premier_jour_absent, graine=options.graine, mois=options.mois, fraction=options.fraction)
    simulation = Simulation(config)
    rejeu = await _rejouer(simulation, premier_jour_absent - timedelta(days=VEILLE), services, pile, dire)
    dire.print(
        f"{rejeu.evenements} événements en {rejeu.secondes:.0f} s, soit {rejeu.evenements / rejeu.secondes:.0f} "
        "par seconde, de l'envoi HTTP aux cellules.",
        highlight=False,
    )
    fin = premier_jour_absent - timedelta(days=1)
    # The comité and the plan wait for one another: the verification goes on meanwhile.
    conforme, (comite, entraide) = await asyncio.gather(
        verifier_tout(base, dire, journal=False), asyncio.to_thread(_comite_et_entraide, pile, fin, dire)
    )
    mesures = await _mesures(services, Periode(jour_de(fin) - FENETRE + 1, jour_de(fin)))
    if options.en_json:
        document = await _document(services, rejeu, conforme, mesures) | {"comite": comite, "entraide": entraide}
        sys.stdout.write(json.dumps(document, ensure_ascii=False) + "\n")
    else:
        console.print(_tableau(mesures, f"Réseau, {FENETRE} jours jusqu'au {fin:%d/%m/%Y}"))
    if options.une_fois:
        if not conforme:
            raise SystemExit(1)
        return
    await _direct(config, simulation, services, pile, console)


def _comite_et_entraide(pile: Pile, fin: date, dire: Console) -> tuple[dict[str, Any], dict[str, Any]]:
    """The comité of the last month that is over, then the aid it decided."""
    comite = tenir(pile.urls["alerts"], dernier_mois(fin), dossier_vigie())
    dire.print(
        f"Comité d'alerte de {comite['mois']} : {comite['caisses_examinees']} caisses examinées, {comite['courriers']} "
        f"courrier{'s' if comite['courriers'] > 1 else ''} ; procès-verbal : {comite['pv']}",
        highlight=False,
    )
    entraide = aider(pile.urls["entraide"], comite)
    dire.print(phrase(entraide), highlight=False)
    return comite, entraide


async def _jeu_de_donnees(base: Base, dire: Console) -> None:
    if JEU_REEL.exists() and CORRESPONDANCE.exists():
        bilan = await importer(base, JEU_REEL, CORRESPONDANCE, dire)
        dire.print(f"Jeu réel importé : {bilan.acceptes} événements, {bilan.refuses} refusés.", highlight=False)
        return
    with tempfile.TemporaryDirectory() as dossier:
        fichier, mapping = _petit_jeu(Path(dossier))
        bilan = await importer(base, fichier, mapping, dire)
    dire.print(f"Petit jeu importé : {bilan.acceptes} événements (aucun jeu réel à côté du dépôt).", highlight=False)


def _petit_jeu(dossier: Path) -> tuple[Path, Path]:
    """A small CSV of requests with its mapping, for machines where the real data are not."""
    fichier, mapping = dossier / "demandes.csv", dossier / "demandes.yaml"
    debut = date(2025, 1, 6)
    lignes = ["numero,recue,decidee"]
    for rang in range(500):
        recue = debut + timedelta(days=rang % 120)
        lignes.append(f"D{rang:05d},{recue}T09:00:00+01:00,{recue + timedelta(days=rang * 7 % 45)}T16:00:00+01:00")
    fichier.write_text("\n".join(lignes) + "\n", encoding="utf-8")
    mapping.write_text(
        "process: cmuc_acs\nshape: dossiers\nsource: urn:vigie:source:petit-jeu\nformat: csv\nsubject: numero\n"
        "jalons: {recue: recue, decidee_accord: decidee}\ndefaults: {caisse: cpam-75, regime: general}\n",
        encoding="utf-8",
    )
    return fichier, mapping


async def _rejouer(
    simulation: Simulation, veille: date, services: Sequence[ServiceDossiers], pile: Pile, dire: Console
) -> Rejeu:
    """All the months; alerts are told the time, and look, from the day ``veille`` on."""
    debut = time.monotonic()
    envoyes = 0
    async with Emetteur(pile.urls["contacts"], pile.urls["claims"], horloges=_horloges(pile)) as emetteur:
        with dire.status("Rejeu…") as etat:
            async for journee in _d_avance(rejouer(simulation)):
                await emetteur.envoyer(journee)
                if journee.jour >= veille:
                    await emetteur.dire_l_heure(journee.fin)
                envoyes += len(journee.contacts) + len(journee.claims)
                etat.update(f"Rejeu du {journee.jour:%d/%m/%Y} : {envoyes} événements envoyés")
                pile.verifier()
            etat.update("Écoulement du journal…")
            for service in services:
                await ecouler(service, consommer=False)
    if emetteur.compte.refuses:
        dire.print(f"{emetteur.compte.refuses} événements refusés : {dict(emetteur.compte.raisons)}", highlight=False)
    return Rejeu(envoyes, time.monotonic() - debut)


async def _d_avance(journees: Iterator[Journee]) -> AsyncIterator[Journee]:
    """The same days: each is drawn in a thread while the one before it is being sent."""
    suivante = asyncio.create_task(asyncio.to_thread(next, journees, None))
    try:
        while (journee := await suivante) is not None:
            suivante = asyncio.create_task(asyncio.to_thread(next, journees, None))
            yield journee
    finally:
        await asyncio.gather(suivante, return_exceptions=True)


def _horloges(pile: Pile) -> list[str]:
    """Where the time is told: the services that receive no event from a source."""
    return [pile.urls["alerts"], pile.urls["entraide"], pile.urls["console"]]


async def _mesures(services: Sequence[ServiceDossiers], periode: Periode) -> dict[str, list[Valeur]]:
    """Every indicator over one period, for every caisse and the network, in the order of the catalogue."""
    maintenant = int(SystemClock().now().timestamp())
    par_nom = {service.definition.nom: service for service in services}
    return {
        code: await _valeurs(par_nom[indicateur.service], code, periode, maintenant)
        for code, indicateur in charger_indicateurs().items()
    }


async def _valeurs(service: ServiceDossiers, code: str, periode: Periode, maintenant: int) -> list[Valeur]:
    async with service.moteur.connect() as conn:
        await service.dictionnaire.actualiser(conn)
        return await service.evaluateur.valeurs(conn, Demande(charger_indicateurs()[code], [periode], maintenant))


async def _document(
    services: Sequence[ServiceDossiers], rejeu: Rejeu, conforme: bool, mesures: Mapping[str, list[Valeur]]
) -> dict[str, object]:
    rejets = [await s.pool.fetchval(f"SELECT count(*) FROM {s.definition.nom}.rejets") for s in services]
    return {
        "caisses": len(charger().caisses),
        "events": rejeu.evenements,
        "events_per_s": round(rejeu.evenements / rejeu.secondes, 1),
        "rejets": sum(rejets),
        "verify": "ok" if conforme else "ecarts",
        "indicateurs": {code: _resume(valeurs) for code, valeurs in mesures.items()},
    }


def _resume(valeurs: list[Valeur]) -> dict[str, object]:
    reseau = next((v for v in valeurs if v.caisse == RESEAU), None)
    return {
        "n": 0 if reseau is None else reseau.n,
        "valeur": None if reseau is None or reseau.valeur is None else round(reseau.valeur, 4),
        "caisses_mesurees": sum(1 for v in valeurs if v.caisse != RESEAU and v.valeur is not None),
    }


async def _direct(
    config: Config, simulation: Simulation, services: Sequence[ServiceDossiers], pile: Pile, console: Console
) -> None:
    console.print(invitation(pile.urls), highlight=False)
    console.print("En direct. Ctrl-C pour arrêter.")
    montrer_la_console(pile.urls)
    clock = SystemClock()
    sorties: asyncio.Queue[Journee] = asyncio.Queue(maxsize=10)

    async def produire() -> None:
        async for journee in flux_direct(config, clock, simulation=simulation):
            await sorties.put(journee)

    async def envoyer() -> None:
        async with Emetteur(pile.urls["contacts"], pile.urls["claims"], horloges=_horloges(pile)) as emetteur:
            while True:
                journee = await sorties.get()
                await emetteur.envoyer(journee)
                await emetteur.dire_l_heure(journee.fin)

    taches = [asyncio.create_task(produire()), asyncio.create_task(envoyer())]
    try:
        with Live(console=console, refresh_per_second=2) as direct:
            while not any(tache.done() for tache in taches):
                pile.verifier()
                jour = jour_de(clock.now().date())
                direct.update(_tableau(await _mesures(services, Periode(jour, jour)), "Réseau, aujourd'hui"))
                await asyncio.sleep(RAFRAICHISSEMENT)
        for tache in taches:
            if tache.done():
                tache.result()
    finally:
        for tache in taches:
            tache.cancel()
        await asyncio.gather(*taches, return_exceptions=True)


def _tableau(mesures: Mapping[str, list[Valeur]], titre: str) -> Table:
    tableau = Table("Indicateur", "Réseau", "n", "Caisse la plus basse", "La plus haute", "Mesurées", title=titre)
    catalogue = charger_indicateurs()
    slugs = {c.code: c.slug for c in charger().caisses}
    for code in MONTRES:
        resume = _resume(mesures[code])
        caisses = sorted(
            (v.valeur, slugs[v.caisse]) for v in mesures[code] if v.caisse != RESEAU and v.valeur is not None
        )
        bouts = [f"{valeur:.1f} {slug}" for valeur, slug in (caisses[0], caisses[-1])] if caisses else ["", ""]
        valeur = resume["valeur"]
        texte = "non mesuré" if not isinstance(valeur, float) else f"{valeur:.1f} {catalogue[code].unite}"
        tableau.add_row(catalogue[code].libelle, texte, str(resume["n"]), *bouts, str(resume["caisses_mesurees"]))
    return tableau
