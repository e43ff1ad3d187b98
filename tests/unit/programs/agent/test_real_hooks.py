"""What the hooks write the agent reads: the two programs that share the spool, together."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest
from slurm_observability.agent.settings import MAX_SPOOL_EVENTS
from slurm_observability.jobs.event import EPILOG, FINISHED, PROLOG, PROLOG_SLURMCTLD, STARTED
from slurm_observability.jobs.hook_event import event_of

from tests.unit.programs.jobs.events import EPILOG_ENVIRONMENT, PROLOG_ENVIRONMENT

HOOK = Path(__file__).parents[4] / "roles" / "slurm_hooks" / "files" / "hook.bash"
HOSTILE = 'a|b\nEND=1\n"; rm -rf /\t\\é$(reboot)'


@pytest.fixture
def hook(tmp_path, spool, eventually):
    """Run a hook, and return the events of the spool."""
    writers = tmp_path / "writers"
    writers.mkdir()

    def run(name, **variables):
        number = len(spool.look(99).events)
        subprocess.run(
            ["/bin/bash", "-p", "-c", 'hook=$1; . "$2"', "hook", name, str(HOOK)],
            env={
                **variables,
                "OBSERVABILITY_SPOOL": str(spool.directory),
                "OBSERVABILITY_WRITERS": str(writers),
                "OBSERVABILITY_GPU_MAP": str(tmp_path),
                "OBSERVABILITY_GPU_NAMES": str(tmp_path / "names"),
            },
            check=True,
            timeout=30,
        )
        eventually(lambda: len(spool.look(99).events) > number)
        return [event_of(spool.read(each)) for each in spool.look(99).events]

    return run


def test_hooks_leave_as_much_in_the_spool_as_the_agent_lets_wait():
    assert f"\nmost_events={MAX_SPOOL_EVENTS}\n" in HOOK.with_name("event.bash").read_text()


def test_a_job_from_its_prolog_to_its_epilog(hook):
    hook("prolog", **PROLOG_ENVIRONMENT)
    begun, ended = hook("epilog", **EPILOG_ENVIRONMENT)
    assert (begun.kind, begun.origin, begun.node, begun.job_id) == (STARTED, PROLOG, "n2", 20205)
    assert (ended.kind, ended.origin, ended.exit_code, ended.exit_signal) == (FINISHED, EPILOG, 3, 0)
    assert begun.time < ended.time
    assert begun.event_id != ended.event_id


def test_what_users_choose_comes_as_it_was_chosen(hook):
    (found,) = hook("prolog_slurmctld", SLURM_JOB_ID="7", SLURM_JOB_NAME=HOSTILE, SLURM_JOB_WORK_DIR=f"/{HOSTILE}")
    assert (found.origin, found.node, found.name, found.work_dir) == (PROLOG_SLURMCTLD, "", HOSTILE, f"/{HOSTILE}")


def test_the_manual_test_of_the_guide(hook):
    """With the variables that an administrator sets by hand."""
    (found,) = hook(
        "prolog",
        SLURM_JOB_ID="99999",
        SLURM_JOB_USER="alice",
        SLURM_NODELIST=os.uname().nodename,
        SLURM_JOB_NUM_NODES="1",
        SLURM_NODEID="0",
    )
    assert (found.job_id, found.user, found.node_count) == (99999, "alice", 1)
    assert found.node == os.uname().nodename.partition(".")[0]
