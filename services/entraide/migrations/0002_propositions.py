"""Propositions and missions: their present, their history, the reminders sent."""

from alembic import op

from services.entraide.domain import NOM
from services.entraide.propositions.tables import ddl_propositions

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    for ordre in ddl_propositions(NOM):
        op.execute(ordre)
