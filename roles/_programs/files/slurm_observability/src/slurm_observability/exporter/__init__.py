"""azslurm-exporter: Slurm's queue, nodes and job history as Prometheus metrics, and its nodes as scrape targets."""
