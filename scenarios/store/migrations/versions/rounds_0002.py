"""Runs of rounds beside runs of plans."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Every run that is there planned sites."""
    with op.batch_alter_table("runs") as table:
        table.add_column(
            sa.Column("kind", sa.String(length=12), nullable=False, server_default="plan")
        )
        table.add_column(sa.Column("options", sa.JSON(), nullable=False, server_default="{}"))
