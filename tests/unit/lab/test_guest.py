"""What is written into a machine."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from lab import guest, host, slurm, state, topology

Files = dict[str, dict[str, guest.File]]


@pytest.fixture
def files_of(monkeypatch: pytest.MonkeyPatch) -> Callable[[state.Lab], Files]:
    """What is written into the machines of a lab: machine -> path -> File, with keys as ssh-keygen would make them."""

    def made_up_key(path: Path, comment: str) -> None:
        path.write_text("private\n")
        path.with_suffix(".pub").write_text(f"ssh-ed25519 AAAA{path.name} {comment}\n")

    monkeypatch.setattr(guest, "_ssh_key", made_up_key)
    monkeypatch.setattr(host, "name_servers", lambda: ["192.0.2.53"])
    monkeypatch.setattr(host, "apt_proxy_lines", lambda: ['Acquire::http::Proxy "http://proxy.example:3128";'])

    def files(lab: state.Lab) -> Files:
        guest.create_secrets(lab)
        return {machine: guest.files(lab, machine) for machine in lab.machines}

    return files


@pytest.fixture
def files(paper_lab: state.Lab, files_of: Callable[[state.Lab], Files]) -> Files:
    return files_of(paper_lab)


@pytest.fixture
def vm_files(vm_lab: state.Lab, files_of: Callable[[state.Lab], Files]) -> Files:
    return files_of(vm_lab)


def test_secrets_are_readable_by_their_owner_alone(files: Files) -> None:
    for machine, written in files.items():
        for path, file in written.items():
            if path.endswith((".key", "_key", "slurmdbd.conf", "authorized_keys")):
                assert file.mode & 0o077 == 0, f"{path} of {machine}"


def test_machines_share_the_munge_key_and_nothing_that_identifies_them(
    files: Files,
) -> None:
    def contents(path: str) -> set[str | bytes]:
        return {written[path].content for written in files.values()}

    assert len(contents("/etc/munge/munge.key")) == 1
    assert len(contents("/etc/slurm/slurm.conf")) == 1
    for path in ("/etc/machine-id", "/etc/hostname", "/etc/systemd/network/10-lab.network"):
        assert len(contents(path)) == len(files), path
    assert len(contents("/etc/ssh/ssh_host_ed25519_key.pub")) == len(files)


def test_only_cloud_nodes_claim_a_fresh_boot(files: Files) -> None:
    claimants = {machine for machine, written in files.items() if "/etc/default/slurmd" in written}
    assert claimants == set(topology.BOOTABLE_CLOUD_NODES)


def test_a_machine_takes_over_the_proxy_of_its_host(files: Files) -> None:
    assert "proxy.example" in str(files["node1"]["/etc/apt/apt.conf.d/90lab"].content)


def test_known_hosts_names_every_machine_by_name_and_address(files: Files, paper_lab: state.Lab) -> None:
    known = paper_lab.known_hosts.read_text()
    for machine in topology.MACHINES:
        assert f"{machine},{paper_lab.address(machine)} ssh-ed25519 " in known


def test_every_name_of_slurm_conf_has_an_address(paper_lab: state.Lab) -> None:
    named = {line.split()[1] for line in guest.hosts_file(paper_lab).splitlines()}
    assert named == {"localhost", *topology.ALWAYS_ON, *topology.CLOUD_NODES}


def test_a_virtual_machine_is_one_of_the_cluster(vm_files: Files, vm_lab: state.Lab) -> None:
    assert len({written["/etc/munge/munge.key"].content for written in vm_files.values()}) == 1
    assert {written["/etc/hosts"].content for written in vm_files.values()} == {guest.hosts_file(vm_lab)}
    assert "10.213.7.13 vm1\n" in guest.hosts_file(vm_lab)
    assert "vm1,10.213.7.13 ssh-ed25519 " in vm_lab.known_hosts.read_text()
    assert "Address=10.213.7.13/24\n" in str(vm_files["vm1"]["/etc/systemd/network/10-lab.network"].content)


def test_a_virtual_machine_differs_in_what_takes_control_groups(vm_files: Files) -> None:
    ours, theirs = (
        set(str(vm_files[machine]["/etc/slurm/slurm.conf"].content).splitlines()) for machine in ("vm1", "head")
    )
    assert {line.split("=")[0] for line in ours ^ theirs} == {"ProctrackType", "TaskPlugin", "JobAcctGatherType"}
    assert "ProctrackType=proctrack/cgroup" in ours
    assert "ConstrainRAMSpace=yes" in str(vm_files["vm1"]["/etc/slurm/cgroup.conf"].content)
    assert "nvidia" not in str(vm_files["vm1"])


def test_writing_sets_mode_and_owner_and_replaces_a_link(tmp_path: Path) -> None:
    (tmp_path / "etc").mkdir()
    (tmp_path / "etc/passwd").write_text(f"root:x:{os.getuid()}:{os.getgid()}::/root:/bin/sh\n")
    outside = tmp_path / "outside"
    outside.write_text("untouched")
    (tmp_path / "etc/key").symlink_to(outside)
    guest.write(tmp_path, {"/etc/key": guest.File("secret", 0o600), "/new/folder/file": guest.File(b"\0")})
    assert outside.read_text() == "untouched"
    assert (tmp_path / "etc/key").stat().st_mode & 0o777 == 0o600
    assert (tmp_path / "new/folder/file").read_bytes() == b"\0"


@pytest.mark.parametrize("program", [slurm.RESUME_PROGRAM, slurm.SUSPEND_PROGRAM])
def test_power_programs_leave_one_request_per_node(files: Files, program: str, tmp_path: Path) -> None:
    """The real program, with a stand-in for scontrol and a request folder of the test's own."""
    requests, tools = tmp_path / "requests", tmp_path / "tools"
    requests.mkdir()
    tools.mkdir()
    (tools / "scontrol").write_text("#!/bin/sh\nprintf 'cloud1\\ncloud2\\n'\n")
    (tools / "scontrol").chmod(0o755)
    script = str(files["head"][program].content).replace(slurm.POWER_FOLDER, str(requests))
    environment = {**os.environ, "PATH": f"{tools}:{os.environ['PATH']}"}
    subprocess.run(["sh", "-s", "cloud[1-2]"], input=script, text=True, check=True, env=environment)
    from lab.power import parse_request

    direction = "up" if program == slurm.RESUME_PROGRAM else "down"
    parsed = [parse_request(entry.name) for entry in sorted(requests.iterdir())]
    assert parsed == [(direction, "cloud1"), (direction, "cloud2")]
