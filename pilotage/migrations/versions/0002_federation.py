"""A generation may be a merged package, loaded beside those of the nights."""

from __future__ import annotations

from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None
ETATS = "'en_construction', 'candidate', 'visible', 'precedente', 'abandonnee', 'supprimee'"


def upgrade() -> None:
    op.drop_constraint("generations_etat", "generations", schema="pilotage")
    op.create_check_constraint("generations_etat", "generations", f"etat IN ({ETATS}, 'federee')", schema="pilotage")


def downgrade() -> None:
    op.execute("DELETE FROM pilotage.generations WHERE etat = 'federee'")
    op.drop_constraint("generations_etat", "generations", schema="pilotage")
    op.create_check_constraint("generations_etat", "generations", f"etat IN ({ETATS})", schema="pilotage")
