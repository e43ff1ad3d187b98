"""The database of runs: SQLite in a file, or PostgreSQL."""
