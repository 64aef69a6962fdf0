"""Tables of the register, in each service's schema: rows that are only ever added, and the head of their chain."""

from collections.abc import Sequence

from shared.service.audit.ligne import ORIGINE

ELAGAGE = "vigie audit elaguer"
"""``route`` of the row that seals the ones before it, which may then be removed."""

COLONNES = (
    "numero", "instant", "sujet", "roles", "methode", "route", "objet", "caisse", "issue", "statut", "requete",
    "corps", "precedente", "empreinte",
)  # fmt: skip


def ddl(schema: str) -> Sequence[str]:
    """Statements that create them (a migration of the service).

    Rows cannot be changed, by their owner nor by a superuser who does not first take the triggers away; they can be
    removed only up to what a row of the chain has sealed (``audit_tete.elague``, see ``elagage``).
    """
    return [
        f"""CREATE TABLE {schema}.audit (
            numero bigint PRIMARY KEY, instant timestamptz NOT NULL, sujet text, roles text[] NOT NULL,
            methode text NOT NULL, route text NOT NULL, objet jsonb NOT NULL, caisse text, issue text NOT NULL,
            statut smallint, requete text, corps bytea, precedente bytea NOT NULL, empreinte bytea NOT NULL)""",
        f"COMMENT ON TABLE {schema}.audit IS 'Who read or changed what; each row bears the digest of the one before'",
        f"CREATE INDEX audit_instant ON {schema}.audit (instant)",
        f"CREATE INDEX audit_sujet ON {schema}.audit (sujet, numero)",
        f"CREATE INDEX audit_elagages ON {schema}.audit (numero) WHERE route = '{ELAGAGE}'",
        f"""CREATE TABLE {schema}.audit_tete (
            seule boolean PRIMARY KEY DEFAULT true CHECK (seule), numero bigint NOT NULL, empreinte bytea NOT NULL,
            elague bigint NOT NULL DEFAULT 0)""",
        f"COMMENT ON TABLE {schema}.audit_tete IS 'The last row of audit, locked by who adds one'",
        f"INSERT INTO {schema}.audit_tete (numero, empreinte) VALUES (0, decode('{ORIGINE.hex()}', 'hex'))",
        f"""CREATE FUNCTION {schema}.audit_immuable() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
            IF TG_OP = 'DELETE' THEN
                IF OLD.numero <= (SELECT elague FROM {schema}.audit_tete) THEN
                    RETURN OLD;
                END IF;
            END IF;
            RAISE EXCEPTION 'Le registre d''audit ne se modifie pas.' USING ERRCODE = 'insufficient_privilege';
        END $$""",
        f"""CREATE TRIGGER audit_lignes BEFORE UPDATE OR DELETE ON {schema}.audit
        FOR EACH ROW EXECUTE FUNCTION {schema}.audit_immuable()""",
        f"""CREATE TRIGGER audit_table BEFORE TRUNCATE ON {schema}.audit
        FOR EACH STATEMENT EXECUTE FUNCTION {schema}.audit_immuable()""",
        f"ALTER TABLE {schema}.audit ENABLE ALWAYS TRIGGER audit_lignes",
        f"ALTER TABLE {schema}.audit ENABLE ALWAYS TRIGGER audit_table",
        f"REVOKE UPDATE, TRUNCATE ON {schema}.audit FROM CURRENT_USER",
    ]
