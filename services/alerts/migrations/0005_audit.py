"""The register of who read or changed what."""

from alembic import op

from services.alerts.domain import NOM
from shared.service.audit.tables import ddl

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    for ordre in ddl(NOM):
        op.execute(ordre)
