"""Tables of the needs: as SQLAlchemy reads them, and as the first migration makes them."""

from collections.abc import Sequence

from sqlalchemy import ARRAY, BigInteger, Boolean, Column, Date, DateTime, Double, Integer, MetaData, Table, Text
from sqlalchemy.dialects.postgresql import JSONB

from services.entraide.domain import NOM

metadata = MetaData(schema=NOM)
_INSTANT = DateTime(timezone=True)

besoins = Table(
    "besoins", metadata,
    Column("id", BigInteger, primary_key=True), Column("cle", Text), Column("caisse", Text), Column("process", Text),
    Column("motif", Text), Column("provisoire", Boolean), Column("mois", Text),
    Column("debut", Date), Column("fin", Date),
    Column("voies", ARRAY(Text)), Column("remise", Text), Column("couloir", Text), Column("obstacles", ARRAY(Text)),
    Column("priorite", Integer), Column("arrivees_en_plus", JSONB), Column("capacite_en_moins", JSONB),
    Column("constats", JSONB), Column("commentaire", Text),
    Column("volume", Double), Column("volume_donne", Boolean),
    Column("dimensionnement", JSONB(none_as_null=True)), Column("raison", Text),
    Column("etat", Text), Column("revision", Integer), Column("cree_le", _INSTANT), Column("cree_par", Text),
    Column("change_le", _INSTANT), Column("clos_le", _INSTANT), Column("alloue_par", BigInteger),
    Column("dimensionne_le", _INSTANT),
)  # fmt: skip

historique = Table(
    "besoins_historique", metadata,
    Column("besoin", BigInteger, primary_key=True), Column("revision", Integer, primary_key=True),
    Column("instant", _INSTANT), Column("par", Text), Column("action", Text), Column("motif", Text),
    Column("changements", JSONB),
)  # fmt: skip

preparations = Table(
    "besoins_preparations", metadata,
    Column("mois", Text, primary_key=True), Column("cles", ARRAY(Text)), Column("recue_le", _INSTANT),
    Column("plan", BigInteger), Column("repondue_le", _INSTANT),
)  # fmt: skip


def ddl_besoins(schema: str) -> Sequence[str]:
    """Statements that create the tables in ``schema``.

    One need lives for a caisse and a process, and one provisional need. ``volume_donne``: a person said the volume.
    ``alloue_par``: the last plan that looked at it; ``dimensionne_le``: when it was last sized, were it for
    nothing. ``besoins_preparations``: months whose provisional needs came.
    """
    return [
        f"""CREATE TABLE {schema}.besoins (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
            cle text NOT NULL UNIQUE, caisse text NOT NULL, process text NOT NULL,
            motif text NOT NULL CHECK (motif IN ('decision_comite', 'accumulation', 'reorganisation', 'adossement',
                'preparation_comite')),
            provisoire boolean NOT NULL GENERATED ALWAYS AS (motif = 'preparation_comite') STORED, mois text,
            debut date NOT NULL, fin date NOT NULL CHECK (fin >= debut),
            voies text[] NOT NULL, remise text NOT NULL DEFAULT 'fil_de_l_eau', couloir text NOT NULL DEFAULT 'general',
            obstacles text[] NOT NULL DEFAULT '{{}}', priorite integer NOT NULL DEFAULT 1 CHECK (priorite > 0),
            arrivees_en_plus jsonb NOT NULL DEFAULT '{{}}', capacite_en_moins jsonb NOT NULL DEFAULT '{{}}',
            constats jsonb NOT NULL DEFAULT '[]', commentaire text,
            volume double precision CHECK (volume >= 0), volume_donne boolean NOT NULL DEFAULT false,
            dimensionnement jsonb, raison text,
            etat text NOT NULL CHECK (etat IN ('a_dimensionner', 'ouvert', 'non_dimensionne', 'clos')),
            revision integer NOT NULL DEFAULT 1, cree_le timestamptz NOT NULL, cree_par text NOT NULL,
            change_le timestamptz NOT NULL, clos_le timestamptz, alloue_par bigint, dimensionne_le timestamptz,
            CHECK ((clos_le IS NOT NULL) = (etat = 'clos')), CHECK (etat <> 'ouvert' OR volume IS NOT NULL),
            CHECK (etat <> 'non_dimensionne' OR raison IS NOT NULL))""",
        f"""CREATE UNIQUE INDEX besoins_vivants ON {schema}.besoins (caisse, process, provisoire)
            WHERE etat <> 'clos'""",
        f"""CREATE TABLE {schema}.besoins_historique (besoin bigint NOT NULL REFERENCES {schema}.besoins,
            revision integer NOT NULL, instant timestamptz NOT NULL, par text NOT NULL,
            action text NOT NULL CHECK (action IN ('creation', 'dimensionnement', 'amendement', 'cloture')),
            motif text, changements jsonb NOT NULL, PRIMARY KEY (besoin, revision))""",
        f"""CREATE TRIGGER immuable BEFORE UPDATE OR DELETE ON {schema}.besoins_historique
            FOR EACH ROW EXECUTE FUNCTION {schema}.refuser_modification()""",
        f"""CREATE TABLE {schema}.besoins_preparations (mois text PRIMARY KEY, cles text[] NOT NULL,
            recue_le timestamptz NOT NULL, plan bigint, repondue_le timestamptz)""",
    ]
