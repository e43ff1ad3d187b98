"""slurmrestd and Slurm's commands say the same: recorded from three versions of Slurm, in every version of the API.

How it was recorded, and how to record it again: record.py.
"""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from slurm_observability.slurm import jobs, licenses, nodes, reservations, scheduler
from slurm_observability.slurm.marks import Mark
from slurm_observability.slurm.rest import jobs as rest_jobs
from slurm_observability.slurm.rest import licenses as rest_licenses
from slurm_observability.slurm.rest import nodes as rest_nodes
from slurm_observability.slurm.rest import reservations as rest_reservations
from slurm_observability.slurm.rest import scheduler as rest_scheduler

from tests.unit.programs.squeue import marked

RECORDED = [
    (json.loads(path.read_text()), path.stem) for path in sorted(Path(__file__).with_name("recorded").glob("*.json"))
]
# One request after the other: what the requests themselves change, and the time.
OF_THE_MOMENT = {"sched_stats_timestamp", "server_thread_cnt", "agent_cnt", "agent_thread_cnt", "agent_queue_size"}


class Recorded:
    """Answers for a client of slurmrestd as they were recorded, and the commands' lines beside them."""

    def __init__(self, recorded, version):
        self._answers = recorded["answers"][version]
        self._commands = recorded["commands"]
        self._version = version

    def version(self):
        return self._version

    def records(self, page, key):
        return iter(self._answers[page.removeprefix("/")][key])

    def document(self, page):
        return self._answers[page.removeprefix("/")]

    def lines(self, name):
        return self._commands[name].encode().splitlines()


def versions(page, since="v0.0.36"):
    """Every recorded version of the API that has the page."""
    return pytest.mark.parametrize(
        "both",
        [
            pytest.param(Recorded(recorded, version), id=f"{slurm}-{version}")
            for recorded, slurm in RECORDED
            for version, pages in recorded["answers"].items()
            if page in pages and version >= since
        ],
    )


def lasting(answer):
    """The nodes without how much memory is free at the moment, but with whether that is known."""
    return [node._replace(memory_free_bytes=bool(node.memory_free_bytes)) for node in answer.nodes]


def test_three_versions_of_slurm_are_recorded():
    assert [slurm for _recorded, slurm in RECORDED] == ["22.05.8", "24.11.5", "26.05.5"]
    assert {version for recorded, _slurm in RECORDED for version in recorded["answers"]} == {
        f"v0.0.{number}" for number in (36, 37, 38, 40, 41, 42, 43, 44, 45)
    }


@versions("jobs", since="v0.0.37")
def test_jobs(both):
    mark = Mark()
    by_command, _known = jobs.count_jobs([marked(mark, b"\n".join(both.lines("jobs")))], mark, {})
    by_rest = rest_jobs.read_queue(both)
    assert by_rest.jobs == by_command.jobs
    assert by_rest.rejected_lines == by_command.rejected_lines == 0
    assert len(by_rest.jobs) > 6


@versions("nodes", since="v0.0.37")
def test_nodes(both):
    by_command, _known = nodes.parse_nodes(both.lines("nodes"), {})
    by_rest = rest_nodes.read_nodes(both)
    assert lasting(by_rest) == lasting(by_command)
    assert by_rest.rejected_lines == by_command.rejected_lines == 0
    assert len(by_rest.nodes) == 12


@versions("reservations")
def test_reservations(both):
    by_command = reservations.parse_reservations(both.lines("reservations"))
    assert rest_reservations.read_reservations(both) == by_command
    assert [each.name for each in by_command.reservations] == ["weekly"]


@versions("licenses")
def test_licenses(both):
    by_command = licenses.parse_licenses(both.lines("licenses"))
    assert set(rest_licenses.read_licenses(both).licenses) == set(by_command.licenses)
    assert {each.name for each in by_command.licenses} == {"matlab", "fluent"}


@versions("diag")
def test_statistics(both):
    by_command = scheduler.parse_statistics(both.lines("diag"))
    by_rest = rest_scheduler.read_statistics(both)
    # The sums come from the same JSON when sdiag is asked.
    told = by_rest.values.keys() - OF_THE_MOMENT - set(scheduler.SUMS.values())
    assert {name: by_rest.values[name] for name in told} == {name: by_command.values[name] for name in told}
    assert by_rest.rejected_lines == 0


@versions("diag", since="v0.0.41")
def test_what_of_the_statistics_is_not_told(both):
    by_command = scheduler.parse_statistics(both.lines("diag"))
    assert by_command.values.keys() - rest_scheduler.read_statistics(both).values.keys() <= {"rpc_queue_enabled"}


@versions("diag", since="v0.0.38")
def test_calls_that_asking_does_not_add_to(both):
    by_command = scheduler.parse_statistics(both.lines("diag"))
    by_rest = rest_scheduler.read_statistics(both)
    for call in ("REQUEST_SUBMIT_BATCH_JOB", "REQUEST_KILL_JOB", "REQUEST_UPDATE_NODE", "REQUEST_CREATE_RESERVATION"):
        assert by_rest.calls[call].count == by_command.calls[call].count
        assert by_rest.calls[call].microseconds == by_command.calls[call].microseconds
    assert by_rest.user_calls["alice"].count == by_command.user_calls["alice"].count
