"""What Alembic runs: the revisions, on the connection and within the transaction that migrate.py has opened."""

from __future__ import annotations

from alembic import context

from slurm_observability.service.store.tables import metadata

context.configure(connection=context.config.attributes["connection"], target_metadata=metadata)
context.run_migrations()
