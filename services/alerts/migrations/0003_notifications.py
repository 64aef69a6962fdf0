"""Documents (letters and minutes), notifications and their livraisons, contacts, what entraide tells."""

from alembic import op

from services.alerts.domain import NOM
from services.alerts.lettres.tables import ddl_documents
from services.alerts.notifications.entraide import ddl_avis_entraide
from services.alerts.notifications.tables import ddl_notifications

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    for ordre in (*ddl_documents(NOM), *ddl_notifications(NOM), *ddl_avis_entraide(NOM)):
        op.execute(ordre)
