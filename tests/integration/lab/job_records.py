"""What sacct has of the runs that ended, what the job service has of them, and where the two differ."""

from __future__ import annotations

import time
from collections import Counter
from dataclasses import dataclass
from typing import Any, NamedTuple

from tests.integration.lab.support import JobService, Lab, wait_until


class Run(NamedTuple):
    """What the record and sacct have to agree on, by the names that the service has for it. Times since 1970."""

    job_id: int
    submitted_at: int | None
    state: str
    exit_code: int | None
    exit_signal: int | None
    nodes: str
    started_at: float | None
    ended_at: float | None
    user: str

    @property
    def key(self) -> tuple[int, int | None]:
        """What tells runs apart: a job that is requeued is submitted anew."""
        return self.job_id, self.submitted_at


@dataclass(frozen=True)
class Comparison:
    """The records of the service beside those of sacct, which has ``runs``; ``began`` of them had resources.

    ``missing`` are not on record; ``double`` are there and should not be, or not again; ``differing`` are there once,
    but not as sacct has them (both are given). ``untold`` are the ids of those that began and that no hook told of.
    """

    runs: int
    began: int
    missing: list[Run]
    double: list[Run]
    differing: list[tuple[Run, Run]]
    untold: list[str]

    @property
    def equal(self) -> bool:
        """Whether each run of sacct's is on record once, as sacct has it."""
        return not (self.missing or self.double or self.differing)


def compare(lab: Lab, job_service: JobService, since: int) -> Comparison:
    """Compare the runs that were submitted, and have ended, since a time in seconds since 1970."""
    truth = {run.key: run for run in _of_sacct(lab, since)}
    documents = _of_service(job_service, since)
    recorded = [Run(**{name: document.get(name) for name in Run._fields}) for document in documents]
    times = Counter(run.key for run in recorded)
    once = {run.key: run for run in recorded}
    return Comparison(
        runs=len(truth),
        began=sum(run.started_at is not None for run in truth.values()),
        missing=[run for key, run in truth.items() if key not in times],
        double=[run for run in recorded if times[run.key] > 1 or run.key not in truth],
        differing=[(truth[key], run) for key, run in once.items() if key in truth and truth[key] != run],
        untold=[document["id"] for document in documents if document.get("started_at") and not document["reported"]],
    )


def wait_until_equal(lab: Lab, job_service: JobService, since: int, seconds: float) -> Comparison:
    """Compare until nothing differs or so many seconds are over; return the last comparison. The queue is empty."""
    wait_until("slurmdbd has all that slurmctld has", lambda: "queue size: 0" in lab.run("head", _WAITING), seconds)
    deadline = time.monotonic() + seconds
    while not (comparison := compare(lab, job_service, since)).equal and time.monotonic() < deadline:
        time.sleep(3)
    return comparison


_WAITING = "sdiag | grep 'DBD Agent queue size'"


def _of_sacct(lab: Lab, since: int) -> list[Run]:
    columns = "JobIDRaw,Submit,State,ExitCode,NodeList,Start,End,User"
    # By the states that end a run: asked for none, sacct leaves out what was held until it was cancelled.
    ended = f"-S uts{since} -E now -s BF,CA,CD,DL,F,NF,OOM,PR,RQ,RS,RV,TO"
    lines = lab.run("head", f"SLURM_TIME_FORMAT=%s sacct -a -D -X -n -P {ended} -o {columns}").splitlines()
    return [_run(line) for line in lines]


def _run(line: str) -> Run:
    job_id, submit, state, exit_code, nodes, start, end, user = line.split("|")
    assert end.isdigit(), f"this one has not ended: {line}"
    code, signal = exit_code.split(":")
    nodes = "" if nodes == "None assigned" else nodes
    began = int(start) if start.isdigit() and int(start) and nodes else None
    return Run(int(job_id), int(submit), state.split()[0].lower(), int(code), int(signal), nodes, began, int(end), user)


def _of_service(job_service: JobService, since: int) -> list[dict[str, Any]]:
    """The runs since then as documents: also those of which nobody but the hooks has told, who know no submission."""
    filters = ("submitted_after", "started_after", "ended_after")
    runs = [run for name in filters for run in job_service.runs(limit="1000", **{name: str(since)})]
    return list({run["key"]: run for run in runs}.values())
