"""The HealthCheckProgram: when it drains, when it resumes, and when it leaves Slurm alone."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from slurm_observability.health import verdict
from slurm_observability.health.check import Check, Report, Status
from slurm_observability.health.hook.hook import ASK_AGAIN_SECONDS, Hook, Policy
from slurm_observability.health.hook.limit import is_surplus, leaves_room
from slurm_observability.health.hook.memory import Memory, recall
from slurm_observability.health.hook.slurm_node import REASON_PREFIX, out_of_service
from slurm_observability.slurm.command import SlurmError
from slurm_observability.slurm.nodes import Node

NOW = 1_795_000_000.0
OURS = f"{REASON_PREFIX}gpu/x"


def node(name: str, *flags: str, base: str = "IDLE", **more: Any) -> Node:
    fields = {"partitions": ("hpc",), **more}
    return Node(name, name, base, frozenset(flags), features=(), gres="", arch="", instance_type="", **fields)


class Cluster:
    """Stands in for SlurmNode: nodes n0 to n19, of which n0 is this one."""

    name = "n0"

    def __init__(self, *drained: str, reason: str = "", fails: str = "") -> None:
        self.nodes = {f"n{number}": node(f"n{number}") for number in range(20)}
        self.fails = fails
        self.calls: list[str] = []
        for name in drained:
            self.nodes[name] = node(name, "DRAIN", reason=reason, reason_set=1)
        self.meanwhile: dict[str, Node] = {}

    def _called(self, call: str) -> None:
        self.calls.append(call)
        if call == self.fails:
            raise SlurmError(f"{call} failed")

    def read(self) -> Node:
        self._called("read")
        return self.nodes[self.name]

    def all(self) -> list[Node]:
        self._called("all")
        return list(self.nodes.values())

    def drain(self, why: Iterable[str]) -> None:
        self._called("drain")
        self.nodes[self.name] = node(self.name, "DRAIN", reason=REASON_PREFIX + ", ".join(why), reason_set=100)
        self.nodes.update(self.meanwhile)

    def resume(self) -> None:
        self._called("resume")
        self.nodes[self.name] = node(self.name)


class Calls:
    """Calls of the program, one after another, on one memory."""

    def __init__(self, tmp_path: Path, cluster: Cluster, **policy: Any) -> None:
        self.cluster = cluster
        self.policy = Policy(**{"dry_run": False, **policy})
        self.state = tmp_path / "hook.json"
        self.verdict = tmp_path / "verdict.json"
        self.now = NOW

    def after(self, seconds: float, *statuses: int, of: str = "healthagent") -> list[str]:
        """Call it so many seconds later, with these verdicts; return what Slurm was asked."""
        self.now += seconds
        if statuses:
            checks = tuple(Check("gpu", f"c{number}", Status(status)) for number, status in enumerate(statuses))
            verdict.write(self.verdict, self.now, [Report(of, self.now, 0.1, checks)])
        self.cluster.calls = []
        memory = recall(self.state)
        Hook(self.policy, self.cluster, memory, self.now).run(self.verdict)  # type: ignore[arg-type]
        memory.keep()
        return self.cluster.calls

    @property
    def actions(self) -> dict[str, int]:
        return dict(recall(self.state).actions)


def test_a_node_that_is_ill_is_drained_once(tmp_path: Path):
    calls = Calls(tmp_path, Cluster())
    assert calls.after(0, 2) == ["read", "all", "drain", "all"]
    assert calls.after(60, 2) == []
    assert calls.after(ASK_AGAIN_SECONDS, 2) == ["read"]
    assert calls.actions == {"drain": 1}
    assert calls.cluster.nodes["n0"].reason == f"{REASON_PREFIX}healthagent/gpu/c0"


def test_a_node_that_is_well_asks_slurm_nothing(tmp_path: Path):
    calls = Calls(tmp_path, Cluster())
    assert calls.after(0, 0, 1) == []
    assert calls.after(600, 0) == ["read"]  # once: nobody knows what was before this memory
    assert [calls.after(600, 0) for _ in range(3)] == [[], [], []]
    assert calls.actions == {}


def test_it_is_resumed_when_it_has_been_well_for_a_while(tmp_path: Path):
    calls = Calls(tmp_path, Cluster())
    calls.after(0, 2)
    assert calls.after(60, 0) == []
    assert calls.after(599, 0) == []
    assert calls.after(1, 0) == ["read", "resume"]
    assert calls.after(600, 0) == []
    assert calls.actions == {"drain": 1, "resume": 1}


@pytest.mark.parametrize("interrupted", [2, 3])
def test_a_while_begins_anew_when_it_is_ill_or_nobody_knows(tmp_path: Path, interrupted: int):
    calls = Calls(tmp_path, Cluster())
    calls.after(0, 2)
    calls.after(60, 0)
    calls.after(300, interrupted)
    assert calls.after(301, 0) == []
    assert calls.after(600, 0) == ["read", "resume"]


def test_a_checker_that_is_gone_does_not_say_that_the_node_is_well(tmp_path: Path):
    """As DCGM, whose watches end when its host engine is started anew."""
    calls = Calls(tmp_path, Cluster())
    calls.after(0, 2, of="dcgm")
    assert [calls.after(600, 0, of="nhc") for _ in range(3)] == [[], [], []]
    calls.after(60, 0, of="dcgm")
    assert calls.after(600, 0, of="dcgm") == ["read", "resume"]


def test_a_check_that_no_longer_counts_keeps_no_node_drained(tmp_path: Path):
    calls = Calls(tmp_path, Cluster())
    calls.after(0, 2, of="dcgm")
    calls.policy = Policy(dry_run=False, drains=("nhc/*",))
    calls.after(60, 2, of="dcgm")
    assert calls.after(600, 2, of="dcgm") == ["read", "resume"]


def test_what_nobody_knows_neither_drains_nor_resumes(tmp_path: Path):
    calls = Calls(tmp_path, Cluster("n0", reason=OURS))
    assert [calls.after(700, 3, 0) for _ in range(3)] == [[], [], []]


def test_a_memory_that_was_lost_does_not_leave_a_node_drained(tmp_path: Path):
    calls = Calls(tmp_path, Cluster("n0", reason=OURS))
    assert calls.after(0, 0) == []
    assert calls.after(600, 0) == ["read", "resume"]


@pytest.mark.parametrize("reason", ["disk", "gpu [observability] x", "Healthcheck failures. Run 'health -s'", ""])
def test_what_another_drained_is_left_alone(tmp_path: Path, reason: str):
    calls = Calls(tmp_path, Cluster("n0", reason=reason))
    assert calls.after(0, 2) == ["read"]
    assert calls.after(60, 0) == []
    assert [calls.after(600, 0) for _ in range(3)] == [[], [], []]
    assert calls.actions == {}


def test_a_node_that_somebody_called_down_keeps_its_reason(tmp_path: Path):
    calls = Calls(tmp_path, Cluster())
    calls.cluster.nodes["n0"] = node("n0", base="DOWN", reason="disk")
    calls.cluster.meanwhile = {"n9": node("n9", "DRAIN", reason=OURS, reason_set=99)}
    assert calls.after(0, 2) == ["read"]
    assert calls.actions == {}


def test_a_node_whose_reason_somebody_changed_is_theirs(tmp_path: Path):
    calls = Calls(tmp_path, Cluster())
    calls.after(0, 2)
    calls.cluster.nodes["n0"] = node("n0", "DRAIN", reason="mine now")
    calls.after(60, 0)
    assert calls.after(600, 0) == ["read"]
    assert calls.after(600, 0) == []


def test_a_node_that_is_down_is_not_resumed(tmp_path: Path):
    calls = Calls(tmp_path, Cluster())
    calls.cluster.nodes["n0"] = node("n0", "DRAIN", base="DOWN", reason=OURS)
    calls.after(0, 0)
    assert calls.after(600, 0) == ["read"]


def test_a_dry_run_says_what_it_would_do(tmp_path: Path):
    calls = Calls(tmp_path, Cluster(), dry_run=True)
    assert calls.after(0, 2) == ["read", "all"]
    calls.cluster = Cluster("n0", reason=OURS)
    calls.after(60, 0)
    assert calls.after(600, 0) == ["read"]
    assert calls.after(60, 0) == []
    assert calls.actions == {"would_drain": 1, "would_resume": 1}


def test_a_policy_that_is_not_told_otherwise_is_a_dry_run():
    assert Policy().dry_run


def test_only_the_checks_that_may_drain_do(tmp_path: Path):
    calls = Calls(tmp_path, Cluster(), drains=("dcgm/*", "healthagent/gpu/c1"))
    assert calls.after(0, 2, 0) == []
    assert calls.after(60, 0, 2) == ["read", "all", "drain", "all"]
    assert calls.after(60, 3, 0) == []
    assert calls.after(600, 3, 0) == ["read", "resume"]


def test_beyond_the_limit_no_node_is_drained(tmp_path: Path):
    calls = Calls(tmp_path, Cluster("n3"))
    assert calls.after(0, 2) == ["read", "all"]
    assert calls.after(60, 2) == []
    assert calls.actions == {"refused": 2}


def test_all_nodes_of_a_large_cluster_together_ask_once_a_second(tmp_path: Path):
    cluster = Cluster("n3")
    cluster.nodes |= {f"m{number}": node(f"m{number}", partitions=("other",)) for number in range(4980)}
    calls = Calls(tmp_path, cluster)
    assert calls.after(0, 2) == ["read", "all"]
    assert calls.after(4999, 2) == []
    assert calls.after(1, 2) == ["read", "all"]
    assert calls.actions == {"refused": 3}


def test_others_that_were_drained_at_the_same_moment_count(tmp_path: Path):
    cluster = Cluster()
    cluster.meanwhile = {"n9": node("n9", "DRAIN", reason=OURS, reason_set=99)}
    calls = Calls(tmp_path, cluster)
    assert calls.after(0, 2) == ["read", "all", "drain", "all", "resume"]
    assert calls.actions == {"drain": 1, "undone": 1}


@pytest.mark.parametrize(
    ("fails", "asked"),
    [("read", ["read"]), ("all", ["read", "all"]), ("drain", ["read", "all", "drain"])],
)
def test_what_cannot_be_counted_is_not_drained(tmp_path: Path, fails: str, asked: list[str]):
    calls = Calls(tmp_path, Cluster(fails=fails))
    assert calls.after(0, 2) == asked
    assert calls.actions == {"failed": 1}


def test_a_drained_node_that_cannot_be_counted_goes_back(tmp_path: Path):
    class FailsLater(Cluster):
        def all(self) -> list[Node]:
            if self.calls.count("all"):
                self.fails = "all"
            return super().all()

    calls = Calls(tmp_path, FailsLater())
    assert calls.after(0, 2) == ["read", "all", "drain", "all", "resume"]
    assert calls.actions == {"drain": 1, "undone": 1}


def test_a_program_that_was_ended_while_it_drained_resumes_later(tmp_path: Path):
    class Ended(Exception):
        pass

    class EndedCluster(Cluster):
        def drain(self, why: Iterable[str]) -> None:
            super().drain(why)
            raise Ended

    calls = Calls(tmp_path, EndedCluster())
    calls.after(0, 0)
    calls.after(600, 0)  # it knows by now that it has drained nothing
    with pytest.raises(Ended):
        calls.after(60, 2)
    calls.after(60, 0)
    assert calls.after(600, 0) == ["read", "resume"]


@pytest.mark.parametrize("written", ["", "{}", '{"time": "x", "checks": []}', '{"time": 1, "checks": 3}'])
def test_without_a_verdict_nothing_is_done(tmp_path: Path, written: str):
    calls = Calls(tmp_path, Cluster())
    calls.verdict.write_text(written)
    assert calls.after(0) == []
    assert calls.actions == {"blind": 1}


@pytest.mark.parametrize("seconds", [1801, -61])
def test_a_verdict_of_another_time_does_not_count(tmp_path: Path, seconds: float):
    calls = Calls(tmp_path, Cluster())
    calls.now -= seconds
    calls.after(0, 0)
    calls.verdict.write_text(calls.verdict.read_text().replace("0]", "2]"))
    assert calls.after(seconds) == []
    assert calls.actions == {"blind": 1}


@pytest.mark.parametrize("entry", ["1", "[]", '["a"]', '["a", "2"]', '["a", 7]', '["a", true]', '["a", 0.5]'])
def test_a_verdict_that_cannot_be_read_is_unknown(tmp_path: Path, entry: str):
    path = tmp_path / "verdict.json"
    path.write_text(f'{{"time": {NOW}, "checks": [{entry}]}}')
    if entry == "1":
        with pytest.raises(verdict.Unreadable):
            verdict.read(path)
    else:
        assert [status for _name, status in verdict.read(path).checks] == [Status.UNKNOWN]


@pytest.mark.parametrize("written", ["", "[]", '{"actions": {"drain": 1e999}}', '{"actions": {}, "asked_about": 1}'])
def test_a_memory_that_cannot_be_read_is_none(tmp_path: Path, written: str):
    path = tmp_path / "hook.json"
    path.write_text(written)
    assert recall(path) == Memory(path)


def test_a_memory_comes_back_as_it_was(tmp_path: Path):
    memory = Memory(tmp_path / "m", drained=True, asked_about=("a", "b"), ask_again=1.5, refused=True, well_since=2.5)
    memory.actions["drain"] += 3
    memory.keep()
    assert recall(tmp_path / "m") == memory


def test_a_node_without_power_is_not_out_of_service():
    assert not out_of_service(node("n", "CLOUD", "POWERED_DOWN"))
    assert not out_of_service(node("n", "POWERING_UP", base="DOWN"))
    assert out_of_service(node("n", base="DOWN"))
    assert out_of_service(node("n", "DRAIN"))


@pytest.mark.parametrize(
    ("size", "drained", "percentage", "room"),
    [(1, 0, 5, True), (20, 0, 5, True), (20, 1, 5, False), (40, 1, 5, True), (40, 2, 5, False), (10, 0, 0, False)],
)
def test_the_share_of_a_partition(size: int, drained: int, percentage: float, room: bool):
    nodes = [node(f"n{number}", *(["DRAIN"] if 0 < number <= drained else [])) for number in range(size)]
    assert leaves_room("n0", nodes, percentage) is room


def test_each_partition_of_the_node_counts_and_no_other():
    both, full = node("n0", partitions=("a", "b")), node("n1", "DRAIN", partitions=("b",))
    elsewhere = node("n2", "DRAIN", partitions=("c",))
    assert not leaves_room("n0", [both, full, elsewhere], 5)
    assert leaves_room("n0", [both, elsewhere], 5)
    assert not leaves_room("n0", [node("n0", partitions=()), elsewhere], 5)
    assert not leaves_room("missing", [both], 5)


@given(
    size=st.integers(1, 60),
    percentage=st.integers(1, 99),
    others=st.integers(0, 60),
    ours=st.lists(st.integers(0, 3), max_size=60),
)
def test_however_many_drain_at_once_the_limit_holds(size: int, percentage: int, others: int, ours: list[int]):
    nodes = [node(f"o{number}", "DRAIN", reason="x") for number in range(others)]
    nodes += [node(f"u{number}", "DRAIN", reason=OURS, reason_set=moment) for number, moment in enumerate(ours)]
    nodes += [node(f"n{number}") for number in range(size)]
    stay = [f"u{number}" for number in range(len(ours)) if not is_surplus(f"u{number}", nodes, percentage)]
    most = max(1, int(len(nodes) * percentage / 100))
    assert len(stay) == min(len(ours), max(0, most - others))
