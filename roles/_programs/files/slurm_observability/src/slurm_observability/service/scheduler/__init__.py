"""What Slurm says of runs: asked over its commands or over slurmrestd."""
