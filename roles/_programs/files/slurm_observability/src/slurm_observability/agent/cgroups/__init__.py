"""Which jobs run on a node and what they use, out of the kernel's control groups, whatever Slurm calls them there."""
