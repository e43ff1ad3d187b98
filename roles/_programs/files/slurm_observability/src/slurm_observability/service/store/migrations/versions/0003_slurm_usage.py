"""What Slurm itself measured of a run."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    """Add the column; of the runs on record nothing is known in it."""
    op.add_column("runs", sa.Column("slurm_usage", sa.Text(), nullable=True))
