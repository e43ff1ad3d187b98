"""The job archive, of jobs that real daemons ran: which files there are, what is in them, who may read them."""

from __future__ import annotations

import shlex
from collections.abc import Iterator
from itertools import pairwise

import pytest

from tests.integration.lab.support import Jobs, Lab, wait_until

ARCHIVE = "/shared/slurm-logs"
SPOOL = "/run/slurm-observability/archive-spool"
WORK = "/home/alice/archived"

# Output and errors apart, and the environment as the job itself sees it.
SCRIPT = """#!/bin/bash
#SBATCH --output=out-%j --error=err-%j
echo "out of $SLURM_JOB_ID"; echo "err of $SLURM_JOB_ID" >&2; env -0 > env-$SLURM_JOB_ID
"""
# What sbatch's environment has and the job's has not, what differs by nature, and what the users' shells set.
NOT_THE_JOBS = ("SLURM_RLIMIT_", "SLURM_UMASK", "SHLVL", "_=", "SLURM_NODELIST")


class Archived:
    """Jobs that ran while the archive was stopped, and were archived when it was started again."""

    def __init__(self, lab: Lab) -> None:
        self.lab = lab

    def as_user(self, user: str, line: str) -> str:
        """Run a line of shell in the jobs' directory as a user."""
        return self.lab.run("head", f"cd {WORK}; runuser -u {user} -- bash -c {shlex.quote(line)} </dev/null").strip()

    def submit(self, options: str, environment: str = "") -> str:
        return self.as_user("alice", f"{environment} sbatch --parsable {options}")

    def read(self, name: str) -> str:
        return self.lab.run("head", f"cat {ARCHIVE}/{name}")

    def names(self, job: str) -> set[str]:
        """Return the suffixes of the files of a job's runs, such as ``-r1.out``."""
        found = self.lab.run("head", f"cd {ARCHIVE}; ls -d job_{job}[.-]* 2>/dev/null || true").split()
        return {name.removeprefix(f"job_{job}") for name in found}

    def may_read(self, user: str, name: str) -> bool:
        line = f"runuser -u {user} -- cat {ARCHIVE}/{name} >/dev/null 2>&1 && echo yes || echo no"
        return self.lab.run("head", line).strip() == "yes"

    def ended(self, job: str) -> None:
        wait_until(
            f"job {job} has ended",
            lambda: not self.lab.run("head", f"squeue -h -j {job} 2>/dev/null || true").strip(),
            90,
        )


@pytest.fixture(scope="module")
def archived(lab: Lab, jobs: Jobs) -> Iterator[dict[str, str]]:
    """The ids of jobs by what they are; the machines' homes are not shared, so their output is carried to head."""
    here = Archived(lab)
    for machine in ("head", "node1", "node2"):
        lab.run(machine, f"rm -rf {WORK}; install -d -o alice -g alice {WORK}")
    lab.run(
        "head", f"printf %s {shlex.quote(SCRIPT)} > {WORK}/script; chmod 644 {WORK}/script; systemctl stop job-archive"
    )
    # Only node1 runs what writes, for there is one directory to carry.
    ids = {
        "batch": here.submit(
            "-w node1 script", r"MY_TOKEN=abc DATABASE_URL=postgres://u:pw@h/d MULTI=$'a\nSLURM_JOB_ID=1'"
        ),
        "array": here.submit("-w node1 --array=0-1 script"),
        "het": here.submit("-w node1 : -w node2 script"),
        "long": here.submit("-w node1 --wrap 'echo first; yes | head -c 3000000; echo last'"),
        "shadow": here.submit("-w node1 -o none -e /etc/shadow --wrap true"),
        "requeued": here.submit("-w node1 --requeue -o rq --wrap 'echo run $SLURM_RESTART_COUNT; sleep 5'"),
    }
    ids["srun"] = here.as_user("alice", "srun -w node1 printenv SLURM_JOB_ID")
    wait_until("a job runs", lambda: "R" in lab.run("head", f"squeue -h -o %t -j {ids['requeued']}"), 90)
    lab.run(
        "head", f"scontrol requeue {ids['requeued']}; sleep 4; scontrol update jobid={ids['requeued']} starttime=now"
    )
    for job in ids.values():
        here.ended(job)
    ids["task"] = lab.run("head", f"sacct -n -X -P -o JobIDRaw -j {ids['array']}_0").strip()
    ids["component"] = str(int(ids["het"]) + 1)
    files = lab.run("node1", f"tar -C {WORK} -czf - . | base64 -w 0")
    lab.run(
        "head",
        f"echo {files.strip()} | base64 -d | tar -C {WORK} -xzpf - --skip-old-files; systemctl start job-archive",
    )
    wait_until("all is archived", lambda: not lab.run("head", f"ls {SPOOL}/*.event 2>/dev/null || true").strip(), 120)
    yield ids
    lab.run("head", "systemctl start job-archive")


@pytest.fixture
def here(lab: Lab, archived: dict[str, str]) -> Archived:
    return Archived(lab)


def test_which_files_there_are(here: Archived, archived: dict[str, str]) -> None:
    four = {".sh", ".env", ".out", ".err"}
    assert {name: here.names(archived[name]) for name in archived} == {
        "batch": four,
        "array": four,
        "task": four,
        "het": four,
        "component": {".sh", ".env"},
        "long": four - {".err"},
        "shadow": {".sh", ".env"},
        "requeued": {".sh", ".env", ".out", "-r1.sh", "-r1.env", "-r1.out"},
        "srun": set(),
    }


@pytest.mark.parametrize("which", ["batch", "array", "task", "het"])
def test_what_is_in_them(here: Archived, archived: dict[str, str], which: str) -> None:
    job = archived[which]

    assert here.read(f"job_{job}.sh").strip() == SCRIPT.strip()
    assert here.read(f"job_{job}.out").strip() == f"out of {job}"
    assert here.read(f"job_{job}.err").strip() == f"err of {job}"


def test_the_environment_is_the_job_s_own(here: Archived, archived: dict[str, str]) -> None:
    """Each line against what the job itself saw; secrets are masked, and a value forges no line."""
    job = archived["array"]
    real = set(here.lab.run("head", f"tr '\\0' '\\n' < {WORK}/env-{job}").splitlines())
    lines = here.read(f"job_{job}.env").splitlines()

    assert [line for line in lines if line not in real and not line.startswith(NOT_THE_JOBS)] == []
    assert f"SLURM_JOB_ID={job}" in lines

    lines = here.read(f"job_{archived['batch']}.env").splitlines()
    assert "MY_TOKEN=***masked***" in lines
    assert "DATABASE_URL=postgres://u:***masked***@h/d" in lines
    assert r"MULTI=a\nSLURM_JOB_ID=1" in lines
    assert "SLURM_JOB_ID=1" not in lines


def test_of_much_output_the_ends(here: Archived, archived: dict[str, str]) -> None:
    output = here.read(f"job_{archived['long']}.out")

    assert output.startswith("first\ny\n")
    assert output.endswith("\ny\nlast\n")
    assert f"\n[job-archive: {len('first_') + 3_000_000 + len('last_') - (2 << 20)} bytes left out]\n" in output


def test_owner_and_admins_read_and_others_do_not(here: Archived, archived: dict[str, str]) -> None:
    name = f"job_{archived['batch']}.out"

    assert {user: here.may_read(user, name) for user in ("alice", "root", "bob")} == {
        "alice": True,
        "root": True,
        "bob": False,
    }
    assert here.lab.run("head", f"runuser -u bob -- ls {ARCHIVE} 2>/dev/null || echo no").strip() == "no"


def test_nothing_of_root_s_was_read(here: Archived) -> None:
    assert here.lab.run("head", f"grep -l '^root:' {ARCHIVE}/job_* || true").strip() == ""


def test_no_reader_has_a_right_of_the_archive(here: Archived) -> None:
    """The archive may become other users; what it starts may not."""
    pid = here.lab.run("head", "systemctl show -P MainPID job-archive").strip()
    status = here.lab.run("head", f"grep -E '^Cap(Eff|Amb)|^Uid' /proc/{pid}/status").split()
    capabilities = {name: int(value, 16) for name, value in pairwise(status) if name[:3] == "Cap"}

    assert capabilities == {"CapEff:": 0b11 << 6, "CapAmb:": 0}  # CAP_SETGID, CAP_SETUID
