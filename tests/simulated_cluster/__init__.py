"""A cluster of 5,000 nodes on one machine: real Slurm daemons, a long queue, a long past, no compute."""
