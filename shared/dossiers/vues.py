"""Kept values as tables, and the views that people and tools read with SQL: ``indicateur_mois``, ``indicateur_jour``.

A kept row holds the whole network over one period, as ``shared.dossiers.valeurs_gardees`` computed it: the views only
name what it holds. They show the indicators in force, as ``nommer`` last wrote them.
"""

from collections.abc import Mapping, Sequence

import asyncpg

from shared.catalogue.indicateurs import Indicateur
from shared.dossiers.presentation import NOM_RESEAU
from shared.indicators.statistiques import RESEAU
from shared.network.reseau import charger

LIBELLE_RESEAU = "Ensemble du réseau"
"""The network's name, beside those of the caisses."""

LECTEUR = "vigie_lecture"
"""Role that reads the views and nothing else (Grafana, BI), when it is there at the first migration."""

_CHAMPS = (
    "indicateur", "libelle", "unite", "version", "caisse", "nom", "date", "valeur", "n", "bas", "haut", "calculee",
)  # fmt: skip

_VERROU = 0x5669_6E6D  # advisory lock of the naming; held for one short transaction


def ddl(schema: str) -> Sequence[str]:
    """Statements that create them (first migration of a dossier service, after its other tables)."""
    return [
        f"""CREATE TABLE {schema}.valeurs_gardees (
            definition text NOT NULL, vue text NOT NULL, du integer NOT NULL, au integer NOT NULL,
            version bigint NOT NULL, heure integer, calculee timestamptz NOT NULL DEFAULT now(), valeurs json NOT NULL,
            PRIMARY KEY (definition, vue, du, au))""",
        f"COMMENT ON TABLE {schema}.valeurs_gardees IS "
        "'One row: the network over a period, [caisse, valeur, n, numerateur, denominateur, bas, haut] each'",
        f"""CREATE TABLE {schema}.indicateurs (
            definition text PRIMARY KEY, indicateur text NOT NULL, libelle text NOT NULL, unite text NOT NULL,
            version text NOT NULL)""",
        f"CREATE TABLE {schema}.organismes (code integer PRIMARY KEY, caisse text NOT NULL, nom text NOT NULL)",
        _vue(schema, "indicateur_jour", "g.au = g.du"),
        _vue(schema, "indicateur_mois", "g.au > g.du"),
        f"COMMENT ON VIEW {schema}.indicateur_mois IS 'date: premier jour du mois ; calculee: quand'",
        f"COMMENT ON VIEW {schema}.indicateur_jour IS 'date: le jour ; calculee: quand'",
        f"""DO $$ BEGIN
            IF EXISTS (SELECT FROM pg_roles WHERE rolname = '{LECTEUR}') THEN
                GRANT USAGE ON SCHEMA {schema} TO {LECTEUR};
                GRANT SELECT ON {schema}.indicateur_jour, {schema}.indicateur_mois TO {LECTEUR};
            END IF;
        END $$""",
    ]


async def nommer(conn: asyncpg.Connection, schema: str, definitions: Mapping[str, Indicateur]) -> None:
    """Write the names that the views show, and forget the values of other definitions. Its own transaction."""
    async with conn.transaction():
        await conn.execute("SELECT pg_advisory_xact_lock($1)", _VERROU)
        await conn.execute(f"DELETE FROM {schema}.indicateurs")
        await conn.executemany(
            f"INSERT INTO {schema}.indicateurs VALUES ($1, $2, $3, $4, $5)",
            [(d, i.code, i.libelle, i.unite, i.version) for d, i in definitions.items()],
        )
        await conn.execute(f"DELETE FROM {schema}.organismes")
        await conn.executemany(
            f"INSERT INTO {schema}.organismes VALUES ($1, $2, $3)",
            [(RESEAU, NOM_RESEAU, LIBELLE_RESEAU), *((c.code, c.slug, c.nom) for c in charger().caisses)],
        )
        await conn.execute(
            f"DELETE FROM {schema}.valeurs_gardees WHERE definition <> ALL($1::text[])", list(definitions)
        )


def _vue(schema: str, nom: str, condition: str) -> str:
    return f"""CREATE VIEW {schema}.{nom} ({", ".join(_CHAMPS)}) AS
        SELECT i.indicateur, i.libelle, i.unite, i.version, o.caisse, o.nom, date '1970-01-01' + g.du,
            (v ->> 1)::float8, (v ->> 2)::bigint, (v ->> 5)::float8, (v ->> 6)::float8, g.calculee
        FROM {schema}.indicateurs i
        JOIN {schema}.valeurs_gardees g USING (definition)
        CROSS JOIN LATERAL json_array_elements(g.valeurs) AS v
        JOIN {schema}.organismes o ON o.code = (v ->> 0)::int
        WHERE g.vue = 'responsable' AND {condition}"""
