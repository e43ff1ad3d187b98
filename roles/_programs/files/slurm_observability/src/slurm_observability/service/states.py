"""The states of a run, as the service names them, and where they come from."""

from __future__ import annotations

# Slurm's own words in lower case. A run that was requeued, or resized, has ended as such; the next one is another run.
PENDING, RUNNING, SUSPENDED, COMPLETING = "pending", "running", "suspended", "completing"
COMPLETED, FAILED, CANCELLED, TIMEOUT = "completed", "failed", "cancelled", "timeout"
NODE_FAIL, OUT_OF_MEMORY, PREEMPTED = "node_fail", "out_of_memory", "preempted"
DEADLINE, BOOT_FAIL, REVOKED, REQUEUED, RESIZING = "deadline", "boot_fail", "revoked", "requeued", "resizing"
# It is over with exit code 0, its hooks say. So is what was cancelled, preempted, or over its time limit: whether this
# is one of these or completed, Slurm has not said yet.
ENDED_SOMEHOW = "ended"
# It is over, and nobody can say how: its hooks wrote no end, and Slurm knows it no more.
UNKNOWN = "unknown"

ACTIVE = (PENDING, RUNNING, SUSPENDED, COMPLETING)
# Slurm's own last words.
FINAL = (
    *(COMPLETED, FAILED, CANCELLED, TIMEOUT, NODE_FAIL, OUT_OF_MEMORY, PREEMPTED),
    *(DEADLINE, BOOT_FAIL, REVOKED, REQUEUED, RESIZING),
)
ENDED = (*FINAL, ENDED_SOMEHOW, UNKNOWN)
STATES = (*ACTIVE, *ENDED)

# How sure a state is: what events alone say (exit code and signal), or Slurm's own word.
FROM_EVENTS, FROM_SLURM = "events", "slurm"
