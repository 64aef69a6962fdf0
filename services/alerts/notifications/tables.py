"""Tables of the notifications: as SQLAlchemy reads them, and as their migration makes them."""

from collections.abc import Sequence

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    DateTime,
    Integer,
    LargeBinary,
    MetaData,
    SmallInteger,
    Table,
    Text,
    Uuid,
)
from sqlalchemy.dialects.postgresql import JSONB

from services.alerts.domain import NOM

metadata = MetaData(schema=NOM)
_INSTANT = DateTime(timezone=True)

contacts = Table(
    "contacts", metadata,
    Column("caisse", Text, primary_key=True), Column("rang", SmallInteger, primary_key=True),
    Column("nom", Text), Column("fonction", Text), Column("courriel", Text),
)  # fmt: skip

destinataires = Table(
    "destinataires", metadata,
    Column("caisse", Text, primary_key=True), Column("courriel", Boolean),
    Column("webhook_url", Text), Column("webhook_secret", Text),
    Column("echec_depuis", _INSTANT), Column("desactive_le", _INSTANT), Column("motif", Text),
)  # fmt: skip

notifications = Table(
    "notifications", metadata,
    Column("id", Uuid(), primary_key=True), Column("numero", BigInteger), Column("cle", Text),
    Column("caisse", Text), Column("genre", Text), Column("objet", Text), Column("texte", Text),
    Column("donnees", JSONB), Column("document", Text), Column("creee_le", _INSTANT),
    Column("accuse_attendu", Boolean), Column("accusee_le", _INSTANT), Column("accusee_par", Text),
    Column("accusee_voie", Text), Column("relances", SmallInteger), Column("prochaine_relance", _INSTANT),
)  # fmt: skip

livraisons = Table(
    "livraisons", metadata,
    Column("id", BigInteger, primary_key=True), Column("notification", Uuid()), Column("canal", Text),
    Column("rang", SmallInteger), Column("occurrence", SmallInteger), Column("etat", Text),
    Column("tentatives", Integer), Column("prochain_essai", _INSTANT), Column("creee_le", _INSTANT),
    Column("terminee_le", _INSTANT), Column("detail", Text),
)  # fmt: skip

essais = Table(
    "essais", metadata,
    Column("id", BigInteger, primary_key=True), Column("livraison", BigInteger), Column("instant", _INSTANT),
    Column("issue", Text), Column("detail", Text),
)  # fmt: skip

cles = Table("cles_accuse", metadata, Column("unique_ligne", Boolean, primary_key=True), Column("cle", LargeBinary))

_ID = "id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY"


def ddl_notifications(schema: str) -> Sequence[str]:
    """Statements that create the tables in ``schema``. ``rang``: of the contact, 0 for a webhook; ``occurrence``: 0,
    then one more for each time the same is said again."""
    return [
        f"""CREATE TABLE {schema}.destinataires (caisse text PRIMARY KEY, courriel boolean NOT NULL DEFAULT true,
            webhook_url text, webhook_secret text, echec_depuis timestamptz, desactive_le timestamptz, motif text,
            CHECK ((webhook_url IS NULL) = (webhook_secret IS NULL)))""",
        f"""CREATE TABLE {schema}.contacts (caisse text NOT NULL, rang smallint NOT NULL CHECK (rang IN (1, 2)),
            nom text NOT NULL, fonction text, courriel text NOT NULL, PRIMARY KEY (caisse, rang))""",
        f"""CREATE TABLE {schema}.notifications (
            id uuid PRIMARY KEY, numero bigint GENERATED ALWAYS AS IDENTITY UNIQUE, cle text NOT NULL UNIQUE,
            caisse text NOT NULL, genre text NOT NULL, objet text NOT NULL, texte text NOT NULL,
            donnees jsonb NOT NULL, document text REFERENCES {schema}.documents, creee_le timestamptz NOT NULL,
            accuse_attendu boolean NOT NULL, accusee_le timestamptz, accusee_par text, accusee_voie text,
            relances smallint NOT NULL DEFAULT 0, prochaine_relance timestamptz)""",
        f"CREATE INDEX notifications_caisse ON {schema}.notifications (caisse, numero)",
        f"""CREATE INDEX notifications_a_relancer ON {schema}.notifications (prochaine_relance)
            WHERE prochaine_relance IS NOT NULL""",
        f"""CREATE TABLE {schema}.livraisons ({_ID}, notification uuid NOT NULL REFERENCES {schema}.notifications,
            canal text NOT NULL CHECK (canal IN ('courriel', 'webhook')),
            rang smallint NOT NULL, occurrence smallint NOT NULL,
            etat text NOT NULL CHECK (etat IN ('a_envoyer', 'envoyee', 'remise', 'echec')),
            tentatives integer NOT NULL DEFAULT 0, prochain_essai timestamptz, creee_le timestamptz NOT NULL,
            terminee_le timestamptz, detail text, UNIQUE (notification, canal, rang, occurrence),
            CHECK ((prochain_essai IS NOT NULL) = (etat = 'a_envoyer')))""",
        f"CREATE INDEX livraisons_dues ON {schema}.livraisons (prochain_essai) WHERE etat = 'a_envoyer'",
        f"""CREATE INDEX livraisons_restantes ON {schema}.livraisons (canal, etat)
            WHERE etat IN ('a_envoyer', 'echec')""",
        f"""CREATE TABLE {schema}.essais ({_ID}, livraison bigint NOT NULL REFERENCES {schema}.livraisons,
            instant timestamptz NOT NULL, issue text NOT NULL, detail text NOT NULL)""",
        f"CREATE INDEX essais_livraison ON {schema}.essais (livraison, id)",
        f"""CREATE TABLE {schema}.cles_accuse (unique_ligne boolean PRIMARY KEY CHECK (unique_ligne),
            cle bytea NOT NULL)""",
    ]
