"""The life of a real lab of its own, from nothing to nothing. Needs root; takes about a minute with a cached image."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).resolve().parents[3]
NAME = "cycle"
HOME = Path(os.environ.get("LAB_HOME", "/var/lib/slurm-observability-lab"))

pytestmark = [
    pytest.mark.lab,
    pytest.mark.skipif(os.geteuid() != 0, reason="a lab takes root"),
]


def lab(*arguments: str) -> str:
    """What bin/lab prints; its progress goes to the test's own output."""
    command, *rest = arguments
    argv = [REPOSITORY / "bin/lab", command, "--name", NAME, *rest]
    return subprocess.run(argv, check=True, stdout=subprocess.PIPE, text=True, timeout=900).stdout


def head(line: str) -> str:
    return lab("exec", "head", line).strip()


def eventually(expected: str, line: str, timeout_s: float) -> None:
    """Poll a shell line on head until it prints what is expected."""
    deadline = time.monotonic() + timeout_s
    while (answer := head(line)) != expected:
        assert time.monotonic() < deadline, f"{line}: {answer!r} after {timeout_s} s, not {expected!r}"
        time.sleep(0.5)


def traces() -> set[str]:
    """Everything on this host that carries the lab's name: interfaces, rules, mounts, cgroups, processes, files."""

    def lines(*argv: str) -> list[str]:
        return subprocess.run(argv, capture_output=True, text=True, check=True).stdout.splitlines()

    found = [*lines("ip", "-o", "link"), *lines("ip", "-4", "route"), *lines("iptables-save"), *lines("mount")]
    found += lines("ps", "-eo", "args")
    for top in ("/sys/fs/cgroup", "/run/systemd", str(HOME / "labs")):
        found += [str(path) for path in Path(top).glob("**/*") if NAME in path.name]
    marks = (
        f"sl-{NAME}",
        f"b-{NAME}-",
        f"lab:{NAME}",
        f"/labs/{NAME}",
        f"/{NAME}-",
        f"--machine={NAME}-",
        f"lab.power {NAME}",
    )
    return {line for line in found if any(mark in line for mark in marks)}


@pytest.fixture(scope="module", autouse=True)
def cycle() -> Iterator[None]:
    """The lab, taken down at the end whatever happened, without a trace."""
    settings = [Path("/proc/sys/net/ipv4/ip_forward"), Path("/proc/sys/fs/inotify/max_user_instances")]
    others = any((HOME / "labs").glob("*/lab.json"))
    lab("down")
    assert traces() == set()
    before = [setting.read_text() for setting in settings]
    lab("up", "--suite", os.environ.get("LAB_SUITE") or "trixie")
    try:
        assert traces(), "a lab that is up must show, or the check at the end proves nothing"
        yield
    finally:
        lab("down")
    assert traces() == set()
    if not others and not any((HOME / "labs").glob("*/lab.json")):
        assert [setting.read_text() for setting in settings] == before


def test_nodes_are_idle_and_cloud_nodes_powered_down() -> None:
    assert head("sinfo -h -p hpc -o '%D %T'") == "2 idle"
    assert head("sinfo -h -p htc -n cloud[1-10] -o '%D %t'") == "10 idle~"


def test_a_job_gets_gpus_and_is_accounted_for() -> None:
    job = head(
        "cd /tmp; sbatch --parsable -p hpc --gres=gpu:2 -o /tmp/%j.out --wrap 'echo $SLURM_JOB_GPUS > /tmp/gpus'"
    )
    eventually("COMPLETED", f"sacct -n -X -P -j {job} -o State", 30)
    node = head(f"sacct -n -X -P -j {job} -o NodeList")
    assert lab("exec", node, "cat /tmp/gpus").strip() == "0,1"


def test_users_submit_under_their_account() -> None:
    assert head("runuser -u alice -- srun -D /tmp id -un") == "alice"
    eventually("research", "sacct -n -X -P -u alice -o Account", 20)


def test_what_is_baked_is_there_when_slurm_powers_a_node_up_and_gone_when_it_does_not() -> None:
    lab("exec", "node1", "echo installed > /opt/marker")
    lab("bake", "node1")
    assert head("srun -p htc -C cloud -D / cat /opt/marker") == "installed"
    lab("exec", "cloud1", "echo own > /opt/own")
    head("scontrol update nodename=cloud1 state=power_down")
    eventually("cloud1 idle~", "sinfo -h -n cloud1 -o '%N %t'", 60)
    assert "cloud1   10." in (status := lab("status")) and "off" in status.split("cloud1")[1].splitlines()[0]
    head("scontrol update nodename=cloud1 state=power_up")
    eventually("cloud1 idle", "sinfo -h -n cloud1 -o '%N %t'", 60)
    assert lab("exec", "cloud1", "ls /opt").split() == ["marker"], "a powered-up node is a new machine"


def test_up_puts_right_what_was_killed_and_leaves_the_rest_alone() -> None:
    boot_id = lab("exec", "node1", "systemctl show -P UserspaceTimestampMonotonic")
    pid = int((HOME / "labs" / NAME / "machines/node2/pid").read_text().split()[0])
    os.kill(pid, signal.SIGKILL)
    lab("exec", "head", "systemctl stop slurmdbd")
    lab("up")
    assert head("sinfo -h -p hpc -o '%D %T'") == "2 idle"
    assert head("systemctl is-active slurmdbd") == "active"
    assert lab("exec", "node1", "systemctl show -P UserspaceTimestampMonotonic") == boot_id


def test_a_home_that_cannot_carry_disks_is_refused_before_an_image_is_built(tmp_path: Path) -> None:
    """As in a container: LAB_HOME is itself on an overlay."""
    folders = [tmp_path / name for name in ("lower", "upper", "work", "home")]
    for folder in folders:
        folder.mkdir()
    lower, upper, work, home = folders
    overlay = f"lowerdir={lower},upperdir={upper},workdir={work}"
    subprocess.run(["mount", "-t", "overlay", "overlay", "-o", overlay, home], check=True)
    try:
        answer = subprocess.run(
            [REPOSITORY / "bin/lab", "up", "--name", "overlay"],
            env={**os.environ, "LAB_HOME": str(home)},
            capture_output=True,
            text=True,
        )
    finally:
        subprocess.run(["umount", home], check=True)
    assert answer.returncode == 1
    assert "set LAB_HOME to a folder on ext4 or xfs" in answer.stderr
    assert not (upper / "images").exists()
