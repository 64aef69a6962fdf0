"""What waits in the services' tables: rejects, the outbox, letters, the night's maintenance, silent sources."""

from collections import Counter
from collections.abc import Awaitable, Callable, Sequence
from functools import partial

import asyncpg

from shared.clock import SystemClock
from shared.database.connexion import creer_moteur
from shared.dossiers.dictionnaire import Dictionnaire
from shared.dossiers.statistiques_reseau.sources import etat_des_sources
from vigie.docteur.constats import Constat, Examen, NonVerifiable
from vigie.docteur.lieu import Lieu
from vigie.travail import DEFINITIONS

ATTENTE_S = 60
ATTENTE_TROP_S = 600
"""Seconds in the outbox: the relay passes every second or so."""

NUIT_H = 36
NUITS_H = 72

Lecture = Callable[[asyncpg.Connection, str], Awaitable[Constat]]


async def _par_schema(lieu: Lieu, table: str, lire: Lecture, schemas: Sequence[str]) -> Sequence[Constat]:
    async with lieu.connexion() as conn:
        la = [s for s in schemas if await conn.fetchval("SELECT to_regclass($1) IS NOT NULL", f"{s}.{table}")]
        if not la:
            raise NonVerifiable("Les schémas n'existent pas encore.")
        return [await lire(conn, schema) for schema in la]


async def _ligne(conn: asyncpg.Connection, requete: str) -> asyncpg.Record:
    """The one row of a query that always has one."""
    ligne = await conn.fetchrow(requete)
    assert ligne is not None
    return ligne


async def rejets(lieu: Lieu) -> Sequence[Constat]:
    """Open rejects; those of a fault of the program apart."""
    return await _par_schema(lieu, "rejets", _rejets, lieu.schemas)


async def _rejets(conn: asyncpg.Connection, schema: str) -> Constat:
    nom = f"rejets de {schema}"
    ouverts, internes, recents = await _ligne(
        conn,
        f"""SELECT count(*), count(*) FILTER (WHERE raison = 'erreur_interne'),
            count(*) FILTER (WHERE recu_le > clock_timestamp() - interval '1 day')
        FROM {schema}.rejets WHERE etat = 'ouvert'""",
    )
    if internes:
        return Constat(
            nom,
            "mauvais",
            f"{internes} événements mis de côté par une faute du programme ({ouverts} rejets ouverts).",
            f"Signalez-la, corrigez, puis `vigie rejets --service {schema} --raison erreur_interne` et --rejouer.",
        )
    if recents:
        return Constat(
            nom,
            "a_surveiller",
            f"{ouverts} ouverts, dont {recents} d'aujourd'hui.",
            f"`vigie rejets --service {schema}` : la raison dit quelle source corriger.",
        )
    return Constat(nom, "bon", f"{ouverts} ouverts, aucun d'aujourd'hui.")


async def envois(lieu: Lieu) -> Sequence[Constat]:
    """Age of the outbox."""
    return await _par_schema(lieu, "boite_envoi", _envois, lieu.schemas)


async def _envois(conn: asyncpg.Connection, schema: str) -> Constat:
    nom = f"boîte d'envoi de {schema}"
    lignes, age = await _ligne(
        conn,
        f"""SELECT count(*), coalesce(extract(epoch FROM clock_timestamp() - min(cree_le)), 0)::float8
        FROM {schema}.boite_envoi""",
    )
    if age > ATTENTE_S:
        return Constat(
            nom,
            "mauvais" if age > ATTENTE_TROP_S else "a_surveiller",
            f"{lignes} messages attendent, le plus ancien depuis {age:.0f} s.",
            f"Le relais est dans le consommateur de {schema} : qu'il tourne, et que le journal réponde.",
        )
    return Constat(nom, "bon", f"{lignes} messages en attente.")


async def courrier(lieu: Lieu) -> Sequence[Constat]:
    """Letters of the alerts service that wait or failed for good."""
    if "alerts" not in lieu.services:
        return []
    return await _par_schema(lieu, "livraisons", _courrier, ["alerts"])


async def _courrier(conn: asyncpg.Connection, schema: str) -> Constat:
    echecs, attente = await _ligne(
        conn,
        f"""SELECT count(*) FILTER (WHERE etat = 'echec'),
            coalesce(extract(epoch FROM clock_timestamp() - min(prochain_essai) FILTER (
                WHERE prochain_essai < clock_timestamp())), 0)::float8
        FROM {schema}.livraisons""",
    )
    if attente > ATTENTE_TROP_S or echecs:
        return Constat(
            "notifications",
            "a_surveiller",
            f"{echecs} en échec ; la plus en retard aurait dû partir il y a {attente:.0f} s.",
            "docs/runbooks.md, « VigieNotificationsEnRetard » : le relais SMTP, ou l'adresse d'une caisse.",
        )
    return Constat("notifications", "bon", "Aucune en échec, aucune en retard.")


async def entretien(lieu: Lieu) -> Sequence[Constat]:
    """The last night whose fold was done."""
    return await _par_schema(lieu, "entretiens", _entretien, [s for s in lieu.schemas if s in DEFINITIONS])


async def _entretien(conn: asyncpg.Connection, schema: str) -> Constat:
    nom = f"entretien de {schema}"
    heures, anciennete = await _ligne(
        conn,
        f"""SELECT (SELECT extract(epoch FROM clock_timestamp() - min(fini)) / 3600 FROM {schema}.entretiens
                    WHERE etape IN ('pliage', 'rejets'))::float8,
                   (SELECT extract(epoch FROM clock_timestamp() - min(depuis)) / 3600
                    FROM {schema}.chargements)::float8""",
    )
    if heures is None and (anciennete or 0) < NUIT_H:
        return Constat(nom, "bon", "Pas encore de nuit : le service vient d'être installé.")
    if heures is None or heures > NUIT_H:
        return Constat(
            nom,
            "mauvais" if heures is None or heures > NUITS_H else "a_surveiller",
            "Jamais fait." if heures is None else f"Dernier il y a {heures:.0f} h.",
            "docs/runbooks.md, « VigieEntretienEnRetard » ; `vigie entretien` le fait tout de suite.",
        )
    return Constat(nom, "bon", f"Fait il y a {heures:.0f} h.")


async def sources(lieu: Lieu) -> Sequence[Constat]:
    """Sources that have fallen silent, as ``GET /v1/sources`` counts them."""
    return await _par_schema(lieu, "receptions", partial(_sources, lieu), [s for s in lieu.schemas if s in DEFINITIONS])


async def _sources(lieu: Lieu, conn: asyncpg.Connection, schema: str) -> Constat:
    nom = f"sources de {schema}"
    dictionnaire = Dictionnaire(schema)
    await dictionnaire.charger(conn)
    moteur = creer_moteur(str(lieu.base), "vigie-doctor", taille=1)
    try:
        async with moteur.connect() as lecture:
            maintenant = int(SystemClock().now().timestamp())
            etats = Counter(s["etat"] for s in await etat_des_sources(lecture, schema, dictionnaire, maintenant))
    finally:
        await moteur.dispose()
    if muettes := etats["silencieuse"]:
        return Constat(
            nom,
            "a_surveiller",
            f"{muettes} silencieuses sur {etats.total()}.",
            "La page « Sources et rejets » de la console dit lesquelles et depuis quand : appelez qui les tient.",
        )
    return Constat(nom, "bon", f"{etats.total()} connues, aucune silencieuse.")


EXAMENS: Sequence[Examen[Lieu]] = (
    Examen("rejets", rejets),
    Examen("boîte d'envoi", envois),
    Examen("notifications", courrier),
    Examen("entretien", entretien),
    Examen("sources", sources, "La lecture est longue sur une base chargée : regardez la console.", delai_s=15.0),
)
