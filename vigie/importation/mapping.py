"""The YAML mapping of ``vigie import``: how the rows of a file become events, read and checked at once.

Keys: ``process``, ``shape`` (dossiers | events), ``source``, ``namespace`` (by default the source), ``format``,
``encoding``, ``delimiter``, ``timezone``, ``time_format``, ``when``/``unless`` (which rows are taken), ``subject``,
``jalons``, ``activity`` and ``time`` (shape events), ``attributes``, ``values``, ``defaults``, ``nombre``.
A file of format asterisk-queue-log needs only ``process``, ``source``, ``format`` and its attributes.
"""

from pathlib import Path
from typing import Any, cast, get_args

from shared.catalogue.processus import AUTRE, Processus, ProcessusInconnu, processus
from shared.events.contrat import TEXTE_MAX
from vigie.importation.champs import NUL, SLUG, UN_MOMENT, Releve, proches
from vigie.importation.erreurs import Faute, FichierIllisible, MappingInvalide
from vigie.importation.modele import (
    FORMATS,
    TOUJOURS,
    Attribut,
    Format,
    Forme,
    Mapping,
    Moment,
    gabarit,
)
from vigie.importation.yaml_textes import lire_yaml

CLES = (
    "process", "shape", "source", "namespace", "format", "encoding", "delimiter", "timezone", "time_format",
    "when", "unless", "subject", "jalons", "activity", "time", "attributes", "values", "defaults", "nombre",
)  # fmt: skip

CODES = ("caisse", "productrice", "plateforme")
"""Fields of every process whose values are codes of the network."""

FILE_ASTERISK: dict[str, Any] = {
    "shape": "events",
    "subject": "callid",
    "activity": "event",
    "time": "epoch",
    "time_format": "epoch",
    "jalons": {
        "presente": "ENTERQUEUE",
        "decroche": "CONNECT",
        "abandonne": "ABANDON",
        "termine": ["COMPLETEAGENT", "COMPLETECALLER"],
        "deborde": ["EXITWITHTIMEOUT", "EXITEMPTY"],
    },
}
"""What a mapping of format asterisk-queue-log says when it says nothing (queue_log events of Asterisk)."""

definition = processus
"""What a mapping is checked against: the process of that code, or ProcessusInconnu."""


def lire_mapping(chemin: Path) -> Mapping:
    """The mapping of a YAML file. Raises FichierIllisible, or MappingInvalide with every fault."""
    try:
        texte = chemin.read_text(encoding="utf-8-sig")
    except OSError as exc:
        raise FichierIllisible(f"Le mapping {chemin} ne se lit pas : {exc.strerror}.") from None
    except UnicodeDecodeError:
        raise FichierIllisible(f"Le mapping {chemin} n'est pas du texte UTF-8.") from None
    return construire_mapping(lire_yaml(texte))


def construire_mapping(brut: Any) -> Mapping:
    """The mapping of a document read by ``lire_yaml``. Raises MappingInvalide with every fault found."""
    if not isinstance(brut, dict):
        raise MappingInvalide([Faute("mapping", f"il faut un document YAML de clés {', '.join(CLES)}.")])
    if brut.get("format") == "asterisk-queue-log":
        brut = FILE_ASTERISK | brut
    releve = Releve()
    releve.cles(brut, "", CLES)
    p = _processus(brut.get("process"), releve)
    forme = cast(Forme, releve.choix(brut.get("shape"), "shape", get_args(Forme)))
    format_heure = releve.format_heure(brut.get("time_format", "iso8601"), "time_format")
    attributs, constantes = _champs(brut, p, releve)
    jalons = _noms_de_jalons(brut, p, releve)
    evenements = forme == "events"
    activites, toute = _activites(jalons, releve) if evenements else ({}, ())
    mapping = Mapping(
        process=brut.get("process", ""),
        forme=forme,
        source=releve.texte(brut.get("source"), "source", "le nom de la source (exemple : urn:vigie:source:essai)"),
        namespace=_option(brut, "namespace"),
        format=cast(Format, releve.choix(brut["format"], "format", FORMATS)) if _option(brut, "format") else None,
        zone=releve.zone(_option(brut, "timezone") or "Europe/Paris"),
        encodage=releve.encodage(_option(brut, "encoding") or "utf-8"),
        separateur=_separateur(brut.get("delimiter"), releve),
        sujet=gabarit(releve.texte(brut.get("subject"), "subject", "une colonne ou un gabarit « {a}-{b} »")),
        filtre=releve.condition(brut, ""),
        jalons={} if evenements else {nom: _moments(v, nom, format_heure, releve) for nom, v in jalons.items()},
        activite=releve.texte(brut.get("activity"), "activity", "la colonne de l'activité") if evenements else None,
        heure=_heure(brut, format_heure, releve) if evenements else None,
        activites=activites,
        toute_activite=toute,
        ordre=tuple(jalons),
        attributs=attributs,
        constantes=constantes,
        nombre=_option(brut, "nombre"),
    )
    if not evenements:
        for cle in ("activity", "time"):
            if cle in brut:
                releve.faute(cle, "ne va qu'avec shape: events ; ici une ligne est un dossier entier.")
    for cle, nom in (("source", mapping.source), ("namespace", mapping.namespace or "")):
        if len(nom) > TEXTE_MAX or "|" in nom or not nom.isprintable():
            releve.faute(cle, f"il faut au plus {TEXTE_MAX} caractères, sans « | » ni caractère de contrôle.")
    _agents(mapping, releve)
    if releve.fautes:
        raise MappingInvalide(releve.fautes)
    return mapping


def _option(brut: dict[str, Any], cle: str) -> str | None:
    valeur = brut.get(cle)
    return None if valeur is None or valeur in NUL else str(valeur)


def _processus(code: Any, releve: Releve) -> Processus | None:
    try:
        return definition(releve.texte(code, "process", "le code d'un processus du catalogue") or "?")
    except ProcessusInconnu as exc:
        releve.faute("process", str(exc))
        return None


def _separateur(brut: Any, releve: Releve) -> str | None:
    if brut is None or brut in NUL:
        return None
    if isinstance(brut, str) and len(brut) == 1 and brut.isascii() and brut not in '"\r\n\0':
        return brut
    releve.faute("delimiter", 'il faut un seul caractère (exemples : ";", "|", "\\t").')
    return None


def _noms_de_jalons(brut: dict[str, Any], p: Processus | None, releve: Releve) -> dict[str, Any]:
    """The ``jalons`` of the mapping that the process knows."""
    connus = tuple(p.jalons) if p else ()
    jalons = releve.table(brut.get("jalons"), "jalons", "un mapping {jalon: …}")
    if not jalons:
        releve.faute("jalons", f"il faut au moins un jalon. Acceptés : {', '.join(connus) or 'ceux du processus'}.")
    if p is not None:
        releve.cles(jalons, "jalons", connus)
    return {nom: valeur for nom, valeur in jalons.items() if p is None or nom in connus}


def _moments(brut: Any, nom: str, format_: str, releve: Releve) -> tuple[Moment, ...]:
    chemin = f"jalons.{nom}"
    if not isinstance(brut, list):
        return (releve.moment(brut, chemin, format_),)
    if not brut:
        releve.faute(chemin, "la liste est vide ; il faut au moins une colonne.")
    return tuple(releve.moment(m, f"{chemin}[{rang}]", format_) for rang, m in enumerate(brut))


def _heure(brut: dict[str, Any], format_: str, releve: Releve) -> Moment:
    return Moment(
        gabarit(releve.texte(brut.get("time"), "time", UN_MOMENT)),
        format_,
    )


def _activites(jalons: dict[str, Any], releve: Releve) -> tuple[dict[str, tuple[str, ...]], tuple[str, ...]]:
    """Activity -> its jalons, and the jalons of any activity; both in declared order."""
    par_activite: dict[str, tuple[str, ...]] = {}
    toute: list[str] = []
    for nom, brut in jalons.items():
        for activite in releve.textes(brut, f"jalons.{nom}", 'une activité, une liste d\'activités, ou "*"'):
            if activite == "*":
                toute.append(nom)
            else:
                par_activite[activite.strip()] = (*par_activite.get(activite.strip(), ()), nom)
    return par_activite, tuple(toute)


def _champs(brut: dict[str, Any], p: Processus | None, releve: Releve) -> tuple[tuple[Attribut, ...], dict[str, str]]:
    """The fields of ``data``: those read from columns, and the constants."""
    permis = (*CODES, "assure", *(p.attributs if p else ()))
    lus = releve.table(brut.get("attributes"), "attributes", "un mapping {attribut: colonne}")
    tables = releve.table(brut.get("values"), "values", "un mapping {attribut: {valeur du fichier: valeur}}")
    defauts = releve.table(brut.get("defaults"), "defaults", "un mapping {attribut: valeur}")
    if p is not None:
        for cle, table in (("attributes", lus), ("values", tables), ("defaults", defauts)):
            releve.cles(table, cle, permis)
    for cle, table in (("values", tables), ("defaults", defauts)):
        if "assure" in table:
            releve.faute(f"{cle}.assure", "un assuré se pseudonymise ; il ne se traduit pas et n'est pas constant.")
    constantes = {
        nom: _valeur(valeur, nom, f"defaults.{nom}", p, releve) for nom, valeur in defauts.items() if valeur not in NUL
    }
    attributs = tuple(
        _attribut(nom, colonne, tables, constantes, p, releve) for nom, colonne in lus.items() if colonne not in NUL
    )
    for nom in tables:
        if lus.get(nom, "") in NUL:
            releve.faute(f"values.{nom}", "traduit un attribut qui n'est lu d'aucune colonne (voir attributes).")
    lues = {attribut.nom for attribut in attributs}
    return attributs, {nom: valeur for nom, valeur in constantes.items() if nom not in lues}


def _attribut(
    nom: str,
    brut: Any,
    tables: dict[str, Any],
    defauts: dict[str, str],
    p: Processus | None,
    releve: Releve,
) -> Attribut:
    chemin = f"attributes.{nom}"
    condition, table, ou = TOUJOURS, tables.get(nom), f"values.{nom}"
    if isinstance(brut, dict):
        releve.cles(brut, chemin, ("column", "values", "when", "unless"))
        condition = releve.condition(brut, chemin)
        if "values" in brut and nom == "assure":
            releve.faute(f"{chemin}.values", "un assuré se pseudonymise ; il ne se traduit pas.")
        elif "values" in brut and table is not None:
            releve.faute(f"{chemin}.values", f"double emploi avec values.{nom} ; il en faut un seul.")
        elif "values" in brut:
            table, ou = brut["values"], f"{chemin}.values"
        brut = brut.get("column")
        chemin = f"{chemin}.column"
    valeurs = None
    if table is not None:
        lues = releve.table(table, ou, "un mapping {valeur du fichier: valeur}")
        valeurs = {de.strip(): _valeur(vers, nom, f"{ou}.{de}", p, releve) for de, vers in lues.items()}
    colonne = releve.texte(brut, chemin, "le nom d'une colonne")
    return Attribut(nom, colonne, valeurs, condition, defauts.get(nom), chemin)


def _valeur(brut: Any, nom: str, chemin: str, p: Processus | None, releve: Releve) -> str:
    """A value that the mapping itself writes: of the closed list of the attribute, or a code of the network."""
    valeur = releve.texte(brut, chemin, "une valeur")
    liste = p.attributs.get(nom) if p else None
    if valeur and liste is not None and valeur not in (*liste, AUTRE):
        releve.faute(chemin, f"« {valeur} » n'est pas une valeur de {nom}. {proches(valeur, (*liste, AUTRE))}")
    if valeur and nom in CODES and not SLUG.fullmatch(valeur):
        releve.faute(chemin, f"« {valeur} » n'est pas un code de {nom} (exemple : cpam-75).")
    return valeur


def _agents(mapping: Mapping, releve: Releve) -> None:
    """In a queue_log the column ``agent`` is a person's name: it may select rows, never leave in an event."""
    if mapping.format != "asterisk-queue-log":
        return
    sorties = [("subject", c) for c in mapping.sujet.colonnes] + [(a.chemin, a.colonne) for a in mapping.attributs]
    for chemin, colonne in sorties:
        if colonne == "agent":
            releve.faute(chemin, "la colonne agent porte des noms de personnes : ils ne sortent jamais.")
