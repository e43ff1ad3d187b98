"""Faults, injected into a running exporter over real Slurm. Runs inside the sandbox of tests/simulated_cluster."""
