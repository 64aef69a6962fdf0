"""The register of who read or changed what."""

from alembic import op

from shared.service.audit.tables import ddl

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    for ordre in ddl("claims"):
        op.execute(ordre)
