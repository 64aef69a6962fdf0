"""Erasing the pseudonyms of a key that the network has destroyed, and knowing which keys are in use.

Of a dossier that bore one, only the id of its key stays (``k1.efface``): a contact counted in the chain of that key is
never counted again in another's. The chains of that key are forgotten, what they count for is sealed, as when they
grow old (``retention``). No figure moves. An event that still bears one goes to the rejects (*cle_effacee*),
without its content: nothing brings an erased person back.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

import asyncpg

from shared.catalogue.derives import REITERATION
from shared.database.connexion import acquerir
from shared.dossiers.cles_effacees import porte, sans_la_cle
from shared.dossiers.derives.fiches import est_efface
from shared.dossiers.effets import Cle
from shared.dossiers.etat import decoder_contenus, encoder_contenus
from shared.dossiers.retention import sceller
from shared.dossiers.store import Depot
from shared.events.valeurs import cle_de

LOT = 2_000
"""Rows rewritten in one transaction, while batches wait."""

_APRES_LE_POINT = chr(ord(".") + 1)
"""What ends the subjects that begin with a key and a point, in the order of their bytes."""

_DANS_UN_REJET = rb"\.[A-Za-z0-9_-]{20}"


@dataclass(frozen=True, slots=True)
class Usage:
    """Where the pseudonyms of one key are. ``dossiers``: those that bear one; ``personnes``: chains; ``premier`` and
    ``dernier``: days (since 1970) on which Vigie recorded what those hold last; ``effacee_le``: None if it was not."""

    cle: str
    dossiers: int = 0
    personnes: int = 0
    premier: int | None = None
    dernier: int | None = None
    effacee_le: datetime | None = None


@dataclass(frozen=True, slots=True)
class Effacement:
    """What was done now: dossiers rewritten, chains forgotten, contents of rejects forgotten."""

    dossiers: int = 0
    personnes: int = 0
    rejets: int = 0


async def usages(conn: asyncpg.Connection, schema: str) -> Mapping[str, Usage]:
    """Every key met in the dossiers and chains of ``schema``, and those erased. Reads all dossiers; ``conn`` in a
    transaction."""
    vus: dict[str, Usage] = {
        ligne[0]: Usage(ligne[0], effacee_le=ligne[1])
        for ligne in await conn.fetch(f"SELECT cle, effacee_le FROM {schema}.cles_effacees")
    }
    chaines = await Depot(schema).series(conn, REITERATION)
    requete = f"SELECT serie, subject, etat, enregistre FROM {schema}.dossiers WHERE position('.'::bytea in etat) > 0"
    async for serie, subject, etat, jour in conn.cursor(f"{requete} OR serie = ANY($1)", chaines, prefetch=LOT):
        if serie in chaines:
            _compter(vus, cle_de(subject), jour, personnes=1)
            continue
        pseudos = {p for c in decoder_contenus(etat) for p in c.assure.split()}
        for cle in {cle_de(p) for p in pseudos if not est_efface(p)}:
            _compter(vus, cle, jour, dossiers=1)
    return vus


def _compter(vus: dict[str, Usage], cle: str, jour: int, *, dossiers: int = 0, personnes: int = 0) -> None:
    u = vus.get(cle, Usage(cle))
    vus[cle] = Usage(
        cle,
        u.dossiers + dossiers,
        u.personnes + personnes,
        jour if u.premier is None else min(u.premier, jour),
        jour if u.dernier is None else max(u.dernier, jour),
        u.effacee_le,
    )


async def interdire(pool: asyncpg.Pool, schema: str, cle: str, maintenant: datetime) -> None:
    """From the next batch on, events that bear a pseudonym of this key are refused."""
    async with acquerir(pool) as conn, conn.transaction():
        await Depot(schema).exclure_les_consommateurs(conn)
        await conn.execute(
            f"INSERT INTO {schema}.cles_effacees VALUES ($1, $2) ON CONFLICT (cle) DO NOTHING", cle, maintenant
        )


async def effacer(pool: asyncpg.Pool, schema: str, cle: str) -> Effacement:
    """Erase the pseudonyms of ``cle`` from dossiers, chains and rejects. Can be stopped anywhere and run again.

    The announcements of persons must have been read to their end (or they would make chains again).
    """
    return Effacement(
        await _effacer_des_dossiers(pool, schema, cle),
        await _oublier_les_chaines(pool, schema, cle),
        await _vider_les_rejets(pool, schema, cle),
    )


async def _effacer_des_dossiers(pool: asyncpg.Pool, schema: str, cle: str) -> int:
    depot, dernier, faits = Depot(schema), ("", 0), 0
    while True:
        async with acquerir(pool) as conn:
            page = await conn.fetch(
                f"""SELECT subject, serie, etat FROM {schema}.dossiers
                WHERE (subject, serie) > ($1::text, $2::int) AND position($3::bytea in etat) > 0
                ORDER BY subject, serie LIMIT {LOT}""",
                *dernier,
                f"{cle}.".encode(),
            )
        if not page:
            return faits
        dernier = (page[-1][0], page[-1][1])
        cles = [(subject, serie) for subject, serie, etat in page if _touche(etat, cle)]
        if cles:
            async with acquerir(pool) as conn, conn.transaction():
                await depot.exclure_les_consommateurs(conn)
                faits += await _recrire(conn, depot, cles, cle)


def _touche(etat: bytes, cle: str) -> bool:
    return any(porte(c.assure, (cle,)) for c in decoder_contenus(etat))


async def _recrire(conn: asyncpg.Connection, depot: Depot, cles: Sequence[Cle], cle: str) -> int:
    lus = await depot.lire(conn, cles)
    etats = [encoder_contenus(sans_la_cle(decoder_contenus(etat), cle)) for etat, _, _ in lus.values()]
    await conn.execute(
        f"UPDATE {depot.schema}.dossiers d SET etat = k.e "
        "FROM unnest($1::text[], $2::int[], $3::bytea[]) AS k(s, n, e) WHERE d.subject = k.s AND d.serie = k.n",
        [subject for subject, _ in lus],
        [serie for _, serie in lus],
        etats,
    )
    return len(lus)


async def _oublier_les_chaines(pool: asyncpg.Pool, schema: str, cle: str) -> int:
    depot, oubliees, debut, fin = Depot(schema), 0, f"{cle}.", f"{cle}{_APRES_LE_POINT}"
    derniere = debut
    while True:
        async with acquerir(pool) as conn, conn.transaction():
            await depot.exclure_les_consommateurs(conn)
            parties = await conn.fetch(
                f"""DELETE FROM {schema}.dossiers WHERE serie = ANY($1) AND subject IN (
                    SELECT subject FROM {schema}.dossiers WHERE subject > $2 AND subject < $3 AND serie = ANY($1)
                    ORDER BY subject LIMIT {LOT})
                RETURNING etat, contributions, enregistre, subject""",
                await depot.series(conn, REITERATION),
                derniere,
                fin,
            )
            if not parties and derniere == debut:  # a whole reading found none
                return oubliees
            await sceller(conn, depot, [(etat, gardees, enregistre) for etat, gardees, enregistre, _ in parties])
            derniere = max((subject for *_, subject in parties), default=debut)
            oubliees += len(parties)


async def _vider_les_rejets(pool: asyncpg.Pool, schema: str, cle: str) -> int:
    porteur = re.compile(re.escape(cle).encode() + _DANS_UN_REJET)
    async with acquerir(pool) as conn, conn.transaction():
        lus = await conn.fetch(
            f"SELECT id, contenu FROM {schema}.rejets WHERE position($1::bytea in contenu) > 0", f"{cle}.".encode()
        )
        vides = [numero for numero, contenu in lus if porteur.search(contenu)]
        await conn.execute(f"UPDATE {schema}.rejets SET contenu = NULL WHERE id = ANY($1)", vides)
    return len(vides)
