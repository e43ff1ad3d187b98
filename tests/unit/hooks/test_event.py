"""What a hook writes about a job."""

from __future__ import annotations

import re
import stat

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.unit.hooks.conftest import FILES, NAMES, Hooks, parse_event

VARIABLES = re.findall(
    r"\b(?:SLURM|CUDA|ROCR)\w+", (FILES / "event.bash").read_text().partition("variables=(")[2].partition("\n)")[0]
)
# Everything that an environment can hold.
VALUES = st.binary(max_size=300).map(lambda value: value.replace(b"\0", b"")) | st.sampled_from(
    [b"a|b", b"x\nEND=1\n", b"\xff\xfe", b"$(touch /tmp/x)", b"`id`", b"*", b"-n", b"%s%n", b"\x01\x7f\x01", b"'\"\\"]
)


@pytest.mark.parametrize(
    ("name", "kind", "node"),
    [
        ("prolog", b"job-started", b"n1"),
        ("epilog", b"job-finished", b"n1"),
        ("prolog_slurmctld", b"job-started", b""),
        ("epilog_slurmctld", b"job-finished", b""),
    ],
)
def test_each_hook_writes_its_event(hooks: Hooks, name: str, kind: bytes, node: bytes):
    hooks.run(name, SLURM_JOB_USER="alice", HOSTNAME="head.example.org")
    [path] = hooks.events()
    time, job, of_name, pid, suffix = path.name.split(".")
    assert (len(time), job, of_name.encode(), suffix) == (16, "7", kind, "event")
    event = hooks.event()
    assert list(event) == [
        *(b"VERSION", b"HOOK", b"KIND", b"EVENT_ID", b"TIME", b"NODE"),
        *(b"SLURMD_NODENAME", b"SLURM_JOB_ID", b"SLURM_JOB_USER", b"END"),
    ]
    assert (event[b"VERSION"], event[b"HOOK"], event[b"KIND"], event[b"NODE"]) == (b"1", name.encode(), kind, node)
    assert event[b"EVENT_ID"] == b"-".join([node or b"head", b"7", kind, time.encode(), pid.encode()])
    assert event[b"TIME"] == time.encode()
    assert hooks.output == ""


def test_only_the_spools_directory_keeps_others_from_an_event(hooks: Hooks):
    """The agent is not root: it owns the directory, and reads what root wrote there."""
    hooks.run("prolog")
    [path] = hooks.events()
    assert stat.S_IMODE(path.stat().st_mode) == 0o644


def test_each_spool_gets_its_own_copy(hooks: Hooks):
    second = hooks.home / "second"
    second.mkdir()
    hooks.run("epilog_slurmctld", OBSERVABILITY_SPOOL=f"{hooks.spool}:{hooks.home}/missing:{second}")
    [copy] = [parse_event(path.read_bytes()) for path in second.iterdir()]
    # Each writer asks an old bash's clock for itself.
    differ = {key for key in copy if copy[key] != hooks.event()[key]}
    assert differ <= {b"TIME", b"EVENT_ID"}


def test_the_settings_file_names_the_spool(hooks: Hooks):
    hooks.settings.write_text(f': "${{OBSERVABILITY_SPOOL={hooks.spool}}}"\n')
    environment = hooks.environment()
    del environment["OBSERVABILITY_SPOOL"]
    hooks.run("prolog", environment)
    assert len(hooks.events()) == 1


def test_a_manual_test_without_slurm_names_the_host(hooks: Hooks):
    """The environment of the specification's own test of a prolog and an epilog."""
    given = {"SLURM_JOB_ID": "99999", "SLURM_JOB_USER": "root", "SLURM_NODELIST": "c1", "SLURM_JOB_NUM_NODES": "1"}
    environment = {**hooks.environment(), **given, "SLURM_NODEID": "0", "HOSTNAME": "c1.example.org"}
    del environment["SLURMD_NODENAME"]
    hooks.run("prolog", {**environment, "OBSERVABILITY_URL": "http://service:8080"})
    hooks.run("epilog", {**environment, "SLURM_JOB_EXIT_CODE": "0"})
    assert [path.name.split(".")[1:3] for path in hooks.events()] == [
        ["99999", "job-started"],
        ["99999", "job-finished"],
    ]
    assert b"\0NODE=c1\0" in hooks.events()[0].read_bytes()
    assert b"OBSERVABILITY" not in hooks.events()[0].read_bytes()


def test_every_variable_is_passed_on(hooks: Hooks):
    hooks.run("epilog", **{name: f"1{name}" for name in VARIABLES if name not in ("SLURM_JOB_ID", "SLURM_JOB_GPUS")})
    event = hooks.event()
    assert {name for name in VARIABLES if name.encode() not in event} == {"SLURM_JOB_GPUS"}


def test_an_empty_value_is_a_value(hooks: Hooks):
    hooks.run("epilog", SLURM_JOB_ACCOUNT="")
    assert hooks.event()[b"SLURM_JOB_ACCOUNT"] == b""


@given(st.dictionaries(st.sampled_from([*VARIABLES, "SLURM_JOB_COMMENT", "LC_ALL", "IFS", "TMPDIR"]), VALUES))
@settings(
    max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)
def test_whatever_the_environment_the_event_holds_the_same_bytes(hooks: Hooks, values: dict[str, bytes]):
    values.pop("SLURM_JOB_ID", None)
    for path in hooks.events():
        path.unlink()
    hooks.run("epilog_slurmctld", **values)
    event = hooks.event()
    assert {name: event.get(name.encode()) for name in VARIABLES if name in values} == {
        name: value for name, value in values.items() if name in VARIABLES
    }
    assert event[b"SLURM_JOB_ID"] == b"7"
    assert event[b"KIND"] == b"job-finished"


def test_a_function_in_the_environment_is_not_run(hooks: Hooks):
    trap = hooks.home / "trap"
    body = f"() {{ : >{trap}; }}"
    environment = {f"BASH_FUNC_{name}%%": body for name in ("read_settings", "put", "mv", "printf")}
    hooks.run("prolog", {**hooks.environment(), **environment, "BASH_ENV": f"{hooks.home}/prolog.sh"})
    assert len(hooks.events()) == 1
    assert not trap.exists()


@pytest.mark.parametrize("job", ["", "0", "x", "-1", "../../7", "1\n2", "12345678901", "7 "])
@pytest.mark.parametrize("name", NAMES)
def test_without_a_job_id_nothing_is_written(hooks: Hooks, name: str, job: str):
    hooks.run(name, SLURM_JOB_ID=job, SLURM_JOB_GPUS="0")
    assert hooks.events() == []
    assert hooks.gpu_map() == {}
