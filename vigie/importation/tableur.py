"""Rows of a delimited file (CSV, TSV), quotes included, so that one stray quote costs one line and not the rest."""

import csv
from collections.abc import Iterator

from vigie.importation.lignes import LIGNE_MAX, Ligne, Lignes, decoder
from vigie.importation.resultats import LigneIgnoree, Rangee, RejetLigne, rejet

SUITE_MAX = 1_000
"""Most lines that one quoted cell may span; with LIGNE_MAX it bounds what is held for a quote never closed."""

MAL_CITEE = (
    "Les guillemets de la ligne ne se lisent pas : non fermés, suivis de texte, ou autour d'une cellule trop longue."
)


def rangees(
    lignes: Lignes, separateur: str, encodage: str, colonnes: tuple[str, ...]
) -> Iterator[Rangee | RejetLigne | LigneIgnoree]:
    """The rows after the header. A row must have as many cells as the header has columns."""
    largeur = len(colonnes)
    for ligne in lignes:
        if not ligne.brut.strip():
            yield LigneIgnoree(ligne.numero, "vide")
            continue
        texte = decoder(ligne, encodage)
        if isinstance(texte, RejetLigne):
            yield texte
        elif '"' in texte:
            yield _entre_guillemets(ligne, texte, lignes, separateur, encodage, colonnes)
        else:
            champs = texte.split(separateur)
            if len(champs) == largeur:
                yield Rangee(ligne.numero, ligne.brut, list(map(str.strip, champs)))
            else:
                yield _inegale(ligne, champs, colonnes)


def champs_de(texte: str, separateur: str) -> list[str] | None:
    """The cells of one line, None when its quotes do not close on it."""
    try:
        return next(csv.reader([texte], delimiter=separateur, strict=True))
    except (csv.Error, StopIteration):
        return None


def _entre_guillemets(
    ligne: Ligne, texte: str, lignes: Lignes, separateur: str, encodage: str, colonnes: tuple[str, ...]
) -> Rangee | RejetLigne:
    """A row with quotes, over as many lines as they need. When it is no row, only its first line is refused."""
    suite: list[Ligne] = []
    lecteur = csv.reader(_fil(texte, suite, lignes, encodage), delimiter=separateur, strict=True)
    try:
        champs = next(lecteur)
    except (csv.Error, StopIteration):
        champs = None
    if champs is not None and len(champs) == len(colonnes):
        brut = b"\n".join((ligne.brut, *(autre.brut for autre in suite)))
        return Rangee(ligne.numero, brut, [champ.strip() for champ in champs])
    lignes.rendre(suite)
    if champs is None or suite:
        return rejet(
            ligne.numero,
            "guillemets",
            MAL_CITEE,
            ligne.brut,
        )
    return _inegale(ligne, champs, colonnes)


def _fil(texte: str, suite: list[Ligne], lignes: Lignes, encodage: str) -> Iterator[str]:
    """The text of a row line by line, as the CSV reader asks for more; ``suite`` receives the lines taken."""
    yield texte + "\n"
    taille = len(texte)
    for ligne in lignes:
        suite.append(ligne)
        taille += len(ligne.brut)
        suivant = decoder(ligne, encodage)
        if isinstance(suivant, RejetLigne) or taille > LIGNE_MAX or len(suite) > SUITE_MAX:
            return
        yield suivant + "\n"


def _inegale(ligne: Ligne, champs: list[str], colonnes: tuple[str, ...]) -> RejetLigne:
    attendu = f"{len(champs)} cellule{'s' if len(champs) > 1 else ''} au lieu de {len(colonnes)}"
    if len(champs) < len(colonnes):
        attendu += f" : il manque à partir de la colonne « {colonnes[len(champs)]} »"
    return rejet(ligne.numero, "colonnes", f"{attendu}.", ligne.brut)
