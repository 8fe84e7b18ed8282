"""Alembic's entry: runs the steps on the connection that ``Database.migrate`` gives it."""

from __future__ import annotations

from alembic import context

from scenarios.store.models import Base

connection = context.config.attributes["connection"]
context.configure(connection=connection, target_metadata=Base.metadata, render_as_batch=True)
with context.begin_transaction():
    context.run_migrations()
