"""Tables of the alerts service: as SQLAlchemy reads them, and as its first migration makes them."""

from collections.abc import Sequence

from sqlalchemy import (
    ARRAY,
    BigInteger,
    Boolean,
    Column,
    Date,
    DateTime,
    Double,
    Integer,
    MetaData,
    Numeric,
    SmallInteger,
    Table,
    Text,
)
from sqlalchemy.dialects.postgresql import JSONB

from services.alerts.domain import NOM

metadata = MetaData(schema=NOM)
_INSTANT = DateTime(timezone=True)

alertes = Table(
    "alertes", metadata,
    Column("id", BigInteger, primary_key=True),
    Column("genre", Text), Column("caisse", Text), Column("objet", Text),
    Column("etat", Text), Column("depuis", _INSTANT),
    Column("signal", Boolean), Column("signal_depuis", _INSTANT), Column("vu_le", _INSTANT),
    Column("creee_le", _INSTANT), Column("ouverte_le", _INSTANT), Column("finie_le", _INSTANT),
    Column("prise_en_compte_par", Text), Column("prise_en_compte_expire", _INSTANT),
    Column("niveau", SmallInteger), Column("escalade_le", _INSTANT),
    Column("constat", Text), Column("valeur", Double), Column("effectif", BigInteger), Column("seuil", Double),
    Column("details", JSONB),
    Column("gravite", Text), Column("p", Double), Column("p_ajustee", Double),
    Column("inhibee_par", Text), Column("annonce", Text), Column("poussee", Boolean), Column("version", Integer),
)  # fmt: skip

transitions = Table(
    "transitions", metadata,
    Column("alerte", BigInteger, primary_key=True), Column("rang", Integer, primary_key=True),
    Column("instant", _INSTANT), Column("action", Text), Column("de", Text), Column("vers", Text),
    Column("par", Text), Column("motif", Text), Column("valeur", Double),
)  # fmt: skip

silences = Table(
    "silences", metadata,
    Column("id", BigInteger, primary_key=True),
    Column("caisse", Text), Column("objet", Text), Column("genre", Text),
    Column("debut", _INSTANT), Column("fin", _INSTANT), Column("auteur", Text), Column("motif", Text),
    Column("cree_le", _INSTANT), Column("cree_par", Text),
    Column("termine_le", _INSTANT), Column("termine_par", Text), Column("termine_motif", Text),
)  # fmt: skip

neutralisations = Table(
    "neutralisations", metadata,
    Column("id", BigInteger, primary_key=True),
    Column("du", Date), Column("au", Date), Column("indicateurs", ARRAY(Text)),
    Column("caisse", Text), Column("plateforme", Text), Column("auteur", Text), Column("motif", Text),
    Column("cree_le", _INSTANT), Column("cree_par", Text),
    Column("termine_le", _INSTANT), Column("termine_par", Text), Column("termine_motif", Text),
    Column("retiree", Boolean),
)  # fmt: skip

declarations = Table(
    "declarations", metadata,
    Column("id", BigInteger, primary_key=True),
    Column("caisse", Text), Column("genre", Text), Column("situation", Text), Column("site", Text),
    Column("debut", _INSTANT), Column("fin", _INSTANT), Column("auteur", Text), Column("motif", Text),
    Column("cree_le", _INSTANT), Column("cree_par", Text),
    Column("termine_le", _INSTANT), Column("termine_par", Text), Column("termine_motif", Text),
)  # fmt: skip

mesures = Table(
    "mesures", metadata,
    Column("id", BigInteger, primary_key=True),
    Column("convention", Text), Column("code", Text), Column("segment", Text), Column("organisme", Text),
    Column("du", Date), Column("au", Date), Column("valeur", Numeric),
    Column("source", Text), Column("date_source", Date), Column("commentaire", Text), Column("par", Text),
    Column("enregistree_le", _INSTANT), Column("remplacee_le", _INSTANT),
)  # fmt: skip

evaluation = Table(
    "evaluation", metadata,
    Column("unique_ligne", Boolean, primary_key=True), Column("complete_le", _INSTANT), Column("vue_le", _INSTANT),
    Column("essais", Integer), Column("averes", Integer), Column("fausses_attendues", Double),
    Column("sans_reponse", ARRAY(Text)),
)  # fmt: skip

a_evaluer = Table(
    "a_evaluer", metadata,
    Column("process", Text, primary_key=True), Column("numero", BigInteger),
)  # fmt: skip

groupes = Table(
    "groupes", metadata,
    Column("caisse", Text, primary_key=True), Column("dernier", _INSTANT), Column("rappels", Integer),
)  # fmt: skip

avis = Table(
    "avis", metadata,
    Column("id", BigInteger, primary_key=True), Column("caisse", Text), Column("instant", _INSTANT),
    Column("motif", Text), Column("contenu", JSONB),
)  # fmt: skip

_ID = "id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY"
_SUITE = """auteur text NOT NULL, motif text NOT NULL, cree_le timestamptz NOT NULL, cree_par text NOT NULL,
    termine_le timestamptz, termine_par text, termine_motif text"""


def ddl_v1(schema: str) -> Sequence[str]:
    """Statements that create the tables in ``schema`` (first migration of the service)."""
    return [
        f"""CREATE TABLE {schema}.alertes ({_ID},
            genre text NOT NULL CHECK (genre IN ('performance', 'source_muette', 'stock', 'declaration', 'desaccord')),
            caisse text NOT NULL, objet text NOT NULL,
            etat text NOT NULL
                CHECK (etat IN ('en_observation', 'ouverte', 'prise_en_compte', 'resolue', 'neutralisee')),
            depuis timestamptz NOT NULL,
            signal boolean NOT NULL, signal_depuis timestamptz NOT NULL, vu_le timestamptz NOT NULL,
            creee_le timestamptz NOT NULL, ouverte_le timestamptz, finie_le timestamptz,
            prise_en_compte_par text, prise_en_compte_expire timestamptz,
            niveau smallint NOT NULL DEFAULT 0, escalade_le timestamptz,
            constat text NOT NULL, valeur double precision, effectif bigint, seuil double precision,
            details jsonb NOT NULL DEFAULT '{{}}',
            gravite text CHECK (gravite IN ('avere', 'a_surveiller')), p double precision, p_ajustee double precision,
            inhibee_par text, annonce text, poussee boolean NOT NULL DEFAULT false, version integer NOT NULL DEFAULT 1,
            CHECK ((finie_le IS NOT NULL) = (etat IN ('resolue', 'neutralisee'))))
            WITH (fillfactor = 70)""",
        f"CREATE UNIQUE INDEX alertes_vivantes ON {schema}.alertes (genre, caisse, objet) WHERE finie_le IS NULL",
        f"CREATE INDEX alertes_caisse ON {schema}.alertes (caisse, id)",
        f"CREATE INDEX alertes_a_conclure ON {schema}.alertes (id) WHERE finie_le IS NOT NULL AND poussee",
        f"""CREATE INDEX alertes_a_annoncer ON {schema}.alertes (id)
            WHERE finie_le IS NOT NULL AND annonce LIKE 'ouverte:%'""",
        f"""CREATE TABLE {schema}.transitions (
            alerte bigint NOT NULL REFERENCES {schema}.alertes, rang integer NOT NULL,
            instant timestamptz NOT NULL, action text NOT NULL, de text, vers text NOT NULL,
            par text NOT NULL, motif text NOT NULL, valeur double precision,
            PRIMARY KEY (alerte, rang))""",
        f"""CREATE TABLE {schema}.silences ({_ID}, caisse text, objet text, genre text,
            debut timestamptz NOT NULL, fin timestamptz NOT NULL, {_SUITE}, CHECK (debut < fin))""",
        f"""CREATE TABLE {schema}.neutralisations ({_ID}, du date NOT NULL, au date,
            indicateurs text[] NOT NULL CHECK (cardinality(indicateurs) > 0), caisse text, plateforme text,
            {_SUITE}, retiree boolean NOT NULL DEFAULT false,
            CHECK (au >= du), CHECK (caisse IS NULL OR plateforme IS NULL))""",
        f"""CREATE TABLE {schema}.declarations ({_ID}, caisse text NOT NULL,
            genre text NOT NULL CHECK (genre IN ('situation', 'site_ferme', 'pca')),
            situation text CHECK (situation IN ('normale', 'degradee', 'rupture')), site text,
            debut timestamptz NOT NULL, fin timestamptz, {_SUITE}, CHECK (debut < fin),
            CHECK ((genre = 'situation') = (situation IS NOT NULL)))""",
        f"""CREATE TABLE {schema}.mesures ({_ID},
            convention text NOT NULL, code text NOT NULL, segment text, organisme text NOT NULL,
            du date NOT NULL, au date NOT NULL, valeur numeric NOT NULL,
            source text NOT NULL, date_source date NOT NULL, commentaire text, par text NOT NULL,
            enregistree_le timestamptz NOT NULL, remplacee_le timestamptz)""",
        f"""CREATE UNIQUE INDEX mesures_en_vigueur ON {schema}.mesures
            (convention, code, coalesce(segment, ''), organisme, du, au) WHERE remplacee_le IS NULL""",
        f"""CREATE TABLE {schema}.evaluation (unique_ligne boolean PRIMARY KEY CHECK (unique_ligne),
            complete_le timestamptz, vue_le timestamptz, essais integer, averes integer,
            fausses_attendues double precision, sans_reponse text[] NOT NULL DEFAULT '{{}}')""",
        f"""CREATE TABLE {schema}.a_evaluer (process text PRIMARY KEY, numero bigint NOT NULL DEFAULT 1)""",
        f"""CREATE TABLE {schema}.groupes (caisse text PRIMARY KEY, dernier timestamptz,
            rappels integer NOT NULL DEFAULT 0)""",
        f"""CREATE TABLE {schema}.avis ({_ID}, caisse text NOT NULL, instant timestamptz NOT NULL,
            motif text NOT NULL CHECK (motif IN ('nouveautes', 'rappel')), contenu jsonb NOT NULL)""",
    ]
