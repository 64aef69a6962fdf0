"""The table of measured effects: as SQLAlchemy reads it, and as its migration makes it."""

from collections.abc import Sequence

from sqlalchemy import BigInteger, Column, DateTime, Integer, MetaData, SmallInteger, Table, Text
from sqlalchemy.dialects.postgresql import JSONB

from services.alerts.domain import NOM

metadata = MetaData(schema=NOM)
_INSTANT = DateTime(timezone=True)

effets = Table(
    "effets", metadata,
    Column("id", BigInteger, primary_key=True), Column("mois", Text), Column("acte", Integer), Column("caisse", Text),
    Column("mesure", Text), Column("indicateur", Text), Column("horizon", SmallInteger),
    Column("calcule_le", _INSTANT), Column("calcule_par", Text), Column("remplace_le", _INSTANT),
    Column("resultat", JSONB),
)  # fmt: skip


def ddl_effets(schema: str) -> Sequence[str]:
    """Statements that create the table in ``schema``. A measurement made again replaces the last, which stays."""
    return [
        f"""CREATE TABLE {schema}.effets (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
            mois text NOT NULL, acte integer NOT NULL, caisse text NOT NULL, mesure text NOT NULL,
            indicateur text NOT NULL, horizon smallint NOT NULL CHECK (horizon BETWEEN 1 AND 12),
            calcule_le timestamptz NOT NULL, calcule_par text NOT NULL, remplace_le timestamptz,
            resultat jsonb NOT NULL,
            FOREIGN KEY (mois, acte, caisse, mesure) REFERENCES {schema}.comite_decisions)""",
        f"""CREATE UNIQUE INDEX effets_en_vigueur ON {schema}.effets
            (mois, acte, caisse, mesure, indicateur, horizon) WHERE remplace_le IS NULL""",
    ]
