"""The comité d'alerte: its snapshots, case files, history, decisions and letters."""

from alembic import op

from services.alerts.comite.tables import ddl_comite
from services.alerts.domain import NOM

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    for ordre in ddl_comite(NOM):
        op.execute(ordre)
