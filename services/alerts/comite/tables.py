"""Tables of the comité: as SQLAlchemy reads them, and as their migration makes them.

``comite_evenements`` is what happened, in order; ``comites`` is what it amounts to. A snapshot, a case file, an event
and a letter are written once: the database itself refuses to change them.
"""

from collections.abc import Sequence

from sqlalchemy import Column, Date, DateTime, Integer, MetaData, Table, Text
from sqlalchemy.dialects.postgresql import ARRAY, JSONB

from services.alerts.domain import NOM

metadata = MetaData(schema=NOM)
_INSTANT = DateTime(timezone=True)

comites = Table(
    "comites", metadata,
    Column("mois", Text, primary_key=True), Column("etat", Text), Column("version", Integer),
    Column("empreinte", Text), Column("fige_le", _INSTANT), Column("prepare_le", _INSTANT),
    Column("ouvert_le", _INSTANT), Column("clos_le", _INSTANT), Column("resume", JSONB),
)  # fmt: skip

instantanes = Table(
    "comite_instantanes", metadata,
    Column("mois", Text, primary_key=True), Column("pris_le", _INSTANT), Column("empreinte", Text),
    Column("contenu", Text),
)  # fmt: skip

dossiers = Table(
    "comite_dossiers", metadata,
    Column("mois", Text, primary_key=True), Column("caisse", Text, primary_key=True), Column("contenu", JSONB),
)  # fmt: skip

pieces = Table(
    "comite_pieces", metadata,
    Column("mois", Text, primary_key=True), Column("caisse", Text, primary_key=True),
    Column("genre", Text, primary_key=True), Column("cle", Text, primary_key=True),
    Column("recu_le", _INSTANT), Column("contenu", JSONB),
)  # fmt: skip

fragilites = Table(
    "comite_fragilites", metadata,
    Column("caisse", Text, primary_key=True), Column("process", Text, primary_key=True),
    Column("depuis", Date, primary_key=True), Column("contenu", JSONB), Column("recu_le", _INSTANT),
)  # fmt: skip

evenements = Table(
    "comite_evenements", metadata,
    Column("mois", Text, primary_key=True), Column("rang", Integer, primary_key=True),
    Column("type", Text), Column("instant", _INSTANT), Column("par", Text), Column("donnees", JSONB),
)  # fmt: skip

decisions = Table(
    "comite_decisions", metadata,
    Column("mois", Text, primary_key=True), Column("acte", Integer, primary_key=True),
    Column("caisse", Text, primary_key=True), Column("mesure", Text, primary_key=True),
    Column("issue", Text), Column("retenue", Text), Column("indicateurs", ARRAY(Text)), Column("motif", Text),
    Column("dissentiments", JSONB), Column("prise_le", _INSTANT),
)  # fmt: skip

lettres = Table(
    "comite_lettres", metadata,
    Column("cle", Text, primary_key=True), Column("mois", Text), Column("acte", Integer), Column("rang", Integer),
    Column("modele", Text), Column("destinataire", Text), Column("creee_le", _INSTANT),
)  # fmt: skip

_IMMUABLES = ("comite_instantanes", "comite_dossiers", "comite_evenements", "comite_decisions", "comite_lettres")


def ddl_comite(schema: str) -> Sequence[str]:
    """Statements that create the tables in ``schema``. ``acte``: 0 is the closing, n the n-th addendum."""
    mois = f"mois text NOT NULL REFERENCES {schema}.comites"
    return [
        f"""CREATE TABLE {schema}.comites (
            mois text PRIMARY KEY CHECK (mois ~ '^\\d{{4}}-\\d{{2}}$'),
            etat text NOT NULL CHECK (etat IN ('en_preparation', 'preparee', 'en_seance', 'close')),
            version integer NOT NULL DEFAULT 1, empreinte text NOT NULL, fige_le timestamptz NOT NULL,
            prepare_le timestamptz, ouvert_le timestamptz, clos_le timestamptz, resume jsonb NOT NULL DEFAULT '{{}}',
            CHECK ((prepare_le IS NULL) = (etat = 'en_preparation')),
            CHECK ((clos_le IS NOT NULL) = (etat = 'close')))""",
        f"""CREATE TABLE {schema}.comite_instantanes (
            mois text PRIMARY KEY REFERENCES {schema}.comites, pris_le timestamptz NOT NULL, empreinte text NOT NULL,
            contenu text NOT NULL)""",
        f"""CREATE TABLE {schema}.comite_dossiers ({mois}, caisse text NOT NULL, contenu jsonb NOT NULL,
            PRIMARY KEY (mois, caisse))""",
        f"""CREATE TABLE {schema}.comite_pieces (mois text NOT NULL, caisse text NOT NULL,
            genre text NOT NULL CHECK (genre IN ('plan_provisoire', 'commentaire')), cle text NOT NULL,
            recu_le timestamptz NOT NULL, contenu jsonb NOT NULL, PRIMARY KEY (mois, caisse, genre, cle))""",
        f"""CREATE TABLE {schema}.comite_fragilites (caisse text NOT NULL, process text NOT NULL, depuis date NOT NULL,
            contenu jsonb NOT NULL, recu_le timestamptz NOT NULL, PRIMARY KEY (caisse, process, depuis))""",
        f"""CREATE TABLE {schema}.comite_evenements ({mois}, rang integer NOT NULL CHECK (rang > 0),
            type text NOT NULL, instant timestamptz NOT NULL, par text NOT NULL, donnees jsonb NOT NULL,
            PRIMARY KEY (mois, rang))""",
        f"""CREATE TABLE {schema}.comite_decisions ({mois}, acte integer NOT NULL, caisse text NOT NULL,
            mesure text NOT NULL, issue text NOT NULL CHECK (issue IN ('acceptee', 'amendee', 'ecartee', 'ajoutee')),
            retenue text, indicateurs text[] NOT NULL, motif text, dissentiments jsonb NOT NULL,
            prise_le timestamptz NOT NULL, PRIMARY KEY (mois, acte, caisse, mesure),
            CHECK ((retenue IS NULL) = (issue = 'ecartee')))""",
        f"""CREATE TABLE {schema}.comite_lettres (cle text PRIMARY KEY, {mois}, acte integer NOT NULL,
            rang integer NOT NULL, modele text NOT NULL, destinataire text NOT NULL, creee_le timestamptz NOT NULL,
            UNIQUE (mois, acte, rang))""",
        f"CREATE INDEX comite_lettres_destinataire ON {schema}.comite_lettres (destinataire, mois)",
        f"CREATE INDEX comite_decisions_caisse ON {schema}.comite_decisions (caisse, mois)",
        f"""CREATE FUNCTION {schema}.refuser_modification() RETURNS trigger LANGUAGE plpgsql AS
            $$ BEGIN RAISE EXCEPTION '% is written once', TG_TABLE_NAME; END $$""",
        *(
            f"""CREATE TRIGGER immuable BEFORE UPDATE OR DELETE ON {schema}.{table}
                FOR EACH ROW EXECUTE FUNCTION {schema}.refuser_modification()"""
            for table in _IMMUABLES
        ),
    ]
