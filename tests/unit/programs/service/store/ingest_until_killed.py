"""A program that stores batches of ten events until it is killed, and notes the number of each after it was stored."""

from __future__ import annotations

import itertools
import sys
from pathlib import Path

from slurm_observability.service.store.store import Store

from tests.unit.programs.service.store.told import prolog

store = Store(sys.argv[1], cluster="lab")
with Path(sys.argv[2]).open("w") as notes:
    for number in itertools.count():
        batch = [prolog(job_id, "n1", 100 + job_id) for job_id in range(1 + number * 10, 11 + number * 10)]
        store.add_events(batch, "agent", 1.0)
        notes.write(f"{number}\n")
        notes.flush()
