"""What tells a requeued run from its next one."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """Add the columns; of the runs on record nothing is known in them."""
    op.add_column("runs", sa.Column("restart_at_end", sa.Integer(), nullable=True))
    op.add_column("runs", sa.Column("on_node_at", sa.Double(), nullable=True))
