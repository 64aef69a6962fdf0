"""Tables of the follow-up: what was expected before, what was measured after, and the weaknesses told."""

from collections.abc import Sequence

from sqlalchemy import ARRAY, BigInteger, Boolean, Column, Date, DateTime, Double, MetaData, SmallInteger, Table, Text
from sqlalchemy.dialects.postgresql import JSONB

from services.entraide.domain import NOM

metadata = MetaData(schema=NOM)
_INSTANT = DateTime(timezone=True)

projections = Table(
    "missions_projections", metadata,
    Column("mission", BigInteger, primary_key=True), Column("cote", Text, primary_key=True),
    Column("indicateur", Text, primary_key=True), Column("horizon", SmallInteger, primary_key=True),
    Column("resultat", JSONB(none_as_null=True)), Column("raison", Text), Column("tardive", Boolean),
    Column("faite_le", _INSTANT),
)  # fmt: skip

effets = Table(
    "missions_effets", metadata,
    Column("id", BigInteger, primary_key=True), Column("mission", BigInteger), Column("horizon", SmallInteger),
    Column("cote", Text), Column("indicateur", Text), Column("version", Text), Column("resultat", JSONB),
    Column("calcule_le", _INSTANT),
)  # fmt: skip

suites = Table(
    "missions_suites", metadata,
    Column("mission", BigInteger, primary_key=True), Column("lundi", Date, primary_key=True),
    Column("volume", Double), Column("utile", Boolean), Column("phrase", Text), Column("faite_le", _INSTANT),
)  # fmt: skip

fragilites = Table(
    "fragilites", metadata,
    Column("caisse", Text, primary_key=True), Column("process", Text, primary_key=True),
    Column("depuis", Date, primary_key=True), Column("missions", ARRAY(BigInteger)), Column("publiee_le", _INSTANT),
)  # fmt: skip


def ddl_suivi(schema: str) -> Sequence[str]:
    """Statements that create the tables in ``schema``; ``refuser_modification`` is that of the pôles.

    A projection has a result or a reason why there is none; ``missions_suites``: each week, whether the aid is still of
    use (``utile`` null: nobody can tell). Another version of an indicator is measured beside the
    first, never over it.
    """
    mission = f"mission bigint NOT NULL REFERENCES {schema}.propositions"
    cote = "cote text NOT NULL CHECK (cote IN ('aidante', 'aidee'))"
    horizon = "horizon smallint NOT NULL CHECK (horizon BETWEEN 1 AND 12)"
    return [
        f"""CREATE TABLE {schema}.missions_projections ({mission}, {cote}, indicateur text NOT NULL, {horizon},
            resultat jsonb, raison text, tardive boolean NOT NULL, faite_le timestamptz NOT NULL,
            PRIMARY KEY (mission, cote, indicateur, horizon), CHECK ((resultat IS NULL) = (raison IS NOT NULL)))""",
        f"""CREATE TABLE {schema}.missions_effets (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
            {mission}, {horizon}, {cote}, indicateur text NOT NULL, version text NOT NULL, resultat jsonb NOT NULL,
            calcule_le timestamptz NOT NULL, UNIQUE (mission, horizon, cote, indicateur, version))""",
        f"""CREATE TABLE {schema}.missions_suites ({mission}, lundi date NOT NULL, volume double precision,
            utile boolean, phrase text NOT NULL, faite_le timestamptz NOT NULL, PRIMARY KEY (mission, lundi))""",
        f"""CREATE TABLE {schema}.fragilites (caisse text NOT NULL, process text NOT NULL, depuis date NOT NULL,
            missions bigint[] NOT NULL, publiee_le timestamptz NOT NULL, PRIMARY KEY (caisse, process, depuis))""",
        *(
            f"""CREATE TRIGGER immuable BEFORE UPDATE OR DELETE ON {schema}.{table}
                FOR EACH ROW EXECUTE FUNCTION {schema}.refuser_modification()"""
            for table in ("missions_projections", "missions_effets", "missions_suites", "fragilites")
        ),
    ]
