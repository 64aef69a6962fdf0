"""First tables of the alerts service: alerts and their history, silences, neutralisations, declarations, measures."""

from alembic import op

from services.alerts.domain import NOM
from services.alerts.store.tables import ddl_v1
from shared.log.tables import creer
from shared.service.idempotence import creer_table

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    for ordre in (*ddl_v1(NOM), *creer(NOM), *creer_table(NOM)):
        op.execute(ordre)
