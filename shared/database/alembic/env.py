"""Alembic's environment for every service; `shared.database.montee` gives the connection and the schema."""

from alembic import context

config = context.config

context.configure(
    connection=config.attributes["connection"],
    version_table="version_du_schema",
    version_table_schema=config.attributes["schema"],
    transaction_per_migration=True,
)
with context.begin_transaction():
    context.run_migrations()
