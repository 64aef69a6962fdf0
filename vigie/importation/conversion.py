"""From the rows of a file to the events of a process: ``convertir``, a generator whose only I/O is the file.

One row makes at most one event, so importing the same file twice makes the same ids.
"""

import hashlib
from collections.abc import Callable, Iterator
from datetime import datetime
from pathlib import Path
from typing import Any, BinaryIO

import msgspec

from shared.events.contrat import TYPE_DOSSIER
from vigie.importation.cellules import (
    Cellules,
    Rangs,
    Refus,
    attribut_de,
    code_du_reseau,
    condition_de,
    de_la_liste,
    nombre_de,
    nomme,
    texte_de,
)
from vigie.importation.champs import proches
from vigie.importation.dates import dater_dossiers, dater_evenements
from vigie.importation.erreurs import CleManquante, Faute, MappingInvalide
from vigie.importation.lecture import ouvrir
from vigie.importation.mapping import CODES, definition
from vigie.importation.modele import Attribut, Mapping
from vigie.importation.pseudonyme import SANS_CLE, pseudonymiseur_double
from vigie.importation.resultats import Evenement, LigneIgnoree, Rangee, RejetLigne, rejet

Cles = tuple[bytes | None, bytes | None]
"""The network's present key, and the one before it while it rotates."""

Convertir = Callable[[Rangee], Evenement | LigneIgnoree]
"""One row to what it makes. Raises Refus."""


def convertir(
    fichier: Path,
    mapping: Mapping,
    cle_pseudonyme: bytes | None,
    flux: BinaryIO | None = None,
    precedente: bytes | None = None,
) -> Iterator[Evenement | RejetLigne | LigneIgnoree]:
    """Every line of the file in order, as an event, a refusal, or a line left aside.

    ``flux`` replaces the file's bytes (see ``lecture.ouvrir``). ``precedente``: the network's key before, while it
    rotates. Raises CleManquante at once when the mapping pseudonymises and there is no key; FichierIllisible, or
    MappingInvalide for columns that the file does not have, with the first item asked for. After that nothing in the
    file makes it raise.
    """
    if cle_pseudonyme is None and any(a.nom == "assure" for a in mapping.attributs):
        raise CleManquante(SANS_CLE)
    return _convertir(fichier, mapping, (cle_pseudonyme, precedente), flux)


def _convertir(
    fichier: Path, mapping: Mapping, cles: Cles, flux: BinaryIO | None
) -> Iterator[Evenement | RejetLigne | LigneIgnoree]:
    with ouvrir(fichier, mapping, flux) as lecture:
        une = compiler(mapping, _rangs(mapping, lecture.colonnes), cles)
        for rangee in lecture.rangees:
            if not isinstance(rangee, Rangee):
                yield rangee
                continue
            try:
                sortie = une(rangee)
            except Refus as refus:
                yield rejet(rangee.ligne, refus.raison, refus.message, rangee.brut)
            else:
                yield sortie


def compiler(mapping: Mapping, rangs: Rangs, cles: Cles) -> Convertir:
    """The conversion of one row of a file whose columns are at ``rangs``."""
    retenue = condition_de(mapping.filtre, rangs)
    dater = (dater_dossiers if mapping.forme == "dossiers" else dater_evenements)(mapping, rangs)
    sujet = texte_de(mapping.sujet, rangs)
    nombre = nombre_de(mapping.nombre, rangs) if mapping.nombre is not None else None
    donnees = _donnees(mapping, rangs, cles)
    envelopper = _enveloppe(mapping)

    def une(rangee: Rangee) -> Evenement | LigneIgnoree:
        cellules = rangee.cellules
        if retenue is not None and not retenue(cellules):
            return LigneIgnoree(rangee.ligne, "filtre")
        jalons = dater(cellules)
        if not jalons:
            return LigneIgnoree(rangee.ligne, "activite")
        nom = sujet(cellules)
        if not nom:
            raise Refus("sujet_absent", f"{nomme(mapping.sujet.colonnes)} : le sujet est vide.")
        data, remplaces = donnees(cellules)
        if nombre is not None:
            n = nombre(cellules)
            if not n:
                return LigneIgnoree(rangee.ligne, "nombre_nul")
            data["nombre"] = n
        return Evenement(rangee.ligne, envelopper(nom, rangee.brut, jalons, data), remplaces)

    return une


def _donnees(
    mapping: Mapping, rangs: Rangs, cles: Cles
) -> Callable[[Cellules], tuple[dict[str, Any], tuple[str, ...]]]:
    """The ``data`` of a row without its jalons, and the names of the attributes that something else stands in for."""
    constantes = dict(mapping.constantes)
    lecteurs = [(a.nom, attribut_de(a, rangs, _connue(mapping, a, cles))) for a in mapping.attributs]

    def donnees(cellules: Cellules) -> tuple[dict[str, Any], tuple[str, ...]]:
        data: dict[str, Any] = constantes.copy()
        remplaces: tuple[str, ...] = ()
        for nom, lire in lecteurs:
            valeur, remplace = lire(cellules)
            if valeur is not None:
                data[nom] = valeur
            if remplace:
                remplaces = (*remplaces, nom)
        return data, remplaces

    return donnees


def _connue(mapping: Mapping, attribut: Attribut, cles: Cles) -> Callable[[str], str | list[str] | None]:
    if attribut.nom == "assure":
        cle, precedente = cles
        if cle is None:
            raise CleManquante(SANS_CLE)
        return pseudonymiseur_double(cle, precedente)
    if attribut.nom in CODES:
        return code_du_reseau(attribut)
    return de_la_liste(definition(mapping.process).attributs[attribut.nom])


def _enveloppe(mapping: Mapping) -> Callable[[str, bytes, dict[str, datetime], dict[str, Any]], bytes]:
    """The CloudEvent of a row as JSON. Its id is a digest of process, namespace, subject, raw row and jalon."""
    regles = definition(mapping.process).jalons
    multiples = frozenset(nom for nom, regle in regles.items() if regle == "multiple")
    types = {nom: f"vigie.{mapping.process}.{nom}.v1" for nom in (*regles, TYPE_DOSSIER)}
    espace = mapping.namespace or mapping.source
    base = hashlib.blake2b(f"{mapping.process}|{espace}|".encode(), digest_size=16)
    seul = mapping.forme == "events"
    encoder = msgspec.json.Encoder().encode

    def envelopper(sujet: str, brut: bytes, jalons: dict[str, datetime], data: dict[str, Any]) -> bytes:
        if seul and len(jalons) == 1:
            ((nom, temps),) = jalons.items()
        else:
            nom, temps = TYPE_DOSSIER, max(jalons.values())
            data["jalons"] = {n: [t] if n in multiples else t for n, t in jalons.items()}
        condensat = base.copy()
        condensat.update(b"%b|%b|%b" % (sujet.encode(), brut, nom.encode()))
        evenement = {
            "specversion": "1.0",
            "id": condensat.hexdigest(),
            "source": mapping.source,
            "type": types[nom],
            "subject": sujet,
            "time": temps,
            "data": data,
        }
        if mapping.namespace is not None:
            evenement["namespace"] = mapping.namespace
        return encoder(evenement)

    return envelopper


def _rangs(mapping: Mapping, colonnes: tuple[str, ...]) -> Rangs:
    """The place of each column that the mapping names. Raises MappingInvalide naming all that are not there once."""
    fautes = []
    for colonne, chemin in mapping.colonnes().items():
        if colonne not in colonnes:
            message = f"la colonne « {colonne} » n'est pas dans le fichier. {proches(colonne, colonnes)}"
            if len(colonnes) == 1:
                message += " L'en-tête n'a qu'une colonne : le séparateur est peut-être un autre (delimiter)."
            fautes.append(Faute(chemin, message))
        elif colonnes.count(colonne) > 1:
            fautes.append(Faute(chemin, f"la colonne « {colonne} » est deux fois dans l'en-tête."))
    if fautes:
        raise MappingInvalide(fautes)
    return {colonne: rang for rang, colonne in enumerate(colonnes)}
