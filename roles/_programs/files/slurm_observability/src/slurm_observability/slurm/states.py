"""Slurm's words for the states of jobs and nodes."""

from __future__ import annotations

FINISHED_JOB_STATES = frozenset(
    {
        "BOOT_FAIL",
        "CANCELLED",
        "COMPLETED",
        "DEADLINE",
        "FAILED",
        "NODE_FAIL",
        "OUT_OF_MEMORY",
        "PREEMPTED",
        "REVOKED",
        "TIMEOUT",
    }
)

# Jobs that hold what they were given: in Slurm their base state is RUNNING or SUSPENDED.
ALLOCATED_JOB_STATES = frozenset({"CONFIGURING", "RESIZING", "RUNNING", "SIGNALING", "STOPPED", "SUSPENDED"})

# Jobs that have ended, and of which something is still to be cleaned up. squeue does not say how they ended.
ENDING_JOB_STATES = frozenset({"COMPLETING", "STAGE_OUT"})

# Flags of nodes without power, or on the way there and back. Such a node is neither idle nor a target.
POWER_FLAGS = frozenset({"POWERED_DOWN", "POWERING_DOWN", "POWERING_UP"})

# Flags of nodes that were taken out of service by a person, a program or a reservation; jobs that run may go on.
DRAIN_FLAGS = frozenset({"DRAIN", "FAIL", "INVALID_REG", "MAINTENANCE", "REBOOT_ISSUED"})

# Flags that keep Slurm from giving a job to a node whose base state is IDLE.
UNAVAILABLE_FLAGS = POWER_FLAGS | DRAIN_FLAGS | {"BLOCKED", "NOT_RESPONDING", "POWER_DOWN"}
