"""The table of the documents: as SQLAlchemy reads it, and as its migration makes it."""

from collections.abc import Sequence

from sqlalchemy import Column, DateTime, Integer, LargeBinary, MetaData, Table, Text
from sqlalchemy.dialects.postgresql import JSONB

from services.alerts.domain import NOM

metadata = MetaData(schema=NOM)
_INSTANT = DateTime(timezone=True)

documents = Table(
    "documents", metadata,
    Column("reference", Text, primary_key=True), Column("modele", Text), Column("gabarit", Integer),
    Column("empreinte_gabarit", Text), Column("destinataire", Text), Column("donnees", JSONB),
    Column("cree_le", _INSTANT), Column("pdf", LargeBinary), Column("empreinte_pdf", Text),
)  # fmt: skip


def ddl_documents(schema: str) -> Sequence[str]:
    """Statements that create the table in ``schema``. ``pdf`` is made after the row, once, and never changes."""
    return [
        f"""CREATE TABLE {schema}.documents (
            reference text PRIMARY KEY, modele text NOT NULL, gabarit integer NOT NULL,
            empreinte_gabarit text NOT NULL, destinataire text NOT NULL, donnees jsonb NOT NULL,
            cree_le timestamptz NOT NULL, pdf bytea, empreinte_pdf text,
            CHECK ((pdf IS NULL) = (empreinte_pdf IS NULL)))""",
        f"CREATE INDEX documents_destinataire ON {schema}.documents (destinataire, cree_le)",
    ]
