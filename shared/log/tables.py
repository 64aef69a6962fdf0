"""Tables that every service needs to use the log; called by each service's first migration.

What a released migration has run is never changed here: a later need is a new function and a new migration.
"""


def creer(schema: str) -> list[str]:
    """Every statement, in order, that creates the three tables in ``schema``."""
    return [*positions(schema), *rejets(schema), *boite_envoi(schema)]


def positions(schema: str) -> list[str]:
    """Where each consumer group is in each partition; moved in the transaction of the effects."""
    return [
        f"""
        CREATE TABLE "{schema}".positions (
            groupe text NOT NULL,
            topic text NOT NULL,
            partition integer NOT NULL,
            next bigint NOT NULL CHECK (next >= 0),
            maj timestamptz NOT NULL DEFAULT clock_timestamp(),
            PRIMARY KEY (groupe, topic, partition)
        ) WITH (fillfactor = 50)
        """,
    ]


def rejets(schema: str) -> list[str]:
    """What was refused, why, and its content when it may be kept."""
    return [
        f"""
        CREATE TABLE "{schema}".rejets (
            id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
            recu_le timestamptz NOT NULL DEFAULT clock_timestamp(),
            origine text NOT NULL CHECK (origine IN ('http', 'journal', 'import')),
            topic text,
            partition integer,
            "offset" bigint,
            source text,
            evenement_id text,
            process text,
            raison text NOT NULL,
            message text NOT NULL,
            champ text,
            contenu bytea,
            tronque boolean NOT NULL DEFAULT false,
            etat text NOT NULL DEFAULT 'ouvert' CHECK (etat IN ('ouvert', 'rejoue', 'ecarte')),
            rejoue_le timestamptz
        )
        """,
        f"""CREATE INDEX rejets_ouverts ON "{schema}".rejets (raison, id) WHERE etat = 'ouvert'""",
        f"""
        CREATE INDEX rejets_internes ON "{schema}".rejets (topic, partition, "offset")
        WHERE raison = 'erreur_interne' AND etat = 'ouvert'
        """,
    ]


EMPREINTE = "sha256(coalesce(contenu, ''))"
"""SQL of what tells the content of a reject: short, so that it can be looked up."""


def rejets_importes(schema: str) -> str:
    """What an import asks of the rejects there are; made beside the batches, outside a transaction."""
    return (
        f'CREATE INDEX CONCURRENTLY IF NOT EXISTS rejets_importes ON "{schema}".rejets '
        f"(raison, {EMPREINTE}) WHERE origine = 'import'"
    )


def boite_envoi(schema: str) -> list[str]:
    """The transactional outbox: rows live from the commit that wrote them to the relay's next pass."""
    return [
        f"""
        CREATE TABLE "{schema}".boite_envoi (
            id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
            topic text NOT NULL,
            cle bytea NOT NULL,
            valeur bytea NOT NULL,
            cree_le timestamptz NOT NULL DEFAULT clock_timestamp()
        ) WITH (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 5000)
        """,
    ]
