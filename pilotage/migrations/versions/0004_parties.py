"""The parts that a delivery was read with: a shapefile whose .dbf alone changes is loaded again."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None
COMMENT = "Parties livrées avec le fichier (.dbf, .shx… d'un shapefile) : nom et début d'empreinte ; vide sans partie."


def upgrade() -> None:
    op.add_column("livraisons", sa.Column("parties", sa.Text, comment=COMMENT), schema="pilotage")


def downgrade() -> None:
    op.drop_column("livraisons", "parties", schema="pilotage")
