"""A Prometheus of one's own: where its programs are found, what it is filled with, and how it is asked."""

from __future__ import annotations

import json
import os
import platform
import shutil
import socket
import subprocess
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

CACHE = Path(__file__).parents[1] / ".cache"
PATIENCE_S = 120


class MissingError(Exception):
    """There is no Prometheus on this machine, and none can be had."""


def programs() -> Path:
    """A folder with prometheus and promtool: PROMETHEUS names it, or it is found as tests/rules/run finds promtool."""
    if named := os.environ.get("PROMETHEUS"):
        return Path(named)
    for found in (_on_path(), _of_the_lab(), _of_the_distribution()):
        if found:
            return found
    raise MissingError("there is no prometheus here: install the package, or name a folder with it in PROMETHEUS")


def _on_path() -> Path | None:
    here = shutil.which("prometheus")
    return Path(here).parent if here and shutil.which("promtool") else None


def _of_the_lab() -> Path | None:
    """From the lab's release mirror, unpacked into .cache."""
    architecture = {"x86_64": "amd64", "aarch64": "arm64"}.get(platform.machine(), "none")
    home = Path(os.environ.get("LAB_HOME", "/var/lib/slurm-observability-lab"))
    releases = sorted(home.glob(f"mirror/prometheus/prometheus/releases/download/*/*.linux-{architecture}.tar.gz"))
    if not releases:
        return None
    folder = CACHE / releases[-1].name.removesuffix(".tar.gz")
    if not folder.exists():
        CACHE.mkdir(exist_ok=True)
        shutil.unpack_archive(releases[-1], CACHE)
    return folder


def _of_the_distribution() -> Path | None:
    """From Debian's or Ubuntu's packages, unpacked into .cache. Debian 12 has both programs in one package."""
    folder = CACHE / "prometheus"
    programs = folder / "usr/bin"
    if not (programs / "promtool").exists() and shutil.which("apt-get"):
        folder.mkdir(parents=True, exist_ok=True)
        for package in ("prometheus", "promtool"):
            subprocess.run(["apt-get", "-qq", "download", package], cwd=folder, check=False, capture_output=True)
        for package in folder.glob("*.deb"):
            subprocess.run(["dpkg", "-x", package, folder], check=True)
    return programs if (programs / "promtool").exists() and (programs / "prometheus").exists() else None


def fill(data: Path, samples: Path) -> None:
    """Write a file of samples in the OpenMetrics format into the blocks of a Prometheus that does not run."""
    command = [programs() / "promtool", "tsdb", "create-blocks-from", "--quiet", "openmetrics", samples, data]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(f"promtool takes no samples from {samples}: {done.stderr[-500:]}")


class Prometheus:
    """A running Prometheus."""

    def __init__(self, url: str) -> None:
        self.url = url

    def ask(self, path: str, **parameters: str | float) -> Any:
        """What the API answers on a path below /api/v1. Raises RuntimeError with its words when it refuses."""
        query = urllib.parse.urlencode(parameters)
        try:
            with urllib.request.urlopen(f"{self.url}/api/v1/{path}?{query}", timeout=PATIENCE_S) as answer:
                return json.load(answer)["data"]
        except urllib.error.HTTPError as error:
            raise RuntimeError(error.read().decode()[:500]) from error


@contextmanager
def running(data: Path, configuration: str = "{}") -> Iterator[Prometheus]:
    """A Prometheus on a free port of this machine, with its data in a folder, which may be filled."""
    data.mkdir(parents=True, exist_ok=True)
    settings = data / "prometheus.yml"
    settings.write_text(configuration)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        address = f"127.0.0.1:{free.getsockname()[1]}"
    command = [
        programs() / "prometheus",
        f"--config.file={settings}",
        f"--storage.tsdb.path={data}",
        "--storage.tsdb.retention.time=100y",
        f"--web.listen-address={address}",
        "--log.level=warn",
    ]
    with (data / "prometheus.log").open("w") as log, subprocess.Popen(command, stderr=log, stdout=log) as process:
        try:
            _wait(process, f"http://{address}/-/ready", data / "prometheus.log")
            yield Prometheus(f"http://{address}")
        finally:
            process.terminate()


def _wait(process: subprocess.Popen[bytes], url: str, log: Path) -> None:
    end = time.monotonic() + PATIENCE_S
    while time.monotonic() < end and process.poll() is None:
        try:
            with urllib.request.urlopen(url, timeout=5):
                return
        except OSError:
            time.sleep(0.1)
    raise RuntimeError(f"Prometheus does not start: {log.read_text()[-500:]}")
