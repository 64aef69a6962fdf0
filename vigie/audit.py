"""``vigie audit``: the registers of who read or changed what, verified, exported, shortened."""

import csv
import getpass
import json
import sys
from collections.abc import Awaitable, Callable, Sequence
from contextlib import nullcontext
from dataclasses import asdict
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal, TextIO, TypeVar

import typer
from rich.console import Console

from vigie import pile

if TYPE_CHECKING:
    import asyncpg

    from shared.service.audit.ligne import Issue
    from shared.service.audit.verification import Rapport

application = typer.Typer(help="Le registre de qui a lu ou changé quoi.", no_args_is_help=True)
console = Console()

T = TypeVar("T")

SERVICES = ("contacts", "claims", "alerts", "entraide")
"""Those that keep a register, each in its schema."""

ECHEC = 1
EMPREINTE_MIN = 12
"""Hexadecimal characters of a digest that are enough to know it: 48 bits."""

UnService = Annotated[
    Literal["contacts", "claims", "alerts", "entraide"] | None, typer.Option(help="Sans lui, les quatre.")
]
EnJson = Annotated[bool, typer.Option("--json", help="Un document JSON au lieu d'un texte.")]
Jour = Annotated[datetime | None, typer.Option(formats=["%Y-%m-%d"])]


@application.command()
def verifier(
    service: UnService = None,
    tete: Annotated[
        list[str] | None, typer.Option(help="SERVICE:N:EMPREINTE noté plus tôt (ou N:EMPREINTE) ; répétable.")
    ] = None,
    en_json: EnJson = False,
) -> None:
    """Parcourt la chaîne et nomme la première ligne fautive ; sort en erreur s'il y en a une."""
    from shared.service.audit.verification import verifier as parcourir

    ancres = lire_ancres(tete or (), service)
    rapports = _partout(service, lambda conn, schema: parcourir(conn, schema, ancres.get(schema, {})))
    if en_json:
        _ecrire_json([_document(r) for r in rapports])
    else:
        for rapport in rapports:
            console.print(phrase(rapport), highlight=False, markup=False)
    if not all(r.ok for r in rapports):
        raise SystemExit(ECHEC)


@application.command()
def tete(service: UnService = None) -> None:
    """Montre la fin de chaque chaîne. Notée hors de la base, elle prouvera plus tard que rien n'a été coupé."""
    from shared.service.audit.registre import tete as lire

    async def dire(conn: "asyncpg.Connection", schema: str) -> str:
        fin = await lire(conn, schema)
        return f"{schema}:{fin.numero}:{fin.empreinte.hex()}"

    for ligne in _partout(service, dire):
        sys.stdout.write(f"{ligne}\n")


@application.command()
def exporter(
    du: Jour = None,
    au: Jour = None,
    format: Annotated[Literal["ndjson", "csv"], typer.Option(help="Une ligne par acte.")] = "ndjson",
    service: UnService = None,
    sortie: Annotated[Path | None, typer.Option(dir_okay=False, help="Fichier ; sans lui, la sortie standard.")] = None,
) -> None:
    """Écrit les lignes de ces jours, de Paris, les deux compris. L'export est lui-même inscrit au registre."""
    from shared.service.audit.api import entre
    from shared.service.audit.registre import Filtre

    bornes = entre(None if du is None else du.date(), None if au is None else au.date())
    objet = {nom: f"{jour:%Y-%m-%d}" for nom, jour in (("du", du), ("au", au)) if jour is not None}
    _partout(service, lambda conn, schema: _dire_l_export(conn, schema, objet), ecriture=True)
    ouvert = nullcontext(sys.stdout) if sortie is None else sortie.open("w", encoding="utf-8", newline="")
    with ouvert as fichier:
        ecrire = _ecrivain(format, fichier)
        _partout(service, lambda conn, schema: _exporter(conn, schema, Filtre(*bornes), ecrire))


@application.command()
def elaguer(
    avant: Annotated[datetime, typer.Option(formats=["%Y-%m-%d"], help="Les lignes d'avant ce jour, de Paris.")],
    service: UnService = None,
) -> None:
    """Retire les lignes anciennes ; une ligne scellée dit lesquelles, et la chaîne se vérifie toujours."""
    from shared.clock import SystemClock
    from shared.service.audit.api import entre
    from shared.service.audit.elagage import elaguer as retirer

    limite, _ = entre(avant.date(), None)
    assert limite is not None
    faits = _partout(
        service,
        lambda conn, schema: _nomme(schema, retirer(conn, schema, limite, SystemClock().now(), operateur())),
        ecriture=True,
    )
    for schema, fait in faits:
        suite = (
            f"{fait.retirees} lignes retirées ; scellé jusqu'à la {fait.jusqu_a}" if fait.jusqu_a else "rien à retirer"
        )
        console.print(f"{schema} : {suite}.", highlight=False)


def lire_ancres(tetes: Sequence[str], service: str | None) -> "dict[str, dict[int, str]]":
    """The anchors of each service. Raises typer.BadParameter."""
    ancres: dict[str, dict[int, str]] = {}
    for texte in tetes:
        *devant, numero, empreinte = ("", "", *texte.strip().split(":"))[-3:]
        nom = devant[-1] or service
        hexa = all(c in "0123456789abcdef" for c in empreinte.lower())
        if nom not in SERVICES or not numero.isdecimal() or not hexa or len(empreinte) < EMPREINTE_MIN:
            raise typer.BadParameter(
                f"« {texte} » : attendu SERVICE:N:EMPREINTE, comme « vigie audit tete » l'écrit "
                f"(ou N:EMPREINTE avec --service), {EMPREINTE_MIN} caractères d'empreinte au moins."
            )
        ancres.setdefault(nom, {})[int(numero)] = empreinte
    return ancres


def phrase(rapport: "Rapport") -> str:
    """One sentence about one register."""
    suite = f" Les lignes jusqu'à la {rapport.elague} ont été retirées sous scellé." if rapport.elague else ""
    if rapport.faute is not None:
        return f"{rapport.service} : FAUTE, {rapport.faute.phrase}.{suite}"
    for numero in rapport.ancres_elaguees:
        suite += f" La ligne {numero}, notée, a été retirée : elle ne se compare plus."
    pluriel = "s" if rapport.lignes > 1 else ""
    return f"{rapport.service} : {rapport.lignes} ligne{pluriel}, chaîne entière.{suite}"


async def inscrire_commande(
    conn: "asyncpg.Connection", schema: str, commande: str, issue: "Issue", maintenant: datetime, **objet: str
) -> None:
    """Write what a command of the operator does, in the caller's transaction, as its last statement."""
    from shared.service.audit.ligne import Acte, sans_personne
    from shared.service.audit.registre import inscrire

    dits = {nom: sans_personne(valeur) for nom, valeur in objet.items()}
    await inscrire(conn, schema, Acte(maintenant, operateur(), (), "COMMANDE", commande, issue, objet=dits))


def operateur() -> str:
    """Who runs the command, for the register."""
    try:
        return f"commande:{getpass.getuser()}"
    except (KeyError, OSError):
        return "commande"


def _document(rapport: "Rapport") -> dict[str, Any]:
    faute = None if rapport.faute is None else asdict(rapport.faute) | {"phrase": rapport.faute.phrase}
    tete = {"numero": rapport.tete.numero, "empreinte": rapport.tete.empreinte.hex()}
    return asdict(rapport) | {"ok": rapport.ok, "tete": tete, "faute": faute}


async def _nomme(schema: str, action: Awaitable[T]) -> tuple[str, T]:
    return schema, await action


async def _exporter(
    conn: "asyncpg.Connection", schema: str, filtre: Any, ecrire: Callable[[dict[str, Any]], None]
) -> None:
    from shared.service.audit.registre import toutes

    async for ligne in toutes(conn, schema, filtre):
        ecrire(ligne.document())


def _ecrivain(format: str, fichier: TextIO) -> Callable[[dict[str, Any]], None]:
    if format == "ndjson":
        return lambda ligne: print(json.dumps(ligne, ensure_ascii=False), file=fichier)
    table = csv.writer(fichier)
    entetes: list[str] = []

    def ecrire(ligne: dict[str, Any]) -> None:
        if not entetes:
            entetes.extend(ligne)
            table.writerow(entetes)
        simples = {"roles": " ".join(ligne["roles"]), "objet": json.dumps(ligne["objet"], ensure_ascii=False)}
        table.writerow((ligne | simples).values())

    return ecrire


async def _dire_l_export(conn: "asyncpg.Connection", schema: str, objet: dict[str, str]) -> None:
    from shared.clock import SystemClock

    async with conn.transaction():
        await inscrire_commande(conn, schema, "vigie audit exporter", "lu", SystemClock().now(), **objet)


def _partout(
    service: str | None, action: "Callable[[asyncpg.Connection, str], Awaitable[T]]", *, ecriture: bool = False
) -> list[T]:
    """Do it for each register there is, one after the other; in one snapshot each, unless ``ecriture``."""
    import asyncio

    async def faire(url: str) -> list[T]:
        import asyncpg

        from shared.database.connexion import url_asyncpg
        from shared.service.audit.verification import existe, instantane

        faits = []
        for schema in SERVICES if service is None else (service,):
            if ecriture:
                conn = await asyncpg.connect(url_asyncpg(url))
                try:
                    if await existe(conn, schema):
                        faits.append(await action(conn, schema))
                finally:
                    await conn.close()
            else:
                async with instantane(url) as lue:
                    if await existe(lue, schema):
                        faits.append(await action(lue, schema))
        return faits

    with pile.base_de_travail(pile.dossier_vigie()) as base:
        return asyncio.run(faire(base.database_url))


def _ecrire_json(document: object) -> None:
    sys.stdout.write(json.dumps(document, ensure_ascii=False, indent=2) + "\n")
