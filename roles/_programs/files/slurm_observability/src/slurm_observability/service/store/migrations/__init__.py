"""What Alembic runs; migrate.py calls it."""
