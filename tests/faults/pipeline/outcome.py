"""Let a fault happen while jobs run, and see what is on record afterwards."""

from __future__ import annotations

import time
from dataclasses import dataclass

from tests.integration.lab.job_records import Comparison, wait_until_equal
from tests.integration.lab.support import JobService, Lab, wait_until

from .faults import Fault
from .load import load, starts

# Jobs run for so long before the fault, and after it.
_AROUND = 5.0
# Equality is waited for so long; more is a failure. Agents and the questions to Slurm pause after failures.
_PATIENCE = 400.0


@dataclass(frozen=True)
class Outcome:
    """What came of a fault. Times in seconds: how long it lasted, and how long after it all records were right.

    ``drained`` is what became of nodes, as Slurm recorded it. ``starts`` is how long jobs took to start (load.starts).
    """

    fault: Fault
    seconds: float
    records: Comparison
    drained: list[str]
    starts: tuple[float, float] | None
    recovery: float

    @property
    def good(self) -> bool:
        """Whether each run is on record once, and no node suffered."""
        return self.records.equal and not self.drained


def inject(fault: Fault, lab: Lab, seconds: float) -> Outcome:
    """Let a fault last for so many seconds while jobs run."""
    job_service = JobService(lab)
    with fault.setting(lab):
        wait_until("the service works", lambda: _works(lab), 120)
        with load(lab) as since:
            time.sleep(_AROUND)
            with fault.inject(lab):
                time.sleep(seconds)
            over = time.monotonic()
            time.sleep(_AROUND)
        wait_until("the service works", lambda: _works(lab), 120)
        records = wait_until_equal(lab, job_service, since, _PATIENCE)
        recovery = time.monotonic() - over
        return Outcome(fault, seconds, records, _drained(lab, since), starts(lab), recovery)


def _works(lab: Lab) -> bool:
    """Whether the service can store what it is sent."""
    health = "curl --silent --output /dev/null --write-out '%{http_code}' http://localhost:8080/v1/health || true"
    return lab.run("head", health).strip() == "200"


def _drained(lab: Lab, since: int) -> list[str]:
    """What Slurm noted of nodes that went down, were drained or did not answer."""
    columns = "format=NodeName,State,Reason"
    lines = lab.run("head", f"sacctmgr -n -P show event nodes=node1,node2 start=uts{since} {columns}")
    return lines.splitlines()
