"""The virtual machine, as far as it can be seen without one."""

from __future__ import annotations

from pathlib import Path

import pytest

from lab import host, kernel, state, topology
from lab.vm import VirtualMachine


@pytest.fixture(autouse=True)
def no_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    """The names of images do not depend on this host."""
    monkeypatch.setattr(host, "apt_proxy_lines", list)
    monkeypatch.setattr(host, "local_ca_certificates", list)


def test_only_a_lab_that_asked_for_one_has_one(paper_lab: state.Lab, vm_lab: state.Lab) -> None:
    assert topology.VM not in paper_lab.machines
    assert topology.VM in vm_lab.always_on
    assert "vm" not in (paper_lab.folder / "lab.json").read_text(), "an older checkout would not know what it is"


def test_it_boots_the_kernel_of_its_suite_on_a_disk_of_its_own(vm_lab: state.Lab) -> None:
    words = VirtualMachine(vm_lab, "vm1")._command()
    assert words[words.index("-kernel") + 1] == str(kernel.folder("trixie") / "vmlinuz")
    assert f"file={vm_lab.machine_folder('vm1')}/disk.ext4," in words[words.index("-drive") + 1]


def test_two_labs_share_no_port_and_no_hardware_address(vm_lab: state.Lab) -> None:
    other = state.Lab("other")
    other.remember(state.Remembered("trixie", "image", "10.213.8.0/24", vm=True))
    network = {word for word in VirtualMachine(vm_lab, "vm1")._command() if "netdev=" in word or "ifname=" in word}
    assert network.isdisjoint(VirtualMachine(other, "vm1")._command())
    assert any("ifname=sv-paper-vm," in word for word in network)


def test_a_kernel_is_built_anew_when_what_it_is_made_of_changes(
    lab_home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = kernel.folder("trixie")
    assert before.parent == lab_home / "kernels"
    monkeypatch.setattr(kernel, "_HOOK", "something else")
    assert kernel.folder("trixie") != before
