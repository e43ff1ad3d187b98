"""The job archive: scripts, environments and output files of jobs, kept for those who may read them."""
