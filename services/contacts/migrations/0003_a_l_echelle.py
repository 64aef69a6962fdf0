"""What tens of millions of dossiers ask for: indexes for what is asked often."""

from alembic import op

from shared.dossiers.tables import a_l_echelle
from shared.log.tables import rejets_importes

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.get_context().autocommit_block():
        for ordre in (*a_l_echelle("contacts"), rejets_importes("contacts")):
            op.execute(ordre)
