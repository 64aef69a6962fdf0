"""First tables of the contacts service: dossiers and cells, positions, rejects, outbox."""

from alembic import op

from shared.dossiers.schema import ddl_v1
from shared.log.tables import creer

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    for ordre in (*ddl_v1("contacts"), *creer("contacts")):
        op.execute(ordre)
