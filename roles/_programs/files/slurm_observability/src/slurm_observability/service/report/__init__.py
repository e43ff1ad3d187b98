"""job-observability report: who held GPUs and CPUs, and who left them idle."""
