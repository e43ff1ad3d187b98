"""A program that counts runs as fast as it can, until somebody kills it. test_run_store.py starts it."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

from slurm_observability.exporter.history.origin import Origin
from slurm_observability.exporter.history.reader import HistoryReader
from slurm_observability.exporter.history.store import RunStore
from slurm_observability.slurm.accounting import Run, RunKind
from slurm_observability.slurm.tres import Tres

RESET = 1_795_000_000
ORIGIN = Origin("lab", "some day", RESET)
CYCLE = 60
KIND = RunKind("COMPLETED", "hpc", Tres(cpus=2, nodes=1))


class EndlessAccounting:
    """Ten runs end in each second, and always have."""

    rejected_lines = 0
    now = RESET

    def clock(self) -> float:
        return float(self.now)

    def ended(self, start: int, end: int) -> Iterator[Run]:
        for moment in range(max(start, RESET), min(end, self.now) + 1):
            for number in range(10):
                job_id = (moment - RESET) * 10 + number
                yield Run(job_id, moment - 9, moment - 9, moment - 5, moment, 5, KIND)

    def active(self, start: int, end: int) -> Iterator[Run]:
        return iter(())


def main(directory: Path) -> None:
    """Count on from where the one before was killed."""
    store = RunStore(directory)
    _origin, position = store.open(ORIGIN)
    store.close()
    accounting = EndlessAccounting()
    accounting.now = position.cursor + CYCLE
    reader = HistoryReader(accounting, store, lambda: ORIGIN, accounting.clock)
    print("counting", flush=True)
    while True:
        reader.read()
        accounting.now += CYCLE


if __name__ == "__main__":
    main(Path(sys.argv[1]))
