"""Plans d'actions, audits and accompagnements, contestations and évocations, adapted targets, measured effects."""

from alembic import op

from services.alerts.contestations.tables import ddl_contestations
from services.alerts.domain import NOM
from services.alerts.effets.tables import ddl_effets
from services.alerts.plans.tables import ddl_plans
from services.alerts.suivis.histoire import ddl_histoire
from services.alerts.suivis.tables import ddl_suivis

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    for ddl in (ddl_histoire, ddl_plans, ddl_suivis, ddl_contestations, ddl_effets):
        for ordre in ddl(NOM):
            op.execute(ordre)
