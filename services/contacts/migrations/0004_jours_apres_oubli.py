"""The index of days stays precise where retention has emptied pages that other days fill again."""

from alembic import op

from shared.database.montee import sans_delai
from shared.dossiers.tables import index_des_jours

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

SANS_LECTEUR_DEPUIS = "0.1.0"
"""No statement ever named the former index: the planner takes whichever there is."""


def upgrade() -> None:
    with op.get_context().autocommit_block():
        for ordre in sans_delai(*index_des_jours("contacts")):
            op.execute(ordre)
