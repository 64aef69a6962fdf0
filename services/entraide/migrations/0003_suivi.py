"""Follow-up of missions: projections kept before, effects measured after, structural weaknesses told."""

from alembic import op

from services.entraide.domain import NOM
from services.entraide.suivi.tables import ddl_suivi

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    for ordre in ddl_suivi(NOM):
        op.execute(ordre)
