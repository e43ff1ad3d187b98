"""azslurm-exporter and the commands of its specification, measured on the same cluster. Runs inside the sandbox."""
