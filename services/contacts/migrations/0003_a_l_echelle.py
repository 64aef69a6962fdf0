"""What tens of millions of dossiers ask for: indexes for what is asked often."""

from alembic import op

from shared.database.montee import sans_delai
from shared.dossiers.tables import index_des_sources
from shared.log.tables import rejets_importes

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.get_context().autocommit_block():
        for ordre in sans_delai(index_des_sources("contacts"), rejets_importes("contacts")):
            op.execute(ordre)
