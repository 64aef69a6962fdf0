"""Table of the plans: as SQLAlchemy reads it, and as the first migration makes it. A plan is written once."""

from collections.abc import Sequence

from sqlalchemy import BigInteger, Column, DateTime, MetaData, Table, Text
from sqlalchemy.dialects.postgresql import JSONB

from services.entraide.domain import NOM

metadata = MetaData(schema=NOM)

plans = Table(
    "plans", metadata,
    Column("id", BigInteger, primary_key=True), Column("genre", Text), Column("mois", Text),
    Column("fait_le", DateTime(timezone=True)), Column("par", Text), Column("empreinte", Text),
    Column("donnees", JSONB), Column("contenu", JSONB),
)  # fmt: skip


def ddl_plans(schema: str) -> Sequence[str]:
    """Statements that create the table in ``schema``. ``empreinte``: of ``donnees``, what the plan was made from."""
    return [
        f"""CREATE TABLE {schema}.plans (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
            genre text NOT NULL CHECK (genre IN ('allocation', 'provisoire')), mois text,
            fait_le timestamptz NOT NULL, par text NOT NULL, empreinte text NOT NULL,
            donnees jsonb NOT NULL, contenu jsonb NOT NULL,
            CHECK ((mois IS NOT NULL) = (genre = 'provisoire')))""",
        f"CREATE INDEX plans_genre ON {schema}.plans (genre, id)",
        f"""CREATE TRIGGER immuable BEFORE UPDATE OR DELETE ON {schema}.plans
            FOR EACH ROW EXECUTE FUNCTION {schema}.refuser_modification()""",
    ]
