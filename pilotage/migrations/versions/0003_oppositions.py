"""People who asked to be erased: what recognises them, never who they are."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "oppositions",
        sa.Column("source", sa.Text, primary_key=True),
        sa.Column("empreinte", sa.Text, primary_key=True),
        sa.Column("mots", sa.Integer, nullable=False),
        sa.Column("motif", sa.Text, nullable=False),
        sa.Column("ajoutee_le", sa.DateTime(timezone=True), nullable=False, server_default=sa.text("now()")),
        schema="pilotage",
        comment="Oppositions : empreinte à clé de ce qui est effacé au chargement, par source ; jamais le texte.",
    )


def downgrade() -> None:
    op.drop_table("oppositions", schema="pilotage")
