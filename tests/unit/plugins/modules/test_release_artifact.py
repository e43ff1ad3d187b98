# Copyright: slurm.observability contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The module release_artifact against real tarballs, served from real file:// addresses."""

from __future__ import annotations

import hashlib
import io
import os
import tarfile

import pytest
from ansible_collections.slurm.observability.plugins.modules import release_artifact as module


def tarball(path, members):
    """Write a tarball of (name, content) pairs, content None for a directory; return its SHA-256."""
    with tarfile.open(path, "w:gz") as tar:
        for name, content in members:
            info = tarfile.TarInfo(name)
            info.mode = 0o777
            info.uid = info.gid = 1234
            if content is None:
                info.type = tarfile.DIRTYPE
                tar.addfile(info)
            else:
                info.size = len(content)
                tar.addfile(info, io.BytesIO(content))
    return hashlib.sha256(path.read_bytes()).hexdigest()


class Site:
    """A mirror with versions of one program, and a host's file system to install them in."""

    def __init__(self, root):
        self.mirror = root / "mirror"
        self.mirror.mkdir()
        self.opt = root / "opt"
        self.link = root / "bin" / "prog"
        self.sums = self.mirror / "sha256sums.txt"

    def archive(self, version):
        return self.mirror / (f"prog-{version}.linux-amd64.tar.gz")

    def publish(self, version):
        """Put a version on the mirror and in its list of checksums; return its SHA-256."""
        top = f"prog-{version}.linux-amd64"
        digest = tarball(
            self.archive(version), [(top, None), (top + "/prog", version.encode()), (top + "/doc/a.txt", b"a")]
        )
        with self.sums.open("a") as stream:
            stream.write(f"{digest}  {self.archive(version).name}\n")
        return digest

    def artifact(self, version, **params):
        defaults = {
            "name": "prog",
            "version": version,
            "url": self.archive(version).as_uri(),
            "checksum": None,
            "checksum_url": self.sums.as_uri(),
            "arch": "x86_64",
            "dest": str(self.opt / "prog"),
            "links": {str(self.link): "prog"},
            "keep": 2,
            "timeout": 5,
        }
        return module.ReleaseArtifact(dict(defaults, **params))

    def install(self, version, check_mode=False, **params):
        return module.ensure_present(self.artifact(version, **params), check_mode)

    def everything(self):
        """Return every path on the host, to prove that nothing was left behind."""
        return sorted(
            str(path.relative_to(self.opt.parent))
            for path in self.opt.parent.rglob("*")
            if self.mirror not in [path, *path.parents]
        )


@pytest.fixture
def site(tmp_path):
    return Site(tmp_path)


def test_installs_links_and_owns(site):
    digest = site.publish("1.0")
    result = site.install("1.0")
    assert result["changed"]
    assert result["sha256"] == digest
    assert site.link.read_text() == "1.0"
    assert str((site.opt / "prog").readlink()) == "prog-1.0"
    assert (site.opt / "prog" / "prog").stat().st_mode & 0o7777 == 0o755
    assert (site.opt / "prog" / "prog").stat().st_uid == os.getuid()
    assert site.everything() == [
        "bin",
        "bin/prog",
        "opt",
        "opt/prog",
        "opt/prog-1.0",
        "opt/prog-1.0/.release.json",
        "opt/prog-1.0/doc",
        "opt/prog-1.0/doc/a.txt",
        "opt/prog-1.0/prog",
    ]


def test_second_run_changes_nothing_and_needs_no_mirror(site):
    site.publish("1.0")
    site.install("1.0")
    site.archive("1.0").unlink()
    site.sums.unlink()
    assert not site.install("1.0")["changed"]


def test_check_mode_foresees_and_touches_nothing(site):
    site.publish("1.0")
    result = site.install("1.0", check_mode=True)
    assert result["changed"]
    assert result["diff"]["after"]["version"] == "1.0"
    assert site.everything() == []
    site.install("1.0")
    assert not site.install("1.0", check_mode=True)["changed"]


def test_upgrade_keeps_the_old_version_and_going_back_downloads_nothing(site):
    for version in ("1.0", "2.0"):
        site.publish(version)
        result = site.install(version)
    assert result["previous_version"] == "1.0"
    assert result["diff"]["before"]["version"] == "1.0"
    assert result["diff"]["after"]["version"] == "2.0"
    site.archive("1.0").unlink()
    assert site.install("1.0")["changed"]
    assert site.link.read_text() == "1.0"


def test_prunes_beyond_keep_but_never_the_installed_one(site):
    for age, version in enumerate(("1.0", "2.0", "3.0")):
        site.publish(version)
        site.install(version)
        os.utime(site.opt / ("prog-" + version) / module.RECEIPT, (age, age))
    assert sorted(path.name for path in site.opt.iterdir()) == ["prog", "prog-2.0", "prog-3.0"]
    site.install("2.0", keep=1)
    assert sorted(path.name for path in site.opt.iterdir()) == ["prog", "prog-2.0"]


def test_refuses_a_tampered_archive_and_leaves_the_old_version_running(site):
    site.publish("1.0")
    site.install("1.0")
    pinned = site.publish("2.0")
    data = bytearray(site.archive("2.0").read_bytes())
    data[-1] ^= 1
    site.archive("2.0").write_bytes(data)
    before = site.everything()
    with pytest.raises(module.ArtifactError) as caught:
        site.install("2.0", checksum=pinned, arch="aarch64")
    for part in (pinned, hashlib.sha256(data).hexdigest(), "aarch64", "nothing was installed"):
        assert part in str(caught.value)
    assert site.everything() == before
    assert site.link.read_text() == "1.0"


def test_a_pin_that_differs_from_what_is_installed_installs_again(site):
    site.publish("1.0")
    site.install("1.0")
    other = tarball(site.archive("1.0"), [("top", None), ("top/prog", b"rebuilt")])
    result = site.install("1.0", checksum=other)
    assert result["changed"]
    assert site.link.read_text() == "rebuilt"


def test_a_lost_file_installs_again(site):
    site.publish("1.0")
    site.install("1.0")
    (site.opt / "prog-1.0" / "prog").unlink()
    assert site.install("1.0")["changed"]
    assert site.link.read_text() == "1.0"


@pytest.mark.parametrize("name", ["/etc/passwd", "../evil", "top/../../evil", "top/a/../../../evil"])
def test_refuses_paths_that_lead_out(site, name):
    digest = tarball(site.archive("1.0"), [("top", None), ("top/prog", b""), (name, b"evil")])
    with pytest.raises(module.ArtifactError, match="unsafe path"):
        site.install("1.0", checksum=digest)
    assert site.everything() == ["opt"]


@pytest.mark.parametrize("kind", [tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.CHRTYPE, tarfile.FIFOTYPE])
def test_refuses_links_and_devices(site, kind):
    with tarfile.open(site.archive("1.0"), "w:gz") as tar:
        info = tarfile.TarInfo("top/prog")
        info.type, info.linkname = kind, "/etc/shadow"
        tar.addfile(info)
    digest = hashlib.sha256(site.archive("1.0").read_bytes()).hexdigest()
    with pytest.raises(module.ArtifactError, match="neither a file nor a directory"):
        site.install("1.0", checksum=digest)
    assert site.everything() == ["opt"]


def test_refuses_an_archive_without_the_program(site):
    digest = tarball(site.archive("1.0"), [("top", None), ("top/other", b"")])
    with pytest.raises(module.ArtifactError, match="does not hold prog"):
        site.install("1.0", checksum=digest)
    assert site.everything() == ["opt"]


def test_refuses_what_is_no_tarball(site):
    site.archive("1.0").write_bytes(b"<html>Not found</html>")
    digest = hashlib.sha256(site.archive("1.0").read_bytes()).hexdigest()
    with pytest.raises(module.ArtifactError, match="cannot be read"):
        site.install("1.0", checksum=digest)


def test_names_the_address_that_does_not_answer(site):
    with pytest.raises(module.ArtifactError, match="cannot be downloaded"):
        site.install("1.0")


def test_never_replaces_what_others_put_there(site):
    site.publish("1.0")
    site.link.parent.mkdir()
    site.link.write_text("by hand")
    with pytest.raises(module.ArtifactError, match="is not a link"):
        site.install("1.0")
    site.link.unlink()
    (site.opt / "prog-1.0").mkdir(parents=True)
    with pytest.raises(module.ArtifactError, match="not installed by this module"):
        site.install("1.0")


def test_absent_removes_what_was_installed_and_nothing_else(site):
    for version in ("1.0", "2.0"):
        site.publish(version)
        site.install(version)
    (site.opt / "prog-by-hand").mkdir()
    assert module.ensure_absent(site.artifact("2.0"), check_mode=True)["changed"]
    assert site.link.exists()
    assert module.ensure_absent(site.artifact("2.0"), check_mode=False)["changed"]
    assert site.everything() == ["bin", "opt", "opt/prog-by-hand"]
    assert not module.ensure_absent(site.artifact("2.0"), check_mode=False)["changed"]


def test_reads_the_formats_of_checksum_lists():
    digest = "a" * 64
    for line in (digest + "  x.tar.gz", digest + " *x.tar.gz", digest.upper() + "  ./dist/x.tar.gz"):
        assert module.checksum_from_list("junk\n" + "b" * 64 + "  y.tar.gz\n" + line + "\n", "x.tar.gz") == digest
    with pytest.raises(module.ArtifactError, match="no line for x"):
        module.checksum_from_list(digest + "  xx.tar.gz\n", "x.tar.gz")


@pytest.mark.parametrize("value", ["", "abc", "g" * 64, "a" * 63, "md5:" + "a" * 32])
def test_refuses_what_is_no_checksum(value):
    with pytest.raises(module.ArtifactError, match="not a SHA-256"):
        module.normalise_checksum(value)
