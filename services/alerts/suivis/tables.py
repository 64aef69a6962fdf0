"""The table of audits and accompagnements SI: as SQLAlchemy reads it, and as its migration makes it."""

from collections.abc import Sequence

from sqlalchemy import BigInteger, Column, Date, DateTime, Double, Integer, MetaData, SmallInteger, Table, Text

from services.alerts.domain import NOM

metadata = MetaData(schema=NOM)
_INSTANT = DateTime(timezone=True)

suivis = Table(
    "suivis", metadata,
    Column("id", BigInteger, primary_key=True), Column("genre", Text), Column("caisse", Text),
    Column("process", Text), Column("lettre", Text), Column("motif", Text), Column("etat", Text),
    Column("annee", SmallInteger), Column("jours", Integer), Column("debut", Date), Column("fin", Date),
    Column("mois_degrades", SmallInteger), Column("ecart", Double), Column("conclusion", Text),
    Column("cree_le", _INSTANT), Column("cree_par", Text), Column("etat_le", _INSTANT), Column("version", Integer),
)  # fmt: skip


def ddl_suivis(schema: str) -> Sequence[str]:
    """Statements that create the table in ``schema``. ``jours``: auditor-days, of ``annee``'s capacity."""
    return [
        f"""CREATE TABLE {schema}.suivis (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
            genre text NOT NULL CHECK (genre IN ('audit', 'accompagnement_si')), caisse text NOT NULL,
            process text NOT NULL, lettre text REFERENCES {schema}.documents, motif text NOT NULL,
            etat text NOT NULL CHECK (etat IN ('propose', 'programme', 'en_cours', 'rendu', 'clos')),
            annee smallint, jours integer CHECK (jours > 0), debut date, fin date,
            mois_degrades smallint NOT NULL DEFAULT 0 CHECK (mois_degrades BETWEEN 0 AND 12),
            ecart double precision NOT NULL DEFAULT 0, conclusion text,
            cree_le timestamptz NOT NULL, cree_par text NOT NULL, etat_le timestamptz NOT NULL,
            version integer NOT NULL DEFAULT 1,
            UNIQUE (genre, caisse, process, lettre), CHECK (debut <= fin),
            CHECK (genre = 'audit' OR (annee IS NULL AND jours IS NULL)),
            CHECK (annee IS NULL OR jours IS NOT NULL),
            CHECK (genre <> 'audit' OR etat IN ('propose', 'clos') OR annee IS NOT NULL),
            CHECK (etat <> 'rendu' OR conclusion IS NOT NULL))""",
        f"CREATE INDEX suivis_caisse ON {schema}.suivis (caisse, id)",
    ]
