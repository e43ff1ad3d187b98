"""Packages with a stand-in in them, under the names of what it stands in for, in apt repositories beside the mirror.

A machine of a lab has such a repository among its sources, as a real one has the maker's: roles install from it. Each
package says in its description that it is not the maker's.
"""

from __future__ import annotations

import hashlib
import shutil
from dataclasses import dataclass
from email.utils import formatdate
from pathlib import Path

from lab import host, mirror, state, topology
from lab.progress import step

# A unit of a package is there for systemd only after this.
_RELOAD = "[ ! -d /run/systemd/system ] || systemctl daemon-reload\n"


@dataclass(frozen=True)
class Package:
    """A package: what it needs, and its files by path. What begins as a script does may be run.

    `after` is what a shell does once it is installed.
    """

    name: str
    version: str
    depends: str
    files: dict[str, str]
    after: str = ""


@dataclass(frozen=True)
class Repository:
    """Packages, and who makes those that they stand in for."""

    name: str
    maker: str
    packages: tuple[Package, ...]

    @property
    def folder(self) -> Path:
        """Where it is, for the release mirror's server to serve."""
        return mirror.folder() / self.name

    def sources(self, lab: state.Lab) -> str:
        """The line of apt's sources for a machine of a lab. Nothing is signed: it is for the lab only."""
        return f"deb [trusted=yes] {mirror.url(lab)}/{self.name} ./\n"

    def ensure(self) -> None:
        """Build it when it is not there, or when the stand-in is another than then."""
        digest = hashlib.sha256(repr(self).encode()).hexdigest()
        mark = self.folder / "built-from"
        with state.locked("mirror"):
            if mark.exists() and mark.read_text() == digest:
                return
            with step(f"packing the stand-in for {self.maker}'s packages"):
                unfinished = self.folder.with_name(f"{self.name}.unfinished")
                shutil.rmtree(unfinished, ignore_errors=True)
                unfinished.mkdir(parents=True)
                index = "\n".join(_build(package, self.maker, unfinished) for package in self.packages)
                (unfinished / "Packages").write_text(index)
                (unfinished / "Release").write_text(_release(index.encode()))
                (unfinished / mark.name).write_text(digest)
                shutil.rmtree(self.folder, ignore_errors=True)
                unfinished.rename(self.folder)


def apt_settings(lab: state.Lab) -> str:
    """apt's settings for a machine of a lab: a proxy of the site does not know the host's address on the bridge."""
    return f'Acquire::http::Proxy::{topology.gateway(lab.subnet)} "DIRECT";\n'


def _release(index: bytes) -> str:
    return (
        f"Suite: lab\nDate: {formatdate(usegmt=True)}\n"
        f"SHA256:\n {hashlib.sha256(index).hexdigest()} {len(index)} Packages\n"
    )


def _build(package: Package, maker: str, target: Path) -> str:
    """Build a package into `target`; return its paragraph in the index."""
    tree = target / package.name
    control = (
        f"Package: {package.name}\nVersion: {package.version}\nArchitecture: all\nDepends: {package.depends}\n"
        "Maintainer: bin/lab <lab@localhost>\n"
        f"Description: stand-in for a lab, not {maker}'s package\n It does nothing of what that does.\n"
    )
    postinst = f"#!/bin/sh\nset -e\n{package.after}{_RELOAD}"
    texts = package.files | {"DEBIAN/control": control, "DEBIAN/postinst": postinst}
    for path, text in texts.items():
        file = tree / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
        file.chmod(0o755 if text.startswith("#!") else 0o644)
    deb = target / f"{package.name}.deb"
    host.run(["dpkg-deb", "--root-owner-group", "-Zgzip", "--build", tree, deb])
    shutil.rmtree(tree)
    content = deb.read_bytes()
    return f"{control}Filename: ./{deb.name}\nSize: {len(content)}\nSHA256: {hashlib.sha256(content).hexdigest()}\n"
