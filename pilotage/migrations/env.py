"""Alembic's environment: the connection comes from pilotage.database.migrate()."""

from alembic import context

connection = context.config.attributes["connection"]
context.configure(connection=connection, version_table="version_alembic", version_table_schema="pilotage")
with context.begin_transaction():
    context.run_migrations()
