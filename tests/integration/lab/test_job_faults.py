"""Service and agents fail while jobs run: afterwards each run is on record once, and no node has suffered."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager

from tests.faults.pipeline.faults import Fault
from tests.faults.pipeline.outcome import inject
from tests.faults.pipeline.programs import SERVICE, killed, stopped
from tests.integration.lab.support import Jobs, Lab


@contextmanager
def _service_and_agents_fail(lab: Lab) -> Iterator[None]:
    with killed(lab, agents=True), stopped(lab, SERVICE):
        time.sleep(30)
    with killed(lab, service=True, agents=True):
        yield


# bin/bench job-faults injects a dozen, for longer.
FAULT = Fault(
    "service and agents fail",
    "the service is stopped for 30 s, then killed again and again; the agents are killed all the time",
    _service_and_agents_fail,
)


def test_no_run_is_missing_or_double(lab: Lab, jobs: Jobs) -> None:
    outcome = inject(FAULT, lab, seconds=15)
    assert outcome.records.equal, outcome.records
    assert outcome.records.runs > 50
    # All events arrived: Slurm need not have been asked for any run.
    assert outcome.records.untold == []
    assert outcome.drained == []
