"""PostgreSQL: that it answers, that its settings keep what is committed, that every schema is at its version."""

import asyncio
import os
import time
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import asyncpg

from shared.database.montee import tete, versions
from vigie.docteur.constats import Constat, Examen, NonVerifiable
from vigie.docteur.lieu import Lieu
from vigie.schemas import EMPLACEMENTS, JOURNAL

VERSION_MIN = 150_000
"""Oldest PostgreSQL that the tests run on."""

CONNEXIONS_PAR_SERVICE = 50
"""Most connections of one API and one consumer of a service: pools of 10 to 16, the engine's 5 and its overflow of 10
(rarely used), the log's 8; see docs/capacite.md."""

_OCCUPATION = 0.8
_REVOLU = 1_000_000_000
"""Transactions without a freeze above which autovacuum has fallen behind; PostgreSQL stops at 2.1 G."""

OBLIGATOIRES: Sequence[tuple[str, str, str, str]] = (
    ("fsync", "on", "mauvais", "Une panne de courant perdrait ou corromprait la base : remettez-le à on."),
    ("full_page_writes", "on", "mauvais", "Une panne de courant peut corrompre des pages : remettez-le à on."),
    ("synchronous_commit", "on", "mauvais", "Un 202 rendu peut être perdu : remettez-le à on."),
    ("autovacuum", "on", "mauvais", "Les tables gonflent et la base finit par s'arrêter : remettez-le à on."),
    ("server_encoding", "UTF8", "mauvais", "Recréez la base en UTF-8 : createdb --encoding=UTF8."),
    ("data_checksums", "on", "a_surveiller", "Une page abîmée passerait inaperçue : pg_checksums --enable, arrêté."),
)
"""(setting, value, verdict when it is another, what to do)."""


async def base(lieu: Lieu) -> Sequence[Constat]:
    """That it answers, in what time and what version."""
    try:
        depart = time.monotonic()
        async with lieu.connexion() as conn:
            numero = int(await conn.fetchval("SHOW server_version_num"))
            version = await conn.fetchval("SHOW server_version")
            ms = 1_000 * (time.monotonic() - depart)
    except NonVerifiable:
        return [
            Constat(
                "base",
                "mauvais",
                f"PostgreSQL ne répond pas ({lieu.origine}).",
                "Embarqué : `vigie up`. Sinon : que PostgreSQL tourne, que l'adresse, le compte et le réseau soient "
                "les bons. Les sources renverront : rien n'est perdu tant qu'elles gardent leurs envois.",
            )
        ]
    if numero < VERSION_MIN:
        return [Constat("base", "mauvais", f"PostgreSQL {version}.", "Il faut PostgreSQL 15 ou plus récent.")]
    return [Constat("base", "bon", f"PostgreSQL {version}, {lieu.origine}, en {ms:.0f} ms.")]


async def reglages_du_serveur(lieu: Lieu) -> Sequence[Constat]:
    """Settings without which a commit is not one."""
    async with lieu.connexion() as conn:
        valeurs = {nom: await conn.fetchval(f"SHOW {nom}") for nom, *_ in OBLIGATOIRES}
    fautes = [
        Constat(f"PostgreSQL, {nom}", "mauvais" if verdict == "mauvais" else "a_surveiller", f"{valeurs[nom]}.", faire)
        for nom, voulue, verdict, faire in OBLIGATOIRES
        if valeurs[nom] != voulue
    ]
    return fautes or [Constat("PostgreSQL, réglages", "bon", "fsync, WAL, autovacuum, sommes de contrôle en place.")]


async def sante_du_serveur(lieu: Lieu) -> Sequence[Constat]:
    """Connections, old transactions, slots and archives: what stops a database after months."""
    async with lieu.connexion() as conn:
        vu: Mapping[str, Any] = dict((await conn.fetch(_SANTE))[0])
    constats = []
    part = vu["connexions"] / vu["max_connections"]
    besoin = CONNEXIONS_PAR_SERVICE * len(lieu.schemas)
    if part > _OCCUPATION or vu["max_connections"] < besoin:
        constats.append(
            Constat(
                "connexions",
                "mauvais" if part > 0.95 else "a_surveiller",
                f"{vu['connexions']} prises sur {vu['max_connections']}.",
                f"max_connections à {besoin} au moins pour une API et un consommateur par service, davantage par copie "
                "de plus (docs/capacite.md).",
            )
        )
    if vu["transaction_s"] > 600:
        constats.append(
            Constat(
                "transactions longues",
                "a_surveiller",
                f"La plus ancienne a {vu['transaction_s']:.0f} s (processus {vu['transaction_pid']}).",
                "Elle retient le nettoyage et les migrations : voyez pg_stat_activity ; une sauvegarde en cours en "
                "est une, normale.",
            )
        )
    if vu["age_xid"] > _REVOLU:
        constats.append(
            Constat(
                "gel des transactions",
                "mauvais",
                f"{vu['age_xid']:,} transactions sans gel.".replace(",", " "),
                "VACUUM (FREEZE) avant que PostgreSQL ne s'arrête de lui-même ; cherchez ce qui retient autovacuum.",
            )
        )
    if vu["fentes"]:
        constats.append(
            Constat(
                "fentes de réplication",
                "mauvais",
                f"{vu['fentes']} sans lecteur : les WAL s'accumulent.",
                "Relancez la réplique, ou pg_drop_replication_slot.",
            )
        )
    return (
        [*constats, _archive(lieu, vu), *_index(vu)]
        if constats
        else [
            Constat("PostgreSQL, santé", "bon", f"{vu['connexions']} connexions sur {vu['max_connections']}."),
            _archive(lieu, vu),
            *_index(vu),
        ]
    )


def _archive(lieu: Lieu, vu: Mapping[str, Any]) -> Constat:
    if vu["archive_mode"] == "off":
        production = lieu.reglages is not None and lieu.reglages.mode == "production"
        return Constat(
            "archive des WAL",
            "a_surveiller" if production else "bon",
            "Aucune : une restauration revient à la dernière sauvegarde.",
            "Réglez archive_mode, ou sauvegardez plus souvent (docs/reprise.md)." if production else "",
        )
    if vu["archive_en_echec"]:
        return Constat(
            "archive des WAL",
            "mauvais",
            f"Le dernier essai a échoué ({vu['archive_en_echec']}).",
            "Lisez le journal de PostgreSQL : tant qu'elle échoue, le disque se remplit et rien n'est à l'abri.",
        )
    return Constat("archive des WAL", "bon", f"Dernier segment archivé : {vu['archive_derniere'] or 'aucun encore'}.")


def _index(vu: Mapping[str, Any]) -> list[Constat]:
    if not vu["index_invalides"]:
        return []
    noms = ", ".join(vu["index_invalides"])
    return [
        Constat(
            "index",
            "a_surveiller",
            f"Inachevés : {noms}.",
            "REINDEX INDEX CONCURRENTLY, pour chacun.",
        )
    ]


async def schemas(lieu: Lieu) -> Sequence[Constat]:
    """Each schema against the newest migration this program has."""
    async with lieu.connexion() as conn:
        voulus = [nom for nom in EMPLACEMENTS if nom in lieu.schemas or (nom == JOURNAL and lieu.kafka is None)]
        return [await _schema(conn, nom) for nom in voulus]


async def _schema(conn: asyncpg.Connection, schema: str) -> Constat:
    nom = f"schéma {schema}"
    existe = await conn.fetchval("SELECT to_regclass($1) IS NOT NULL", f"{schema}.version_du_schema")
    version = await conn.fetchval(f"SELECT version_num FROM {schema}.version_du_schema") if existe else None
    emplacement = EMPLACEMENTS[schema]
    fin = await asyncio.to_thread(tete, emplacement)
    if version == fin:
        return Constat(nom, "bon", f"Version {version}.")
    if version is None:
        return Constat(nom, "mauvais", "Il n'existe pas encore.", "`vigie migrate`, ou lancez le service.")
    if version in await asyncio.to_thread(versions, emplacement):
        return Constat(nom, "mauvais", f"Version {version}, ce programme attend {fin}.", "`vigie migrate`.")
    return Constat(
        nom,
        "a_surveiller",
        f"Version {version}, que ce programme ne connaît pas : la base est plus récente que lui.",
        "Mettez ce programme à jour. S'il n'a qu'une version de retard, il marche sur ce schéma.",
    )


async def horloge(lieu: Lieu) -> Sequence[Constat]:
    """This machine's clock against PostgreSQL's, by the middle of one exchange."""
    async with lieu.connexion() as conn:
        await conn.fetchval("SELECT 1")
        avant = datetime.now(UTC)
        la_bas = await conn.fetchval("SELECT clock_timestamp()")
        apres = datetime.now(UTC)
        zone = await conn.fetchval("SHOW timezone")
    return [
        ecart_d_horloge("horloge de PostgreSQL", (la_bas - (avant + (apres - avant) / 2)).total_seconds(), 0.5),
        Constat("fuseau de PostgreSQL", "bon", f"{zone} ; Vigie donne les siens et n'en dépend pas."),
    ]


def ecart_d_horloge(nom: str, ecart: float, tolere: float) -> Constat:
    """What a difference of ``ecart`` seconds means. Tokens allow 30 s, days are cut at midnight of Paris."""
    if abs(ecart) <= tolere:
        return Constat(nom, "bon", f"Écart de {abs(ecart):.2f} s au plus.")
    sens = "en avance" if ecart > 0 else "en retard"
    return Constat(
        nom,
        "mauvais" if abs(ecart) > 5 else "a_surveiller",
        f"{abs(ecart):.1f} s {sens} sur cette machine.",
        "Vérifiez la synchronisation (chronyc tracking, timedatectl) des deux machines. Au-delà de 30 s, des jetons "
        "sont refusés ; autour de minuit, des événements changent de jour.",
    )


async def disque_des_donnees(lieu: Lieu) -> Sequence[Constat]:
    """Room left where PostgreSQL keeps its data, when that is this machine."""
    from vigie.docteur.machine import place

    if lieu.base is None:
        raise NonVerifiable("La base ne répond pas.")
    async with lieu.connexion() as conn:
        local = await conn.fetchval("SELECT inet_server_addr() IS NULL")
        dossier = await conn.fetchval("SELECT current_setting('data_directory', true)")
        octets = await conn.fetchval("SELECT pg_database_size(current_database())")
    taille = f"la base fait {octets / 1e9:.1f} Go"
    if not local or not dossier or not os.path.isdir(dossier):  # noqa: ASYNC240, PTH112
        return [Constat("disque de PostgreSQL", "non_verifiable", f"Il est sur une autre machine ; {taille}.")]
    return [place("disque de PostgreSQL", Path(dossier), taille)]


EXAMENS: Sequence[Examen[Lieu]] = (
    Examen("base", base, "PostgreSQL accepte la connexion mais ne répond pas : charge, disque plein, verrou."),
    Examen("PostgreSQL, réglages", reglages_du_serveur),
    Examen("PostgreSQL, santé", sante_du_serveur),
    Examen("schémas", schemas),
    Examen("horloge de PostgreSQL", horloge),
    Examen("disque de PostgreSQL", disque_des_donnees),
)

_SANTE = """
SELECT (SELECT count(*) FROM pg_stat_activity WHERE backend_type = 'client backend') AS connexions,
       current_setting('max_connections')::int AS max_connections,
       coalesce(t.age, 0) AS transaction_s, t.pid AS transaction_pid,
       (SELECT max(age(datfrozenxid)) FROM pg_database) AS age_xid,
       (SELECT count(*) FROM pg_replication_slots WHERE NOT active) AS fentes,
       current_setting('archive_mode') AS archive_mode,
       (SELECT last_failed_wal FROM pg_stat_archiver
        WHERE last_failed_time > coalesce(last_archived_time, '-infinity')) AS archive_en_echec,
       (SELECT last_archived_wal FROM pg_stat_archiver) AS archive_derniere,
       (SELECT array_agg(indexrelid::regclass::text) FROM pg_index WHERE NOT indisvalid) AS index_invalides
FROM (SELECT 1) un LEFT JOIN LATERAL (
    SELECT extract(epoch FROM clock_timestamp() - xact_start)::float8 AS age, pid FROM pg_stat_activity
    WHERE xact_start IS NOT NULL AND backend_type = 'client backend' ORDER BY xact_start LIMIT 1) t ON true
"""
