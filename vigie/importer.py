"""``vigie import``: a file, a mapping, and the events in the log; bad lines reported and kept."""

import os
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

from shared.clock import Clock
from shared.database.connexion import acquerir
from shared.dossiers.assemblage import ServiceDossiers
from shared.dossiers.ingestion import Resultat
from shared.log.rejets import Rejet, ecrire, inedits
from vigie.importation import (
    VARIABLE_PRECEDENTE,
    Evenement,
    LigneIgnoree,
    Mapping,
    RejetLigne,
    convertir,
    lire_cle,
    lire_mapping,
)
from vigie.pile import Base
from vigie.travail import definition_du_processus, ecouler, service_ouvert

LOT = 5_000
"""Events appended at once."""

EXEMPLES = 20
"""Refused lines shown; all are kept."""


@dataclass(slots=True)
class Bilan:
    """What an import did. ``refus``: (line number, sentence) of the first ones."""

    acceptes: int = 0
    refuses: int = 0
    ignorees: Counter[str] = field(default_factory=Counter)
    remplaces: Counter[str] = field(default_factory=Counter)
    refus: list[tuple[int, str]] = field(default_factory=list)

    def refuser(self, ligne: int, message: str) -> None:
        self.refuses += 1
        if len(self.refus) < EXEMPLES:
            self.refus.append((ligne, message))


async def importer(
    base: Base, fichier: Path, chemin_mapping: Path, console: Console, clock: Clock | None = None
) -> Bilan:
    """Import a file and wait until it is in the cells. Importing the same file again changes nothing.

    Raises ErreurImport (the mapping, the file or the key), and nothing for a bad line.
    """
    mapping = lire_mapping(chemin_mapping)
    definition = definition_du_processus(mapping.process)
    bilan = Bilan()
    async with service_ouvert(base, definition, clock) as service:
        with _progression(console, fichier) as avance:
            await _charger(service, fichier, mapping, bilan, avance)
        await ecouler(service, consommer=not base.pile_en_marche)
    return bilan


async def _charger(service: ServiceDossiers, fichier: Path, mapping: Mapping, bilan: Bilan, avance: "Avance") -> None:
    lot: list[Evenement] = []
    rejets: list[RejetLigne] = []
    precedente = lire_cle(os.environ, VARIABLE_PRECEDENTE)
    for sortie in convertir(fichier, mapping, lire_cle(os.environ), precedente=precedente):
        if isinstance(sortie, LigneIgnoree):
            bilan.ignorees[sortie.motif] += 1
        elif isinstance(sortie, RejetLigne):
            bilan.refuser(sortie.ligne, sortie.message)
            rejets.append(sortie)
        else:
            bilan.remplaces.update(sortie.remplaces)
            lot.append(sortie)
        if len(lot) >= LOT or len(rejets) >= LOT:
            await _envoyer(service, lot, rejets, bilan)
            avance.montrer(bilan)
            lot, rejets = [], []
    await _envoyer(service, lot, rejets, bilan)
    avance.montrer(bilan)


async def _envoyer(service: ServiceDossiers, lot: list[Evenement], rejets: list[RejetLigne], bilan: Bilan) -> None:
    resultats = await service.ingestion.accepter([(e.ligne, e.corps) for e in lot], "import")
    _compter(resultats, bilan)
    if rejets:
        async with acquerir(service.pool) as conn, conn.transaction():
            nom = service.definition.nom
            await ecrire(conn, nom, await inedits(conn, nom, [_rejet(r, service) for r in rejets]))


def _compter(resultats: list[Resultat], bilan: Bilan) -> None:
    for resultat in resultats:
        if resultat.refus is None:
            bilan.acceptes += 1
        else:
            bilan.refuser(resultat.position, resultat.refus.message)


def _rejet(rejet: RejetLigne, service: ServiceDossiers) -> Rejet:
    return Rejet(
        origine="import",
        raison=rejet.raison,
        message=f"Ligne {rejet.ligne} : {rejet.message}",
        recu_le=service.clock.now(),
        topic=service.definition.topic,
        contenu=rejet.brut,
    )


class Avance:
    """The progress line of an import: lines taken and refused so far, with the rate."""

    def __init__(self, barre: Progress, nom: str) -> None:
        self._barre = barre
        self._tache = barre.add_task(nom, total=None, etat="")

    def montrer(self, bilan: Bilan) -> None:
        self._barre.update(
            self._tache, etat=f"{bilan.acceptes:,} acceptés, {bilan.refuses:,} refusés".replace(",", " ")
        )


@contextmanager
def _progression(console: Console, fichier: Path) -> Iterator[Avance]:
    colonnes = (TextColumn("{task.description}"), BarColumn(), TextColumn("{task.fields[etat]}"), TimeElapsedColumn())
    with Progress(*colonnes, console=console, transient=True) as barre:
        yield Avance(barre, fichier.name)


def lignes_du_bilan(bilan: Bilan) -> Iterator[str]:
    """The summary of an import, line by line, in French."""
    yield f"{bilan.acceptes} événements acceptés, {bilan.refuses} lignes refusées."
    for motif, nombre in sorted(bilan.ignorees.items()):
        yield f"  {nombre} lignes sans effet voulu ({motif})"
    for attribut, nombre in sorted(bilan.remplaces.items()):
        yield f"  {nombre} valeurs de « {attribut} » non comprises, remplacées par le défaut ou « autre »"
    for ligne, message in bilan.refus:
        yield f"  ligne {ligne} : {message}"
    if bilan.refuses > len(bilan.refus):
        yield f"  … et {bilan.refuses - len(bilan.refus)} autres : vigie rejets"
