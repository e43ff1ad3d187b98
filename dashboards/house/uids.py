"""The uid of each dashboard: fixed, because links, bookmarks and updates find a dashboard by it."""

OVERVIEW = "slurm-overview"
QUEUE = "slurm-queue"
SCHEDULER = "slurm-scheduler"
JOBS = "slurm-jobs"
JOB = "slurm-job"
GPUS = "gpu-monitoring"  # the uid of the installation specification
GPU_HEALTH = "gpu-health"
HEALTH_CHECKS = "health-checks"
NODE = "node-metrics"  # the uid of the installation specification
FABRIC = "slurm-fabric"
WASTE = "slurm-waste"
DSTACK = "dstack"
