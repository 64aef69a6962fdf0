"""Tables of the propositions: as SQLAlchemy reads them, and as their migration makes them."""

from collections.abc import Sequence

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Date,
    DateTime,
    Double,
    Integer,
    MetaData,
    SmallInteger,
    Table,
    Text,
)
from sqlalchemy.dialects.postgresql import ARRAY, JSONB

from services.entraide.domain import NOM

metadata = MetaData(schema=NOM)
_INSTANT = DateTime(timezone=True)

propositions = Table(
    "propositions", metadata,
    Column("id", BigInteger, primary_key=True), Column("plan", BigInteger), Column("besoin", Text),
    Column("pole", Text), Column("aidante", Text), Column("aidee", Text), Column("process", Text),
    Column("debut", Date), Column("fin", Date), Column("etp", ARRAY(Integer)), Column("volume", Double),
    Column("volume_propose", Double), Column("echeance", Date), Column("semaines_max", SmallInteger),
    Column("etat", Text), Column("revision", Integer), Column("accuses", ARRAY(Text)),
    Column("engagements", ARRAY(Text)), Column("prolongation", JSONB), Column("couvert", Double),
    Column("reste_rendu", Boolean), Column("realloue_par", BigInteger), Column("demarree_le", Date),
    Column("close_le", Date), Column("explication", JSONB), Column("proposee_le", _INSTANT),
    Column("changee_le", _INSTANT),
)  # fmt: skip

historique = Table(
    "propositions_historique", metadata,
    Column("id", BigInteger, primary_key=True), Column("proposition", BigInteger), Column("revision", Integer),
    Column("commande", Text), Column("de", Text), Column("vers", Text), Column("par", Text), Column("role", Text),
    Column("au_nom_de", Text), Column("jour", Date), Column("instant", _INSTANT), Column("motif", Text),
    Column("termes", JSONB),
)  # fmt: skip

rappels = Table(
    "propositions_rappels", metadata,
    Column("proposition", BigInteger, primary_key=True), Column("quoi", Text, primary_key=True),
    Column("cote", Text, primary_key=True), Column("terme", Date, primary_key=True), Column("instant", _INSTANT),
)  # fmt: skip

_COTES = "ARRAY['aidante', 'aidee']"


def ddl_propositions(schema: str) -> Sequence[str]:
    """Statements that create the tables in ``schema``.

    ``etp``: hundredths by week from the Monday ``debut`` on; ``volume`` and those beside it: in the unit of the
    process. ``couvert``: what it takes off its need. ``reste_rendu``: part of what was proposed is to be allocated
    again, which the plan ``realloue_par`` did.
    """
    return [
        f"""CREATE TABLE {schema}.propositions (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
            plan bigint NOT NULL, besoin text NOT NULL, pole text NOT NULL, aidante text NOT NULL,
            aidee text NOT NULL CHECK (aidee <> aidante), process text NOT NULL,
            debut date NOT NULL CHECK (extract(isodow FROM debut) = 1), fin date NOT NULL,
            etp integer[] NOT NULL CHECK (0 < ALL (etp) AND cardinality(etp) > 0),
            volume double precision NOT NULL CHECK (volume > 0), volume_propose double precision NOT NULL,
            echeance date NOT NULL, semaines_max smallint NOT NULL CHECK (cardinality(etp) <= semaines_max),
            etat text NOT NULL CHECK (etat IN ('proposee', 'engagee', 'ordonnee', 'active', 'terminee',
                'interrompue', 'declinee', 'expiree', 'annulee')),
            revision integer NOT NULL, accuses text[] NOT NULL CHECK (accuses <@ {_COTES}),
            engagements text[] NOT NULL CHECK (engagements <@ {_COTES}), prolongation jsonb,
            couvert double precision NOT NULL, reste_rendu boolean NOT NULL DEFAULT false, realloue_par bigint,
            demarree_le date, close_le date, explication jsonb NOT NULL, proposee_le timestamptz NOT NULL,
            changee_le timestamptz NOT NULL, CHECK (fin = debut + 7 * cardinality(etp) - 1),
            UNIQUE (plan, besoin, pole))""",
        f"CREATE INDEX propositions_aidante ON {schema}.propositions (aidante, id)",
        f"CREATE INDEX propositions_aidee ON {schema}.propositions (aidee, process, id)",
        f"CREATE INDEX propositions_besoin ON {schema}.propositions (besoin)",
        f"""CREATE INDEX propositions_vivantes ON {schema}.propositions (id)
            WHERE etat IN ('proposee', 'engagee', 'ordonnee', 'active')""",
        f"""CREATE TABLE {schema}.propositions_historique (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
            proposition bigint NOT NULL REFERENCES {schema}.propositions, revision integer NOT NULL,
            commande text NOT NULL, de text, vers text NOT NULL, par text NOT NULL, role text NOT NULL,
            au_nom_de text, jour date NOT NULL, instant timestamptz NOT NULL, motif text, termes jsonb,
            UNIQUE (proposition, revision))""",
        f"""CREATE TABLE {schema}.propositions_rappels (
            proposition bigint NOT NULL REFERENCES {schema}.propositions, quoi text NOT NULL, cote text NOT NULL,
            terme date NOT NULL, instant timestamptz NOT NULL, PRIMARY KEY (proposition, quoi, cote, terme))""",
        f"""CREATE TRIGGER immuable BEFORE UPDATE OR DELETE ON {schema}.propositions_historique
            FOR EACH ROW EXECUTE FUNCTION {schema}.refuser_modification()""",
    ]
