"""The journal: deliveries, controls, generations, steps, settings; quarantine and raw schemas."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0001"
down_revision = None

NOW = sa.text("now()")
WHEN = sa.DateTime(timezone=True)


def upgrade() -> None:
    for schema in ("raw", "raw_candidats", "quarantaine"):
        op.execute(f"CREATE SCHEMA IF NOT EXISTS {schema}")
    op.create_table(
        "livraisons",
        sa.Column("livraison", sa.Text, primary_key=True),
        sa.Column("source", sa.Text, nullable=False, index=True),
        sa.Column("millesime", sa.Text, nullable=False),
        sa.Column("fichier", sa.Text, nullable=False),
        sa.Column("table_raw", sa.Text),
        sa.Column("sha256", sa.Text, nullable=False),
        sa.Column("taille_octets", sa.BigInteger, nullable=False),
        sa.Column("url", sa.Text),
        sa.Column("etag", sa.Text),
        sa.Column("last_modified", sa.Text),
        sa.Column("recue_le", WHEN, nullable=False, server_default=NOW),
        sa.Column("etat", sa.Text, nullable=False),
        sa.Column("motif", sa.Text),
        sa.Column("nb_lignes", sa.BigInteger),
        sa.Column("nb_quarantaine", sa.BigInteger),
        sa.Column("chargement_s", sa.Float),
        sa.Column("empreinte_fiche", sa.Text),
        sa.Column("decidee_le", WHEN),
        sa.CheckConstraint(
            "etat IN ('recue', 'candidate', 'acceptee', 'refusee', 'remplacee')", name="livraisons_etat"
        ),
        schema="pilotage",
        comment="Une ligne par fichier livré : d'où il vient, son empreinte, et ce que le contrôle en a décidé.",
    )
    op.create_table(
        "controles",
        sa.Column("id", sa.BigInteger, sa.Identity(), primary_key=True),
        sa.Column("generation", sa.Text, index=True),
        sa.Column("livraison", sa.Text, index=True),
        sa.Column("suite", sa.Text, nullable=False),
        sa.Column("attente", sa.Text, nullable=False),
        sa.Column("colonne", sa.Text),
        sa.Column("severite", sa.Text, nullable=False, server_default="bloquante"),
        sa.Column("succes", sa.Boolean, nullable=False),
        sa.Column("observe", JSONB),
        sa.Column("message", sa.Text),
        sa.Column("execute_le", WHEN, nullable=False, server_default=NOW),
        schema="pilotage",
        comment="Une ligne par attente contrôlée, aux deux portes.",
    )
    op.create_table(
        "generations",
        sa.Column("generation", sa.Text, primary_key=True),
        sa.Column("creee_le", WHEN, nullable=False, server_default=NOW),
        sa.Column("etat", sa.Text, nullable=False),
        sa.Column("empreinte", sa.Text, nullable=False),
        sa.Column("est_simulee", sa.Boolean, nullable=False),
        sa.Column("publiee_le", WHEN),
        sa.Column("statistiques", JSONB),
        sa.CheckConstraint(
            "etat IN ('en_construction', 'candidate', 'visible', 'precedente', 'abandonnee', 'supprimee')",
            name="generations_etat",
        ),
        schema="pilotage",
        comment="Une ligne par génération de l'entrepôt.",
    )
    op.create_index(
        "generations_une_visible",
        "generations",
        ["etat"],
        unique=True,
        schema="pilotage",
        postgresql_where=sa.text("etat = 'visible'"),
    )
    op.create_table(
        "etapes",
        sa.Column("id", sa.BigInteger, sa.Identity(), primary_key=True),
        sa.Column("nuit", sa.Text, nullable=False, index=True),
        sa.Column("etape", sa.Text, nullable=False),
        sa.Column("objet", sa.Text, nullable=False),
        sa.Column("etat", sa.Text, nullable=False),
        sa.Column("debut", WHEN, nullable=False, server_default=sa.text("clock_timestamp()")),
        sa.Column("fin", WHEN),
        sa.Column("lignes", sa.BigInteger),
        sa.Column("message", sa.Text),
        sa.CheckConstraint("etat IN ('en_cours', 'reussie', 'sans_changement', 'echouee')", name="etapes_etat"),
        schema="pilotage",
        comment="Le journal des nuits : une ligne par étape commencée.",
    )
    op.create_table(
        "reglages",
        sa.Column("cle", sa.Text, primary_key=True),
        sa.Column("valeur", sa.Text, nullable=False),
        schema="pilotage",
        comment="Ce que l'entrepôt retient de lui-même, dont : simulé ou réel.",
    )


def downgrade() -> None:
    for table in ("reglages", "etapes", "generations", "controles", "livraisons"):
        op.drop_table(table, schema="pilotage")
