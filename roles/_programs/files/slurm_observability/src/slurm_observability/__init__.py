"""Programs that watch a Slurm cluster."""

__version__ = "0.1.0"
