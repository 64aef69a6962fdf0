"""What the catalogue said, kept with the moment it was loaded: a past figure is read as it was then defined.

Each indicator of the service, each of its processes, the rules of those it derives and the targets of its indicators
are documents, kept once
(by digest) in ``definitions``. ``chargements`` says when each came into force: a row when a service starts under
another one, none when it starts under the same; a document that is gone has a row without one.
"""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, TypeVar

import asyncpg
import msgspec
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from shared.catalogue.conventions import charger_conventions
from shared.catalogue.derives import charger_regles
from shared.catalogue.indicateurs import Indicateur, indicateurs_du_service
from shared.catalogue.processus import HORLOGES_DEDUITES, Processus, charger_derives, processus_du_service
from shared.database.connexion import acquerir

INDICATEUR, PROCESSUS, CIBLES, DERIVES = "indicateur", "processus", "cibles", "derives"

_VERROU = 0x5669_6465  # advisory lock of those that start at once

_ISSUES = ("issues", "parmi", "tenues", "exclues")

Cle = tuple[str, str]
"""(kind, code) of a document. Targets are under ``convention/row``."""


class DefinitionPerdue(ValueError):
    """A definition of the past is not known, or cannot be computed any more; ``str()`` is a French sentence."""


@dataclass(frozen=True, slots=True)
class Chargement:
    """An indicator as it was defined, from ``depuis`` on (to the next one loaded)."""

    indicateur: Indicateur
    depuis: datetime
    empreinte: str


def ddl(schema: str) -> Sequence[str]:
    """Statements that create the tables (first migration of a dossier service)."""
    return [
        f"CREATE TABLE {schema}.definitions (empreinte text PRIMARY KEY, contenu jsonb NOT NULL)",
        f"""CREATE TABLE {schema}.chargements (
            genre text NOT NULL, code text NOT NULL, rang integer NOT NULL, depuis timestamptz NOT NULL,
            empreinte text REFERENCES {schema}.definitions, PRIMARY KEY (genre, code, rang))""",
        f"COMMENT ON TABLE {schema}.chargements IS 'Definitions by the moment they came into force; null: withdrawn'",
    ]


def catalogue_du_service(service: str) -> dict[Cle, Any]:
    """The documents of the catalogue in force that a service computes from."""
    indicateurs = indicateurs_du_service(service)
    codes = {i.code for i in indicateurs}
    documents: dict[Cle, Any] = {(INDICATEUR, i.code): msgspec.to_builtins(i) for i in indicateurs}
    derives = [p for p in charger_derives().values() if p.service == service]
    documents |= {(PROCESSUS, p.code): msgspec.to_builtins(p) for p in (*processus_du_service(service), *derives)}
    if derives:
        documents[DERIVES, "regles"] = msgspec.to_builtins(charger_regles())
    for convention in charger_conventions().values():
        for ligne in convention.lignes.values():
            if ligne.calcul in codes:
                cibles = {"indicateur": ligne.calcul, "cibles": msgspec.to_builtins(ligne.cibles)}
                documents[CIBLES, f"{convention.code}/{ligne.code}"] = cibles
    return documents


async def retenir(pool: asyncpg.Pool, schema: str, documents: Mapping[Cle, Any], maintenant: datetime) -> int:
    """Keep what is not in force yet, as of ``maintenant``; how many documents changed.

    At start-up, before anything is computed. Processes that start together wait for one another and write once. A
    clock that starts again from before the last load does not put this one before it.
    """
    octets = {cle: msgspec.json.encode(document, order="deterministic") for cle, document in documents.items()}
    voulues = {cle: hashlib.blake2b(brut, digest_size=16).hexdigest() for cle, brut in octets.items()}
    async with acquerir(pool) as conn, conn.transaction():
        await conn.execute("SELECT pg_advisory_xact_lock($1)", _VERROU)
        lignes = await conn.fetch(
            f"SELECT DISTINCT ON (genre, code) genre, code, rang, depuis, empreinte FROM {schema}.chargements "
            "ORDER BY genre, code, rang DESC"
        )
        derniers = {(li["genre"], li["code"]): li for li in lignes}
        nouveaux = []
        for cle in sorted(voulues.keys() | derniers.keys()):
            dernier, empreinte = derniers.get(cle), voulues.get(cle)
            if dernier is None or dernier["empreinte"] != empreinte:
                rang, depuis = (0, maintenant) if dernier is None else (dernier["rang"] + 1, dernier["depuis"])
                nouveaux.append((*cle, rang, max(maintenant, depuis), empreinte))
        await conn.executemany(
            f"INSERT INTO {schema}.definitions (empreinte, contenu) VALUES ($1, $2::jsonb) ON CONFLICT DO NOTHING",
            [(voulues[c, d], octets[c, d].decode()) for c, d, _, _, empreinte in nouveaux if empreinte],
        )
        await conn.executemany(
            f"INSERT INTO {schema}.chargements (genre, code, rang, depuis, empreinte) VALUES ($1, $2, $3, $4, $5)",
            nouveaux,
        )
    return len(nouveaux)


async def indicateur_en_vigueur(conn: AsyncConnection, schema: str, code: str, instant: int) -> Chargement:
    """The indicator as defined at Unix second ``instant``; what came first, for a time before the first was kept.

    Raises DefinitionPerdue: it had been withdrawn, was not born, or is not understood any more.
    """
    historique = await _historique(conn, schema, INDICATEUR, code)
    if not historique:
        raise DefinitionPerdue(f"aucune définition de {code} n'a été gardée.")
    en_vigueur = _a(historique, instant)
    if en_vigueur[1] is None:
        raise DefinitionPerdue(f"{code} n'était pas au catalogue le {datetime.fromtimestamp(instant, UTC):%d/%m/%Y}.")
    return _chargement(code, en_vigueur)


async def indicateur_retire(conn: AsyncConnection, schema: str, code: str) -> Indicateur | None:
    """The last definition kept of an indicator; None when none ever was, or it is not understood any more."""
    gardees = [ligne for ligne in await _historique(conn, schema, INDICATEUR, code) if ligne[1] is not None]
    try:
        return _chargement(code, gardees[-1]).indicateur if gardees else None
    except DefinitionPerdue:
        return None


async def indicateur_nomme(conn: AsyncConnection, schema: str, code: str, version: str) -> Chargement:
    """The last definition of an indicator loaded under this formula version. Raises DefinitionPerdue."""
    gardees = [ligne for ligne in await _historique(conn, schema, INDICATEUR, code) if ligne[1] is not None]
    voulues = [ligne for ligne in gardees if ligne[1]["version"] == version]
    if not voulues:
        connues = ", ".join(dict.fromkeys(str(ligne[1]["version"]) for ligne in gardees)) or "aucune"
        raise DefinitionPerdue(f"{code} n'a pas de version {version[:60]!r}. Versions gardées : {connues}.")
    return _chargement(code, voulues[-1])


async def processus_en_vigueur(conn: AsyncConnection, schema: str, code: str, instant: int) -> Processus:
    """The process as defined at Unix second ``instant``. Raises DefinitionPerdue."""
    historique = await _historique(conn, schema, PROCESSUS, code)
    contenu = _a(historique, instant)[1] if historique else None
    if contenu is None:
        raise DefinitionPerdue(f"le processus {code} n'était pas au catalogue à cette date.")
    return _lire(contenu, Processus, f"le processus {code}")


def exiger_calculable(indicateur: Indicateur, process: Processus) -> None:
    """The cells made under this definition of the process hold all that the indicator asks. Raises DefinitionPerdue."""
    p = indicateur.parametres
    attributs = [*indicateur.population, *([p["attribut"]] if "attribut" in p else [])]
    manquent = [f"la répartition par {nom}" for nom in attributs if nom not in process.strates]
    manquent += [
        f"la valeur {nom}={valeur}"
        for nom, valeur in indicateur.population.items()
        if nom in process.strates and valeur not in process.attributs.get(nom, ())
    ]
    issues = {issue for cle in _ISSUES for issue in p.get(cle, ())}
    if process.forme == "flux":
        issues |= {issue for cle in ("numerateur", "denominateur") for issue in p.get(cle, ())}
    manquent += [f"l'issue {issue}" for issue in sorted(issues - set(process.issues))]
    horloge = p.get("horloge")
    if horloge is not None and horloge not in (*HORLOGES_DEDUITES, *process.horloges):
        manquent.append(f"l'horloge {horloge}")
    if manquent:
        raise DefinitionPerdue(
            f"{indicateur.code} (version {indicateur.version}) ne se calcule pas sur ce qui était connu alors : le "
            f"processus {process.code} n'a pas, ou plus, {', '.join(manquent)}."
        )


_T = TypeVar("_T")

_Ligne = tuple[datetime, Any, str]
"""(since, document or None, digest)."""


async def _historique(conn: AsyncConnection, schema: str, genre: str, code: str) -> list[_Ligne]:
    requete = text(
        f"SELECT depuis, contenu::text, empreinte FROM {schema}.chargements "
        f"LEFT JOIN {schema}.definitions USING (empreinte) WHERE genre = :genre AND code = :code ORDER BY rang"
    )
    lignes = (await conn.execute(requete, {"genre": genre, "code": code})).fetchall()
    return [(li[0], None if li[1] is None else msgspec.json.decode(li[1]), li[2]) for li in lignes]


def _a(historique: Sequence[_Ligne], instant: int) -> _Ligne:
    """The last in force by ``instant``, or the first of all. ``historique`` is not empty."""
    return [historique[0], *(ligne for ligne in historique if ligne[0].timestamp() <= instant)][-1]


def _chargement(code: str, ligne: _Ligne) -> Chargement:
    depuis, contenu, empreinte = ligne
    return Chargement(_lire(contenu, Indicateur, code), depuis, empreinte)


def _lire(contenu: Any, sorte: type[_T], quoi: str) -> _T:
    try:
        return msgspec.convert(contenu, sorte)
    except msgspec.ValidationError as exc:
        raise DefinitionPerdue(f"{quoi} avait une définition que cette version de Vigie ne sait plus lire.") from exc
