"""The job hooks under real Slurm: each run is told by its hooks, and what the site has goes on."""

from __future__ import annotations

import json
import shlex
import subprocess
import tempfile
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.integration.lab.support import ROOT, Lab, wait_until

Play = Callable[..., subprocess.CompletedProcess[str]]
MACHINES, NODES = ("head", "node1", "node2"), ("node1", "node2")
# A copy for the test: the agent empties the first spool.
SPOOL = "/run/slurm-observability/test-spool"
SITE = "/opt/site"
PARAMETERS = "grep -E '^(Prolog|Epilog)(Slurmctld)?[ []'"

PLAYBOOK = """
- name: Run the role on the nodes
  hosts: slurm_compute
  gather_facts: false
  become: true
  pre_tasks: &user
    - name: Make the user that the role job_agent makes
      ansible.builtin.user: {name: job_agent, system: true, create_home: false, shell: /usr/sbin/nologin}
  roles: [slurm.observability.slurm_hooks]

- name: Run the role on the controller
  hosts: slurm_controller
  gather_facts: false
  become: true
  pre_tasks: *user
  roles: [slurm.observability.slurm_hooks]
"""


@pytest.fixture
def play(lab: Lab) -> Iterator[Play]:
    """Runs the role with the given variables; afterwards Slurm's files are those of before."""
    kept = "cp --preserve /etc/slurm/slurm.conf /root/slurm.conf.kept"
    for machine in MACHINES:
        lab.run(machine, f"{kept}; install -d -m 1777 {SPOOL} {SITE}; rm -f {SPOOL}/*")
    with tempfile.TemporaryDirectory() as folder:
        inventory, playbook = Path(folder, "inventory.yml"), Path(folder, "playbook.yml")
        inventory.write_text(lab.lab("inventory"))
        playbook.write_text(PLAYBOOK)

        def run(**variables: object) -> subprocess.CompletedProcess[str]:
            extra = json.dumps({"slurm_hooks_more_spools": [SPOOL], **variables})
            return subprocess.run(
                ["ansible-playbook", "--inventory", str(inventory), str(playbook), "--extra-vars", extra],
                cwd=ROOT,
                capture_output=True,
                text=True,
                timeout=300,
            )

        yield run
    for machine in MACHINES:
        lab.run(machine, "mv /root/slurm.conf.kept /etc/slurm/slurm.conf")
        lab.run(machine, f"sed -i 's@:{SPOOL}@@' /etc/slurm-observability/hooks.conf; rm -rf {SPOOL} {SITE}")
    reread(lab)


def reread(lab: Lab) -> None:
    """Let Slurm read its files, also the parts that an old slurmctld reads only when it starts."""
    lab.run("head", "systemctl restart slurmctld; until scontrol reconfigure; do sleep 1; done")
    wait_until("the nodes are back", lambda: all("IDLE" in lab.node_states(node) for node in NODES), 60)


def add_to_slurm_conf(lab: Lab, *lines: str) -> None:
    for machine in MACHINES:
        lab.run(machine, f"printf '%s\\n' {' '.join(map(repr, lines))} >>/etc/slurm/slurm.conf")
    reread(lab)


def events(lab: Lab, machine: str) -> list[dict[str, str]]:
    """The events that the hooks of a machine have written since the test began."""
    text = lab.run(machine, f"cat {SPOOL}/*.event 2>/dev/null | tr '\\n\\0' '?\\n' || true")
    whole = text.split("END=1\n")[:-1]
    return [dict(line.split("=", 1) for line in event.splitlines()) for event in whole]


def told(lab: Lab) -> Counter[tuple[str, str, str]]:
    """How often each hook told of each job, on each machine."""
    return Counter(
        (event["SLURM_JOB_ID"], event["HOOK"], event["NODE"]) for machine in MACHINES for event in events(lab, machine)
    )


def test_each_run_is_told_once_by_each_of_its_hooks(lab: Lab, play: Play) -> None:
    done = play(slurm_hooks_slurm_conf="include")
    assert done.returncode == 0, done.stdout
    again = play(slurm_hooks_slurm_conf="include")
    assert "changed=0" in again.stdout
    assert not any(f"changed={number}" in again.stdout for number in range(1, 9)), again.stdout
    hostile = "a|b'\"$(id)"
    job = f"sbatch --parsable --wait -N2 --gres=gpu:2 --output=/dev/null --job-name={shlex.quote(hostile)}"
    number = lab.run("head", f"cd /; {job} --wrap 'srun true; exit 3' || true").strip()
    expected = Counter(
        [(number, f"{hook}_slurmctld", "") for hook in ("prolog", "epilog")]
        + [(number, hook, node) for hook in ("prolog", "epilog") for node in NODES]
    )
    wait_until("all hooks have told", lambda: told(lab) == expected, 30)
    ends = [event for machine in MACHINES for event in events(lab, machine) if event["KIND"] == "job-finished"]
    assert {event["SLURM_JOB_EXIT_CODE2"] for event in ends} == {"3:0"}
    assert {event["SLURM_JOB_NAME"] for event in events(lab, "head")} == {hostile}
    assert lab.run("node1", "ls /run/slurm-observability/gpu-jobs") == ""


def test_a_prolog_of_the_sites_goes_on(lab: Lab, play: Play) -> None:
    for machine in MACHINES:
        lab.run(
            machine,
            f"printf '#!/bin/sh\\necho $SLURM_JOB_ID >>{SITE}/ran\\n' >{SITE}/prolog && chmod 755 {SITE}/prolog",
        )
    for machine in MACHINES:
        lab.run(machine, "sed -i '/observability.conf/d' /etc/slurm/slurm.conf")
    add_to_slurm_conf(lab, f"Prolog={SITE}/prolog")
    done = play(slurm_hooks_slurm_conf="include")
    if "SLURM_VERSION           = 22" in lab.run("head", "scontrol show config"):
        assert done.returncode != 0
        assert f"runs one script or one pattern, and that is {SITE}/prolog" in " ".join(done.stdout.split())
        return
    assert done.returncode == 0, done.stdout
    lab.run("head", "cd /; srun -w node1 true")
    [number] = lab.run("node1", f"cat {SITE}/ran").split()
    wait_until("ours has told, too", lambda: told(lab)[number, "prolog", "node1"] == 1, 10)


def test_a_hook_of_slurmctld_s_stays_alone(lab: Lab, play: Play) -> None:
    for machine in MACHINES:
        lab.run(machine, "sed -i '/observability.conf/d' /etc/slurm/slurm.conf")
    lab.run("head", f"printf '#!/bin/sh\\nexit 0\\n' >{SITE}/prolog && chmod 755 {SITE}/prolog")
    add_to_slurm_conf(lab, f"PrologSlurmctld={SITE}/prolog")
    done = play(slurm_hooks_slurm_conf="include")
    assert done.returncode == 0, done.stdout
    assert "PrologSlurmctld of this site stays alone" in " ".join(done.stdout.split())
    found = lab.run("head", f"scontrol show config | {PARAMETERS}")
    assert [line.split(" = ")[1] for line in found.splitlines() if line.startswith("PrologSlurmctld")] == [
        f"{SITE}/prolog"
    ]
    assert "/etc/slurm/epilog.slurmctld.d/50-observability.sh" in found


def test_a_setting_that_would_stop_slurm_is_refused(lab: Lab, play: Play) -> None:
    before = lab.run("head", "cat /etc/slurm/*.conf")
    done = play(slurm_hooks_cgroup_conf={"NoSuchKey": "yes"})
    assert done.returncode != 0
    assert "NoSuchKey is no key of cgroup.conf" in " ".join(done.stdout.split())
    assert lab.run("head", "cat /etc/slurm/*.conf") == before


def test_the_specifications_own_test_by_hand(lab: Lab, play: Play) -> None:
    assert play().returncode == 0
    export = (
        "export SLURM_JOB_ID=99999 SLURM_JOB_USER=$USER SLURM_NODELIST=$(hostname) SLURM_JOB_NUM_NODES=1 SLURM_NODEID=0"
    )
    lab.run("node1", f"{export}; /etc/slurm/prolog.d/50-observability.sh")
    lab.run("node1", f"{export} SLURM_JOB_EXIT_CODE=0; /etc/slurm/epilog.d/50-observability.sh")
    expected = {("99999", "prolog", "node1"): 1, ("99999", "epilog", "node1"): 1}
    wait_until("both have told", lambda: told(lab) == expected, 10)
