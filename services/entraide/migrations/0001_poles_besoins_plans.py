"""First tables of the entraide service: its outbox, positions and answered calls; pôles, needs, plans."""

from alembic import op

from services.entraide.besoins.tables import ddl_besoins
from services.entraide.domain import NOM
from services.entraide.plans.tables import ddl_plans
from services.entraide.poles.tables import ddl_poles
from shared.log.tables import creer
from shared.service.idempotence import creer_table

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    for ordre in (*creer(NOM), *creer_table(NOM), *ddl_poles(NOM), *ddl_besoins(NOM), *ddl_plans(NOM)):
        op.execute(ordre)
