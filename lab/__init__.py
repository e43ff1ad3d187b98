"""The lab: a real Slurm cluster of systemd machines on one Linux host, behind bin/lab."""
