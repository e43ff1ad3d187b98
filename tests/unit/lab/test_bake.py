"""Baking: what a copy of a machine's disk keeps and loses."""

from __future__ import annotations

from pathlib import Path

import pytest

from lab import bake, image, state
from lab.container import Container
from lab.vm import VirtualMachine


@pytest.fixture
def upper(tmp_path: Path) -> Path:
    """The writable layer of a machine with something installed."""
    tree = tmp_path / "upper"
    for path in (
        *("etc/machine-id", "etc/hostname", "etc/ssh/ssh_host_ed25519_key", "etc/systemd/network/10-lab.network"),
        *("var/log/prometheus/today.log", "var/lib/slurm/slurmd/cred_state", "opt/node_exporter/node_exporter"),
    ):
        (tree / path).parent.mkdir(parents=True, exist_ok=True)
        (tree / path).write_text("x")
    return tree


def test_identity_and_logs_go_the_rest_stays(paper_lab: state.Lab, upper: Path) -> None:
    baked = bake.capture(paper_lab, upper)
    kept = {str(path.relative_to(baked)) for path in baked.rglob("*") if path.is_file()}
    assert kept == {"opt/node_exporter/node_exporter"}
    assert (baked / "var/log/prometheus").is_dir(), "a service expects its log folder"
    assert (upper / "etc/hostname").exists(), "the machine itself keeps what it is"


def test_others_boot_from_the_newest_and_static_nodes_never(paper_lab: state.Lab, upper: Path) -> None:
    ground = image.folder("image")
    assert Container(paper_lab, "cloud1")._layers() == [ground]
    bake.capture(paper_lab, upper)
    newest = bake.capture(paper_lab, upper)
    (paper_lab.baked_images / "1.unfinished").mkdir()
    assert Container(paper_lab, "cloud1")._layers() == [newest, ground]
    assert VirtualMachine(paper_lab, "vm1")._layers() == [newest, ground]
    assert Container(paper_lab, "node1")._layers() == [ground]
