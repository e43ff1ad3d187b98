"""Slurm's commands and what they print: shared by all programs, free of any metric."""
