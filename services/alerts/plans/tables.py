"""Tables of the plans d'actions: as SQLAlchemy reads them, and as their migration makes them."""

from collections.abc import Sequence

from sqlalchemy import BigInteger, Column, Date, DateTime, Integer, MetaData, Numeric, Table, Text

from services.alerts.domain import NOM

metadata = MetaData(schema=NOM)
_INSTANT = DateTime(timezone=True)

plans = Table(
    "plans", metadata,
    Column("id", BigInteger, primary_key=True), Column("caisse", Text), Column("lettre", Text),
    Column("auteur", Text), Column("commentaire", Text), Column("etat", Text),
    Column("depose_le", _INSTANT), Column("depose_par", Text), Column("clos_le", _INSTANT), Column("version", Integer),
)  # fmt: skip

actions = Table(
    "plan_actions", metadata,
    Column("plan", BigInteger, primary_key=True), Column("numero", Integer, primary_key=True),
    Column("intitule", Text), Column("responsable", Text), Column("echeance", Date),
    Column("echeance_fixee_le", _INSTANT), Column("etat", Text), Column("terminee_le", _INSTANT),
    Column("version", Integer),
)  # fmt: skip

trajectoires = Table(
    "plan_trajectoires", metadata,
    Column("plan", BigInteger, primary_key=True), Column("indicateur", Text, primary_key=True),
    Column("mois", Text, primary_key=True), Column("attendu", Numeric),
)  # fmt: skip


def ddl_plans(schema: str) -> Sequence[str]:
    """Statements that create the tables in ``schema``. One plan answers one letter."""
    return [
        f"""CREATE TABLE {schema}.plans (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, caisse text NOT NULL,
            lettre text NOT NULL UNIQUE REFERENCES {schema}.documents, auteur text NOT NULL, commentaire text,
            etat text NOT NULL CHECK (etat IN ('ouvert', 'clos')), depose_le timestamptz NOT NULL,
            depose_par text NOT NULL, clos_le timestamptz, version integer NOT NULL DEFAULT 1,
            CHECK ((clos_le IS NOT NULL) = (etat = 'clos')))""",
        f"CREATE INDEX plans_caisse ON {schema}.plans (caisse, id)",
        f"""CREATE TABLE {schema}.plan_actions (plan bigint NOT NULL REFERENCES {schema}.plans,
            numero integer NOT NULL CHECK (numero > 0), intitule text NOT NULL, responsable text NOT NULL,
            echeance date NOT NULL, echeance_fixee_le timestamptz NOT NULL,
            etat text NOT NULL CHECK (etat IN ('a_faire', 'partielle', 'faite', 'obsolete')),
            terminee_le timestamptz, version integer NOT NULL DEFAULT 1, PRIMARY KEY (plan, numero),
            CHECK ((terminee_le IS NOT NULL) = (etat IN ('faite', 'obsolete'))))""",
        f"""CREATE TABLE {schema}.plan_trajectoires (plan bigint NOT NULL REFERENCES {schema}.plans,
            indicateur text NOT NULL, mois text NOT NULL CHECK (mois ~ '^\\d{{4}}-\\d{{2}}$'),
            attendu numeric NOT NULL, PRIMARY KEY (plan, indicateur, mois))""",
    ]
