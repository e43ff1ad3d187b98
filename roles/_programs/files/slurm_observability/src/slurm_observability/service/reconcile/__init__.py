"""Reconciliation: what Slurm says of runs is asked for in the background, and goes into the database."""
