"""Slurm that gives no answer, half an answer, or one that nobody can read."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

import pytest
from slurm_observability.service.scheduler.command_line import CommandLine
from slurm_observability.service.scheduler.offered import OfferedFields
from slurm_observability.service.scheduler.rest import Slurmrestd
from slurm_observability.service.scheduler.rest_records import parse_accounted, parse_queued
from slurm_observability.slurm.command import SlurmError, Stopping

SACCT = "7|7|lab|STATE|0:0|0:0|1|2|3|4|5|n1|1|cpu=1|cpu=1||p|normal|1000|alice|None|research|name"
SQUEUE = "7|7|N/A|N/A|N/A|STATE|0|0:0|0:0|1|2|3|4|1:00|n1|1|cpu=1|p|1000|alice|None|normal|research|name"


class Runner:
    """Prints rows, in each the marks of the call in place of the bars; then fails where it is told to."""

    def __init__(self, *rows: str, error: SlurmError | None = None) -> None:
        self._rows = rows
        self._error = error
        self.calls: list[Sequence[str]] = []

    def lines(self, argv: Sequence[str]) -> Iterator[list[bytes]]:
        self.calls.append(argv)
        if argv[0] == "scontrol":
            yield [b"ClusterName = lab"]
        elif "--help" not in argv[1]:
            given = re.search(r"--delimiter=(\S+)|--Format=\w+:(\|[\w-]{8}\|)", " ".join(argv))
            mark = given[1] or given[2]
            yield [row.replace("|", mark).encode() for row in self._rows]
            if self._error:
                raise self._error


def sacct(*states: str) -> list[str]:
    return [SACCT.replace("STATE", state) for state in states]


def squeue(*states: str) -> list[str]:
    return [SQUEUE.replace("STATE", state) for state in states]


def test_a_piece_of_a_job_that_shrank_is_no_run():
    runs = list(CommandLine(Runner(*sacct("RESIZING", "COMPLETED"))).ended(0, 9))
    assert [run.state for run in runs] == ["completed"]


def test_a_final_state_without_an_end_is_not_final():
    runner = Runner(*(row.replace("|3|4|5|", "|3|Unknown|5|") for row in sacct("FAILED")))
    (run,) = CommandLine(runner).known([7])
    assert (run.state, run.end_time, run.start_time) == ("completing", None, 3)


def test_rows_that_cannot_be_read_are_counted():
    scheduler = CommandLine(Runner(*sacct("?", "COMPLETED")))
    assert len(list(scheduler.ended(0, 9))) == 1
    assert scheduler.rejected == 1
    scheduler = CommandLine(Runner(*squeue("?", "RUNNING")))
    assert len(scheduler.active()) == 1
    assert scheduler.rejected == 1


def test_an_answer_that_nobody_can_read_is_none():
    scheduler = CommandLine(Runner(*sacct("?", "X Y")))
    with pytest.raises(SlurmError, match="2 rows, and none of them is a job"):
        list(scheduler.ended(0, 9))
    assert scheduler.rejected == 2
    with pytest.raises(SlurmError, match="1 rows, and none of them is a job"):
        CommandLine(Runner(*squeue("?"))).active()


@pytest.mark.parametrize("rows", [sacct("COMPLETED"), []])
def test_a_command_that_fails_at_its_end_has_no_answer(rows):
    scheduler = CommandLine(Runner(*rows, error=SlurmError("slurmdbd is away")))
    with pytest.raises(SlurmError, match="slurmdbd is away"):
        list(scheduler.ended(0, 9))
    with pytest.raises(SlurmError):
        scheduler.active()


def test_fields_are_asked_for_anew_after_a_failure():
    """Slurm may have been upgraded."""
    runner = Runner(*sacct("COMPLETED"))
    scheduler = CommandLine(runner)
    list(scheduler.ended(0, 9))
    list(scheduler.ended(0, 9))
    assert sum("--helpformat" in call for call in runner.calls) == 1
    runner._error = SlurmError("Invalid field requested")
    with pytest.raises(SlurmError):
        list(scheduler.ended(0, 9))
    runner._error = None
    list(scheduler.ended(0, 9))
    assert sum("--helpformat" in call for call in runner.calls) == 2


def test_a_program_that_stops_asks_for_no_fields():
    class Stopped:
        def lines(self, argv):
            raise Stopping("stopping")
            yield

    with pytest.raises(Stopping):
        OfferedFields(Stopped(), "sacct", "--helpformat").of(("SLUID",))


class Client:
    """A slurmrestd with these records, that then fails where it is told to."""

    def __init__(self, *records: object, error: SlurmError | None = None) -> None:
        self._records = records
        self._error = error
        self.pages: list[str] = []

    def version(self) -> str:
        return "v0.0.42"

    def records(self, page: str, key: str, plugin: str = "slurm") -> Iterator[object]:
        self.pages.append(page)
        yield from self._records
        if self._error:
            raise self._error


def accounted(state: str = "COMPLETED", job_id: object = 7) -> dict:
    times = {"start": 3, "end": 4}
    tres = {
        "allocated": [
            *({"type": "cpu", "name": "", "count": 2}, {"type": "gres", "name": "gpu:a100", "count": 1}),
            *({"type": "gres", "name": "gpu:h100", "count": 2}, {"type": "gres", "name": "nic", "count": 9}, "x"),
        ]
    }
    return {"job_id": job_id, "state": {"current": [state]}, "time": times, "tres": tres, "cluster": "lab"}


def test_records_that_cannot_be_read_are_counted():
    scheduler = Slurmrestd(Client(accounted(), None, accounted("?"), accounted(job_id="7"), accounted("RESIZING")))
    runs = scheduler.known([7])
    assert [(run.state, run.cpus, run.gpus) for run in runs] == [("completed", 2, 3)]
    assert scheduler.rejected == 3
    assert parse_queued("lab", None) is parse_queued("lab", {"job_id": 7}) is parse_accounted([]) is None


def test_nothing_found_is_an_answer():
    nothing = SlurmError("slurmrestd says: Nothing found; Nothing found with query")
    assert Slurmrestd(Client(error=nothing)).known([7]) == []
    with pytest.raises(SlurmError, match="away"):
        Slurmrestd(Client(accounted(), error=SlurmError("slurmdbd is away"))).known([7])


def test_runs_that_were_killed_name_the_killer():
    (run,) = Slurmrestd(Client({**accounted("CANCELLED"), "kill_request_user": "root"})).known([7])
    assert run.reason == "cancelled by root"
    (run,) = Slurmrestd(Client({**accounted("NODE_FAIL"), "failed_node": "n1"})).known([7])
    assert run.reason == "n1 failed"


def test_versions_that_tell_no_cluster_need_its_name():
    class Old(Client):
        def document(self, page: str) -> dict:
            return {}

    with pytest.raises(SlurmError, match="give it with --cluster"):
        Slurmrestd(Old()).active()
    assert Slurmrestd(Old(), cluster="lab").active() == []
