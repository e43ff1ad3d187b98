"""The release mirror: layout and checksums, from made-up packages."""

from __future__ import annotations

import hashlib
import json
import tarfile
from pathlib import Path

import pytest

from lab import mirror
from lab.errors import LabError


@pytest.mark.parametrize(
    ("debian", "upstream"),
    [("3.5.3+ds1-6", "3.5.3"), ("0.33.1-5", "0.33.1"), ("1:2.42.0+ds-5+deb12u1", "2.42.0"), ("1.11.1-3+b4", "1.11.1")],
)
def test_upstream_version(debian: str, upstream: str) -> None:
    assert mirror.upstream_version(debian) == upstream


def test_a_version_that_is_none() -> None:
    with pytest.raises(LabError, match="no upstream version"):
        mirror.upstream_version("unknown")


class MadeUpApt:
    """Stands in for apt: every package holds its product's binaries, of one kind per architecture."""

    def __init__(self, private: Path, debian_mirror: str) -> None:
        private.mkdir(parents=True)

    def unpack(self, package: str, architecture: str, target: Path) -> str:
        for product in mirror.PRODUCTS:
            if package in product.packages:
                for path in product.binaries:
                    binary = target / path
                    binary.parent.mkdir(parents=True, exist_ok=True)
                    binary.write_text(f"{path} for {architecture}")
                    binary.chmod(0o755)
                copyright_file = target / f"usr/share/doc/{package}/copyright"
                copyright_file.parent.mkdir(parents=True, exist_ok=True)
                copyright_file.write_text("Apache-2.0")
        templates = target / mirror._TEMPLATES
        templates.mkdir(parents=True, exist_ok=True)
        (templates / "default.tmpl").write_text("{{ define }}")
        return "3.5.3+ds1-6"


@pytest.fixture
def built(monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(mirror, "_Apt", MadeUpApt)
    monkeypatch.setattr(mirror.image, "debian_mirror", lambda _: "http://mirror.invalid/debian")
    mirror.ensure("image")
    return mirror.folder()


def test_layout_is_upstreams(built: Path) -> None:
    release = built / "prometheus/prometheus/releases/download/v3.5.3"
    assert {path.name for path in release.iterdir()} == {
        "prometheus-3.5.3.linux-amd64.tar.gz",
        "prometheus-3.5.3.linux-arm64.tar.gz",
        "sha256sums.txt",
    }
    with tarfile.open(release / "prometheus-3.5.3.linux-arm64.tar.gz") as archive:
        members = {member.name: member for member in archive.getmembers()}
        notice = archive.extractfile("prometheus-3.5.3.linux-arm64/NOTICE")
        assert notice is not None
        assert "not upstream's release" in notice.read().decode()
    assert {name.rpartition("/")[2] for name in members} >= {"prometheus", "promtool", "LICENSE", "NOTICE"}
    assert all(name.split("/")[0] == "prometheus-3.5.3.linux-arm64" for name in members)
    assert members["prometheus-3.5.3.linux-arm64/promtool"].mode & 0o111
    assert all(member.uid == 0 and member.uname == "root" for member in members.values())


def test_checksums_are_those_of_the_files(built: Path) -> None:
    for name, release in mirror.releases().items():
        folder = built / f"prometheus/{name}/releases/download/v{release.version}"
        for line in (folder / "sha256sums.txt").read_text().splitlines():
            digest, file = line.split("  ")
            assert hashlib.sha256((folder / file).read_bytes()).hexdigest() == digest
            assert digest in release.sha256.values()
    assert mirror.templates() == {"/usr/share/prometheus/alertmanager/default.tmpl": "{{ define }}"}
    assert not [path for path in built.iterdir() if path.name.startswith(".")], "nothing of the build is left"
    assert json.loads((built / "releases.json").read_text()).keys() == {p.name for p in mirror.PRODUCTS}
