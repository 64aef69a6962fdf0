"""Opening a file to import: which format it is, its columns, then its rows, whatever its bytes."""

import gzip
import io
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO, NamedTuple, cast

import msgspec

from vigie.importation.erreurs import FichierIllisible
from vigie.importation.lignes import Lignes, decoder
from vigie.importation.modele import COLONNES_ASTERISK, FORMATS, Format, Mapping
from vigie.importation.resultats import LigneIgnoree, Rangee, RejetLigne, rejet
from vigie.importation.tableur import champs_de, rangees

GZIP = b"\x1f\x8b"
TAMPON = 1 << 18
"""Bytes read at once from the file."""

SEPARATEURS: dict[Format, str] = {"csv": ",", "tsv": "\t"}
EXTENSIONS: dict[str, Format] = {
    ".csv": "csv",
    ".tsv": "tsv",
    ".tab": "tsv",
    ".ndjson": "ndjson",
    ".jsonl": "ndjson",
}
MINIMUM_ASTERISK = COLONNES_ASTERISK.index("event") + 1


Lues = Iterator[Rangee | RejetLigne | LigneIgnoree]


class Lecture(NamedTuple):
    """An open file. ``rangees`` may be consumed once, while the file is open; it never raises."""

    colonnes: tuple[str, ...]
    rangees: Lues


def format_de(nom: str) -> Format:
    """The format that a file name tells: its extension, ``.gz`` aside, or queue_log. Raises FichierIllisible."""
    nu = nom.lower().removesuffix(".gz")
    if nu.startswith("queue_log"):
        return "asterisk-queue-log"
    for extension, format_ in EXTENSIONS.items():
        if nu.endswith(extension):
            return format_
    raise FichierIllisible(
        f"Le nom {nom} ne dit pas le format du fichier : écrivez « format: » dans le mapping ({' | '.join(FORMATS)})."
    )


@contextmanager
def ouvrir(fichier: Path, mapping: Mapping, flux: BinaryIO | None = None) -> Iterator[Lecture]:
    """The columns and rows of a file, of gzip or not.

    ``flux``, when given, is read instead (an upload, a file wrapped by a progress bar) and left open; ``fichier``
    then only gives the name. Raises FichierIllisible for a missing or empty file, or one without a header.
    """
    format_ = mapping.format or format_de(fichier.name)
    try:
        brut = flux or fichier.open("rb")
    except OSError as exc:
        raise FichierIllisible(f"Le fichier {fichier} ne se lit pas : {exc.strerror}.") from None
    tampon = io.BufferedReader(cast(io.RawIOBase, brut), TAMPON)
    try:
        clair = tampon
        if tampon.peek(2)[:2] == GZIP:
            clair = io.BufferedReader(cast(io.RawIOBase, gzip.GzipFile(fileobj=tampon)), TAMPON)
        yield _lecture(Lignes(clair), format_, mapping, fichier.name)
    finally:
        tampon.detach()
        if flux is None:
            brut.close()


def _lecture(lignes: Lignes, format_: Format, mapping: Mapping, nom: str) -> Lecture:
    if format_ == "ndjson":
        colonnes = tuple(mapping.colonnes())
        return Lecture(colonnes, _jusqu_au_bout(lignes, _ndjson(lignes, mapping.encodage, colonnes)))
    if format_ == "asterisk-queue-log":
        return Lecture(COLONNES_ASTERISK, _jusqu_au_bout(lignes, _asterisk(lignes, mapping.encodage)))
    separateur = mapping.separateur or SEPARATEURS[format_]
    colonnes = _entete(lignes, separateur, mapping.encodage, nom)
    return Lecture(colonnes, _jusqu_au_bout(lignes, rangees(lignes, separateur, mapping.encodage, colonnes)))


def _jusqu_au_bout(lignes: Lignes, lues: Lues) -> Lues:
    yield from lues
    if lignes.panne is not None:
        yield lignes.panne


def _entete(lignes: Lignes, separateur: str, encodage: str, nom: str) -> tuple[str, ...]:
    ligne = next(lignes, None)
    if ligne is None:
        pourquoi = lignes.panne.message if lignes.panne else "il est vide, sans même un en-tête."
        raise FichierIllisible(f"Le fichier {nom} ne se lit pas : {pourquoi}")
    texte = decoder(ligne, encodage)
    champs = texte if isinstance(texte, RejetLigne) else champs_de(texte, separateur)
    if champs is None or isinstance(champs, RejetLigne):
        pourquoi = "un guillemet n'y est pas fermé." if champs is None else champs.message
        raise FichierIllisible(f"La première ligne de {nom} n'est pas un en-tête : {pourquoi}")
    return tuple(champ.strip() for champ in champs)


def _asterisk(lignes: Lignes, encodage: str) -> Lues:
    """``epoch|callid|queue|agent|event|data…``: fields beyond data5 are dropped, absent ones are empty."""
    largeur = len(COLONNES_ASTERISK)
    for ligne in lignes:
        if not ligne.brut.strip():
            yield LigneIgnoree(ligne.numero, "vide")
            continue
        texte = decoder(ligne, encodage)
        if isinstance(texte, RejetLigne):
            yield texte
            continue
        champs = [champ.strip() for champ in texte.split("|", largeur)[:largeur]]
        if len(champs) < MINIMUM_ASTERISK:
            yield rejet(ligne.numero, "colonnes", "Il faut au moins epoch|callid|queue|agent|event.", ligne.brut)
            continue
        yield Rangee(ligne.numero, ligne.brut, champs + [""] * (largeur - len(champs)))


def _ndjson(lignes: Lignes, encodage: str, colonnes: tuple[str, ...]) -> Lues:
    """One JSON object a line; ``colonnes`` are the keys to take, an absent one is an empty cell."""
    for ligne in lignes:
        if not ligne.brut.strip():
            yield LigneIgnoree(ligne.numero, "vide")
            continue
        texte = decoder(ligne, encodage)
        if isinstance(texte, RejetLigne):
            yield texte
            continue
        try:
            objet = msgspec.json.decode(texte)
        except (msgspec.DecodeError, UnicodeError, RecursionError) as exc:
            yield rejet(ligne.numero, "json_invalide", f"La ligne n'est pas du JSON lisible ({exc}).", ligne.brut)
            continue
        if not isinstance(objet, dict):
            yield rejet(ligne.numero, "json_invalide", "La ligne n'est pas un objet JSON {…}.", ligne.brut)
            continue
        cellules = [_cellule(objet.get(colonne)) for colonne in colonnes]
        if None in cellules:
            mauvaise = colonnes[cellules.index(None)]
            message = f"Colonne « {mauvaise} » : il faut un texte ou un nombre, sans octet nul."
            yield rejet(ligne.numero, "valeur_illisible", message, ligne.brut)
            continue
        yield Rangee(ligne.numero, ligne.brut, cast(list[str], cellules))


def _cellule(valeur: Any) -> str | None:
    """A JSON value as the text of a cell; None for an object, a list or a text with a NUL."""
    if isinstance(valeur, str):
        return None if "\0" in valeur else valeur.strip()
    if valeur is None:
        return ""
    if isinstance(valeur, bool):
        return "true" if valeur else "false"
    return str(valeur) if isinstance(valeur, int | float) else None
