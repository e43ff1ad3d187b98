"""The repositories with stand-ins in them."""

from __future__ import annotations

import hashlib
import subprocess
import sys
from pathlib import Path

import pytest

from lab import grafana, inventory, mirror, nvidia, packages, state


@pytest.fixture
def built(lab_home: Path) -> Path:
    mirror.folder().mkdir()
    repository = nvidia.repository()
    repository.ensure()
    return repository.folder


def paragraphs(repository: Path) -> dict[str, dict[str, str]]:
    """Return the index: package -> field -> value."""
    found = {}
    for paragraph in (repository / "Packages").read_text().split("\n\n"):
        fields = dict(line.split(": ", 1) for line in paragraph.splitlines() if not line.startswith(" "))
        found[fields["Package"]] = fields
    return found


def test_the_index_tells_of_each_package(built: Path) -> None:
    index = paragraphs(built)
    assert set(index) == {
        "datacenter-gpu-manager-4-core",
        "datacenter-gpu-manager-4-proprietary",
        "datacenter-gpu-manager-exporter",
    }
    for fields in index.values():
        content = (built / fields["Filename"]).read_bytes()
        assert fields["SHA256"] == hashlib.sha256(content).hexdigest()
        assert fields["Size"] == str(len(content))
        assert "not NVIDIA's" in fields["Description"]


def test_the_release_file_tells_of_the_index(built: Path) -> None:
    index = (built / "Packages").read_bytes()
    assert f" {hashlib.sha256(index).hexdigest()} {len(index)} Packages\n" in (built / "Release").read_text()


def test_what_is_in_the_packages_runs(built: Path, tmp_path: Path) -> None:
    """Unpacked below another root, so the library is named on the way; the rest is as on a node."""
    root = tmp_path / "root"
    for deb in sorted(built.glob("*.deb")):
        subprocess.run(["dpkg-deb", "--extract", deb, root], check=True)
    assert (root / "usr/lib/systemd/system/nvidia-dcgm.service").exists()
    assert (root / "usr/lib/systemd/system/nvidia-dcgm-exporter.service").exists()
    assert (root / "usr/bin/dcgmi").stat().st_mode & 0o777 == 0o755
    program = (root / "usr/bin/dcgm-exporter").read_text().replace('"/usr/lib', f'"{root}/usr/lib')
    done = subprocess.run([sys.executable, "-c", program, "--version"], capture_output=True, text=True, check=True)
    assert "stand-in" in done.stdout


def test_the_stand_in_of_grafana_runs_without_the_tests(lab_home: Path, tmp_path: Path) -> None:
    mirror.folder().mkdir()
    repository = grafana.repository()
    repository.ensure()
    root = tmp_path / "root"
    subprocess.run(["dpkg-deb", "--extract", repository.folder / "grafana.deb", root], check=True)
    assert (root / "usr/lib/systemd/system/grafana-server.service").exists()
    program = (root / "usr/share/grafana/bin/grafana").read_text().replace('"/usr/lib', f'"{root}/usr/lib')
    done = subprocess.run(
        [sys.executable, "-c", program, "--help"], capture_output=True, text=True, check=True, cwd=tmp_path
    )
    assert "It is not Grafana" in done.stdout


def test_it_is_built_again_only_when_it_changed(built: Path) -> None:
    before = (built / "Packages").stat().st_mtime_ns
    same = nvidia.repository()
    same.ensure()
    assert (built / "Packages").stat().st_mtime_ns == before
    core, *others = same.packages
    newer = packages.Package(core.name, "1:9-1", core.depends, core.files)
    packages.Repository(same.name, same.maker, (newer, *others)).ensure()
    assert paragraphs(built)[core.name]["Version"] == "1:9-1"


def test_the_machines_with_gpus_know_the_repository(paper_lab: state.Lab) -> None:
    assert nvidia.repository().sources(paper_lab) == "deb [trusted=yes] http://10.213.7.1:8000/nvidia ./\n"
    assert packages.apt_settings(paper_lab) == 'Acquire::http::Proxy::10.213.7.1 "DIRECT";\n'
    gpus = inventory.tree(paper_lab, {})["all"]["children"]["slurm_gpu"]
    assert gpus["vars"] == {"dcgm_exporter_gpus": "present"}
