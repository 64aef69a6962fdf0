"""What a migration may not do under traffic, on statements as people write them."""

from pathlib import Path

import pytest

from shared.database.garde_migrations import ecarts
from vigie.schemas import EMPLACEMENTS, SOCLE

DEPART = """
from alembic import op
revision = "0001"
down_revision = None
def upgrade():
    op.execute("CREATE TABLE s.dossiers (n int)")
"""
SUITE = """
from alembic import op
revision = "0002"
down_revision = "0001"
{constante}
def upgrade():
    {corps}
"""


def refus(dossier: Path, *ordres: str, constante: str = "") -> list[str]:
    """Names of the rules that a migration made of these statements breaks."""
    (dossier / "0001_depart.py").write_text(DEPART)
    corps = "\n    ".join(f"op.execute({ordre!r})" for ordre in ordres)
    (dossier / "0002_suite.py").write_text(SUITE.format(constante=constante, corps=corps))
    return [ecart.regle for ecart in ecarts(dossier, "s", "0001")]


@pytest.mark.parametrize("schema", EMPLACEMENTS)
def test_no_migration_after_the_first_release_stops_the_traffic(schema: str) -> None:
    trouves = ecarts(EMPLACEMENTS[schema], schema, SOCLE[schema])
    assert not trouves, "\n".join(map(str, trouves))


@pytest.mark.parametrize(
    ("ordre", "regle"),
    [
        ("CREATE INDEX i ON s.dossiers (n)", "index fait sous verrou"),
        ("CREATE UNIQUE INDEX i\n  ON s.clos (n)", "index fait sous verrou"),
        ("ALTER TABLE s.dossiers ADD COLUMN u uuid DEFAULT gen_random_uuid()", "colonne à valeur calculée"),
        ("ALTER TABLE s.dossiers ADD n2 int GENERATED ALWAYS AS (n + 1) STORED", "colonne à valeur calculée"),
        ("ALTER TABLE s.dossiers ADD COLUMN p int NOT NULL", "colonne obligatoire sans valeur"),
        ("ALTER TABLE s.dossiers ALTER COLUMN n TYPE bigint", "type changé"),
        ("ALTER TABLE s.dossiers ADD CONSTRAINT positif CHECK (n > 0)", "contrainte vérifiée sous verrou"),
        ("ALTER TABLE s.dossiers ADD CONSTRAINT u UNIQUE (n)", "clé faite sous verrou"),
        ("ALTER TABLE s.dossiers ALTER COLUMN n SET NOT NULL", "colonne rendue obligatoire"),
        ("VACUUM FULL s.dossiers", "table réécrite"),
        ("LOCK TABLE s.dossiers", "table réécrite"),
        ("UPDATE s.dossiers SET n = 0", "lignes reprises"),
        ("ALTER TABLE s.dossiers DROP COLUMN n", "retrait"),
        ("ALTER TABLE s.dossiers RENAME COLUMN n TO m", "retrait"),
        ("DROP TABLE s.dossiers", "retrait"),
    ],
)
def test_what_rewrites_scans_or_takes_away_is_refused(tmp_path: Path, ordre: str, regle: str) -> None:
    (trouve,) = refus(tmp_path, ordre)
    assert trouve.startswith(regle)


def test_what_widens_is_accepted(tmp_path: Path) -> None:
    assert not refus(
        tmp_path,
        "ALTER TABLE s.dossiers ADD COLUMN canal text",
        "ALTER TABLE s.dossiers ADD COLUMN rang int NOT NULL DEFAULT 0",
        "CREATE INDEX CONCURRENTLY IF NOT EXISTS i ON s.dossiers (n)",
        "ALTER TABLE s.dossiers ADD CONSTRAINT positif CHECK (n > 0) NOT VALID",
        "ALTER TABLE s.dossiers VALIDATE CONSTRAINT positif",
        "CREATE TABLE s.neuve (n int NOT NULL)",
        "CREATE INDEX neuve_n ON s.neuve (n)",
        "UPDATE s.dictionnaire SET valeur = 'x'",
    )


def test_what_is_taken_away_must_say_since_when_nobody_reads_it(tmp_path: Path) -> None:
    ordre = "ALTER TABLE s.dossiers DROP COLUMN n"
    assert refus(tmp_path, ordre) == ["retrait"]
    assert not refus(tmp_path, ordre, constante='SANS_LECTEUR_DEPUIS = "0.3.0"')
