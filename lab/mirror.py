"""A release mirror with upstream's path layout, so that roles install tarballs in the lab as they do from GitHub.

The binaries are Debian sid's builds, packed anew under upstream's names: each tarball carries a NOTICE that says so.
"""

from __future__ import annotations

import hashlib
import json
import re
import shutil
import sys
import tarfile
from dataclasses import dataclass
from pathlib import Path

from lab import host, image, state, topology
from lab.errors import LabError
from lab.process import Background
from lab.progress import step

PORT = 8000
ARCHITECTURES = ("amd64", "arm64")
# Upstream's Alertmanager carries its notification templates inside, Debian's build reads them from this folder. The
# head of a lab has it, so that the tarball works there as upstream's does.
_TEMPLATES = "usr/share/prometheus/alertmanager"
_KEYRING = "/usr/share/keyrings/debian-archive-keyring.gpg"


@dataclass(frozen=True)
class Product:
    """One upstream release: the Debian packages it comes from, and package path -> name in the tarball."""

    name: str
    packages: tuple[str, ...]
    binaries: dict[str, str]


PRODUCTS = (
    Product(
        "prometheus",
        ("prometheus", "promtool"),
        {"usr/bin/prometheus": "prometheus", "usr/bin/promtool": "promtool"},
    ),
    Product(
        "alertmanager",
        ("prometheus-alertmanager",),
        {"usr/bin/prometheus-alertmanager": "alertmanager", "usr/bin/amtool": "amtool"},
    ),
    Product("node_exporter", ("prometheus-node-exporter",), {"usr/bin/prometheus-node-exporter": "node_exporter"}),
)


@dataclass(frozen=True)
class Release:
    """What the mirror holds of one product: its version and the sha256 of each architecture's tarball."""

    version: str
    sha256: dict[str, str]


def folder() -> Path:
    """The root of the mirror, shared by all labs."""
    return state.home() / "mirror"


def url(lab: state.Lab) -> str:
    """Where machines of a lab find the mirror; stands for https://github.com."""
    return f"http://{topology.gateway(lab.subnet)}:{PORT}"


def releases() -> dict[str, Release]:
    """What the mirror holds: product name -> Release."""
    return {name: Release(**entry) for name, entry in json.loads((folder() / "releases.json").read_text()).items()}


def ensure(base_image: str) -> None:
    """Build the mirror when it is not there yet."""
    with state.locked("mirror"):
        if not (folder() / "releases.json").exists():
            with step("building the release mirror from Debian sid's packages, once"):
                _build(image.debian_mirror(base_image))


def templates() -> dict[str, str]:
    """The notification templates that Debian's build of Alertmanager reads: path on the machine -> content."""
    return {f"/{_TEMPLATES}/{path.name}": path.read_text() for path in sorted((folder() / "templates").glob("*.tmpl"))}


def serve(lab: state.Lab) -> None:
    """Serve the mirror on the bridge of a lab. Harmless when it is being served."""
    server = _server(lab)
    if server.pid is None:
        server.start(
            [
                *(sys.executable, "-m", "http.server", str(PORT)),
                *("--bind", topology.gateway(lab.subnet), "--directory", str(folder())),
            ]
        )


def stop_serving(lab: state.Lab) -> None:
    """End the server of a lab."""
    _server(lab).stop(patience_s=1.0)


def serving(lab: state.Lab) -> bool:
    """Whether the server of a lab runs."""
    return _server(lab).pid is not None


def _server(lab: state.Lab) -> Background:
    return Background(lab.folder / "mirror.pid", lab.folder / "mirror.log")


def upstream_version(debian_version: str) -> str:
    """The upstream part of a Debian version: "3.5.3+ds1-6" is 3.5.3."""
    match = re.match(r"(?:\d+:)?(\d+(?:\.\d+)*)", debian_version)
    if match is None:
        raise LabError(f"Debian calls a package's version {debian_version!r}, which has no upstream version in it.")
    return match.group(1)


def _build(debian_mirror: str) -> None:
    unfinished = folder().with_name("mirror.unfinished")
    shutil.rmtree(unfinished, ignore_errors=True)
    apt = _Apt(unfinished / ".apt", debian_mirror)
    found = {}
    for product in PRODUCTS:
        version, sha256 = "", {}
        for architecture in ARCHITECTURES:
            tree = unfinished / ".trees" / f"{product.name}-{architecture}"
            for package in product.packages:
                debian_version = apt.unpack(package, architecture, tree)
                version = version or upstream_version(debian_version)
            tarball = _pack(product, version, architecture, tree, unfinished)
            sha256[architecture] = hashlib.sha256(tarball.read_bytes()).hexdigest()
        sums = "".join(f"{digest}  {_stem(product, version, arch)}.tar.gz\n" for arch, digest in sorted(sha256.items()))
        (_release_folder(product, version, unfinished) / "sha256sums.txt").write_text(sums)
        found[product.name] = {"version": version, "sha256": sha256}
    templates_tree = unfinished / ".trees" / f"alertmanager-{ARCHITECTURES[0]}" / _TEMPLATES
    shutil.copytree(templates_tree, unfinished / "templates", ignore=shutil.ignore_patterns("*ui*"))
    for leftover in (unfinished / ".apt", unfinished / ".trees"):
        shutil.rmtree(leftover)
    (unfinished / "releases.json").write_text(json.dumps(found, indent=2) + "\n")
    unfinished.rename(folder())


def _stem(product: Product, version: str, architecture: str) -> str:
    return f"{product.name}-{version}.linux-{architecture}"


def _release_folder(product: Product, version: str, root: Path) -> Path:
    return root / "prometheus" / product.name / "releases" / "download" / f"v{version}"


def _pack(product: Product, version: str, architecture: str, tree: Path, root: Path) -> Path:
    """Write the tarball of one product and architecture, in upstream's layout."""
    stem = _stem(product, version, architecture)
    staging = tree.with_name(stem)
    staging.mkdir()
    for source, target in product.binaries.items():
        shutil.copy(tree / source, staging / target)
    (staging / "LICENSE").write_text((tree / f"usr/share/doc/{product.packages[0]}/copyright").read_text())
    (staging / "NOTICE").write_text(
        f"This is not upstream's release of {product.name} {version}.\n"
        f"bin/lab packed Debian sid's {architecture} build anew under upstream's names, for use in the lab only.\n"
    )
    tarball = _release_folder(product, version, root) / f"{stem}.tar.gz"
    tarball.parent.mkdir(parents=True, exist_ok=True)
    with tarfile.open(tarball, "w:gz", compresslevel=3) as archive:
        archive.add(staging, arcname=stem, filter=_owned_by_root)
    return tarball


def _owned_by_root(member: tarfile.TarInfo) -> tarfile.TarInfo:
    member.uid = member.gid = 0
    member.uname = member.gname = "root"
    return member


class _Apt:
    """apt with its own sources, lists and cache: Debian sid is read without a trace in the host's configuration."""

    def __init__(self, private: Path, debian_mirror: str) -> None:
        self._cache = private / "cache"
        for path in (private / "lists/partial", self._cache / "archives/partial"):
            path.mkdir(parents=True)
        sources = private / "sources.list"
        sources.write_text(f"deb [signed-by={_KEYRING}] {debian_mirror} sid main\n")
        (private / "status").touch()
        self._options = [
            f"-oDir::Etc::sourcelist={sources}",
            "-oDir::Etc::sourceparts=-",
            f"-oDir::State::lists={private}/lists",
            f"-oDir::State::status={private}/status",
            f"-oDir::Cache={self._cache}",
            "-oAcquire::Check-Valid-Until=false",
            "-oAcquire::Languages=none",
            "-oAPT::Sandbox::User=root",
            *(f"-oAPT::Architectures::={architecture}" for architecture in ARCHITECTURES),
        ]
        host.run(["apt-get", "update", *self._options])

    def unpack(self, package: str, architecture: str, target: Path) -> str:
        """Unpack a package into `target` and return its Debian version."""
        target.mkdir(parents=True, exist_ok=True)
        self._cache.mkdir(exist_ok=True)
        downloads = self._cache / f"{package}-{architecture}"
        downloads.mkdir()
        host.run(["env", f"--chdir={downloads}", "apt-get", "download", *self._options, f"{package}:{architecture}"])
        (deb,) = downloads.glob("*.deb")
        host.run(["dpkg-deb", "--extract", deb, target])
        return host.run(["dpkg-deb", "--field", deb, "Version"]).stdout.strip()
