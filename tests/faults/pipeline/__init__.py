"""Faults, injected into the way from a job's hooks to the record of its run, in a lab with real Slurm."""
