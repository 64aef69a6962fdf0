"""Tables of contestations, évocations and adapted targets: as SQLAlchemy reads and as their migration makes them."""

from collections.abc import Sequence

from sqlalchemy import BigInteger, Column, Date, DateTime, Integer, MetaData, Numeric, Table, Text
from sqlalchemy.dialects.postgresql import JSONB

from services.alerts.domain import NOM

metadata = MetaData(schema=NOM)
_INSTANT = DateTime(timezone=True)


def _communes() -> list[Column[object]]:
    return [
        Column("id", BigInteger, primary_key=True), Column("caisse", Text), Column("indicateur", Text),
        Column("du", Date), Column("au", Date), Column("motif", Text), Column("pieces", JSONB), Column("auteur", Text),
        Column("etat", Text), Column("depose_le", _INSTANT), Column("depose_par", Text), Column("reponse", Text),
        Column("comite", Text), Column("repondu_le", _INSTANT), Column("repondu_par", Text),
        Column("version", Integer),
    ]  # fmt: skip


contestations = Table("contestations", metadata, *_communes(), Column("vue", Text), Column("chiffre", JSONB))

evocations = Table(
    "evocations", metadata, *_communes(), Column("objectif", Numeric), Column("socle", Numeric)
)  # fmt: skip

cibles_adaptees = Table(
    "cibles_adaptees", metadata,
    Column("id", BigInteger, primary_key=True), Column("evocation", BigInteger), Column("caisse", Text),
    Column("indicateur", Text), Column("du", Date), Column("au", Date), Column("objectif", Numeric),
    Column("socle", Numeric), Column("par", Text), Column("motif", Text), Column("enregistree_le", _INSTANT),
    Column("remplacee_le", _INSTANT), Column("remplacee_par", Text), Column("remplacee_motif", Text),
)  # fmt: skip


def ddl_contestations(schema: str) -> Sequence[str]:
    """Statements that create the tables in ``schema``. Adapted targets have two times: the days they hold for, and
    when they were recorded and replaced."""
    communes = """id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, caisse text NOT NULL, indicateur text NOT NULL,
        du date NOT NULL, au date NOT NULL, motif text NOT NULL, pieces jsonb NOT NULL, auteur text NOT NULL,
        etat text NOT NULL, depose_le timestamptz NOT NULL, depose_par text NOT NULL, reponse text, comite text,
        repondu_le timestamptz, repondu_par text, version integer NOT NULL DEFAULT 1, CHECK (du <= au),
        CHECK ((etat = 'deposee') = (repondu_le IS NULL)), CHECK ((repondu_le IS NULL) = (reponse IS NULL))"""
    return [
        f"""CREATE TABLE {schema}.contestations ({communes},
            vue text NOT NULL CHECK (vue IN ('responsable', 'productrice')), chiffre jsonb NOT NULL,
            CHECK (etat IN ('deposee', 'acceptee', 'partielle', 'refusee', 'retiree')))""",
        f"""CREATE UNIQUE INDEX contestations_en_cours ON {schema}.contestations (caisse, indicateur, du, au, vue)
            WHERE etat = 'deposee'""",
        f"CREATE INDEX contestations_caisse ON {schema}.contestations (caisse, id)",
        f"""CREATE TABLE {schema}.evocations ({communes}, objectif numeric, socle numeric,
            CHECK (etat IN ('deposee', 'accordee', 'partielle', 'refusee', 'retiree')),
            CHECK (objectif IS NOT NULL OR socle IS NOT NULL))""",
        f"""CREATE UNIQUE INDEX evocations_en_cours ON {schema}.evocations (caisse, indicateur, du, au)
            WHERE etat = 'deposee'""",
        f"CREATE INDEX evocations_caisse ON {schema}.evocations (caisse, id)",
        f"""CREATE TABLE {schema}.cibles_adaptees (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
            evocation bigint NOT NULL REFERENCES {schema}.evocations, caisse text NOT NULL, indicateur text NOT NULL,
            du date NOT NULL, au date NOT NULL, objectif numeric, socle numeric, par text NOT NULL,
            motif text NOT NULL, enregistree_le timestamptz NOT NULL, remplacee_le timestamptz, remplacee_par text,
            remplacee_motif text, CHECK (du <= au), CHECK (objectif IS NOT NULL OR socle IS NOT NULL),
            CHECK ((remplacee_le IS NULL) = (remplacee_par IS NULL)))""",
        f"CREATE INDEX cibles_adaptees_caisse ON {schema}.cibles_adaptees (caisse, indicateur, du)",
    ]
