"""Tables of the pôles: as SQLAlchemy reads them, and as the first migration makes them."""

from collections.abc import Sequence

from sqlalchemy import BigInteger, Column, Date, DateTime, Double, Integer, MetaData, Table, Text
from sqlalchemy.dialects.postgresql import JSONB

from services.entraide.domain import NOM

metadata = MetaData(schema=NOM)
_INSTANT = DateTime(timezone=True)

poles = Table(
    "poles", metadata,
    Column("cle", Text, primary_key=True), Column("caisse", Text), Column("contenu", JSONB),
    Column("revision", Integer), Column("change_le", _INSTANT), Column("retire_le", _INSTANT),
)  # fmt: skip

historique = Table(
    "poles_historique", metadata,
    Column("pole", Text, primary_key=True), Column("revision", Integer, primary_key=True),
    Column("instant", _INSTANT), Column("par", Text), Column("action", Text), Column("motif", Text),
    Column("avant", JSONB(none_as_null=True)), Column("apres", JSONB(none_as_null=True)),
)  # fmt: skip

offres = Table(
    "offres", metadata,
    Column("id", BigInteger, primary_key=True), Column("pole", Text), Column("process", Text), Column("etp", Double),
    Column("du", Date), Column("au", Date), Column("commentaire", Text), Column("par", Text),
    Column("faite_le", _INSTANT), Column("retiree_le", _INSTANT), Column("retiree_par", Text),
    Column("retiree_motif", Text),
)  # fmt: skip


def ddl_poles(schema: str) -> Sequence[str]:
    """Statements that create the tables in ``schema``. ``contenu``: the pôle described; its caisse is beside it."""
    return [
        f"""CREATE TABLE {schema}.poles (cle text PRIMARY KEY, caisse text NOT NULL, contenu jsonb NOT NULL,
            revision integer NOT NULL, change_le timestamptz NOT NULL, retire_le timestamptz)""",
        f"CREATE INDEX poles_caisse ON {schema}.poles (caisse)",
        f"""CREATE TABLE {schema}.poles_historique (pole text NOT NULL REFERENCES {schema}.poles,
            revision integer NOT NULL, instant timestamptz NOT NULL, par text NOT NULL,
            action text NOT NULL CHECK (action IN ('creation', 'modification', 'retrait', 'retour')),
            motif text, avant jsonb, apres jsonb, PRIMARY KEY (pole, revision))""",
        f"""CREATE TABLE {schema}.offres (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
            pole text NOT NULL REFERENCES {schema}.poles, process text NOT NULL, etp double precision NOT NULL,
            du date NOT NULL, au date NOT NULL, commentaire text, par text NOT NULL, faite_le timestamptz NOT NULL,
            retiree_le timestamptz, retiree_par text, retiree_motif text, CHECK (etp > 0), CHECK (au >= du))""",
        f"CREATE INDEX offres_pole ON {schema}.offres (pole)",
        f"""CREATE FUNCTION {schema}.refuser_modification() RETURNS trigger LANGUAGE plpgsql AS
            $$ BEGIN RAISE EXCEPTION '% is written once', TG_TABLE_NAME; END $$""",
        f"""CREATE TRIGGER immuable BEFORE UPDATE OR DELETE ON {schema}.poles_historique
            FOR EACH ROW EXECUTE FUNCTION {schema}.refuser_modification()""",
    ]
