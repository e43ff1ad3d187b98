"""A Prometheus with three nodes of two GPUs, and bin/dashboards render on it."""

from __future__ import annotations

import math
import shutil
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests import prometheus

ROOT = Path(__file__).parents[2]
PROGRAM = ROOT / "dashboards/render/run.mjs"
END = 1_795_300_800  # what "now" is for the pictures

Render = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture(scope="session")
def program() -> Callable[..., subprocess.CompletedProcess[str]]:
    """Run the program with arguments. Without Node.js, npm, or npm's registry the test is skipped."""
    missing = [name for name in ("node", "npm") if not shutil.which(name)]
    if missing:
        pytest.skip(f"there is no {' and no '.join(missing)} here: no dashboard is drawn")

    def run(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
        done = subprocess.run(["node", PROGRAM, *arguments], capture_output=True, text=True, check=False, cwd=ROOT)
        if "npm cannot install" in done.stderr:
            pytest.skip(f"npm cannot install Grafana's components here: {done.stderr[-300:]}")
        return done

    return run


@pytest.fixture(scope="session")
def filled(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a Prometheus with the samples, two hours up to END."""
    folder = tmp_path_factory.mktemp("prometheus")
    try:
        prometheus.programs()
    except prometheus.MissingError as error:
        pytest.skip(str(error))
    (folder / "samples").write_text("".join(_samples()) + "# EOF\n")
    prometheus.fill(folder / "data", folder / "samples")
    with prometheus.running(folder / "data") as running:
        yield running.url


@pytest.fixture(scope="session")
def render(program: Render, filled: str) -> Render:
    """bin/dashboards render with arguments, on the samples."""

    def run(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
        done = program("render", "--prometheus", filled, "--at", str(END), *arguments)
        if "no Chromium starts" in done.stderr:
            pytest.skip(done.stderr[-300:])
        return done

    return run


def _samples() -> Iterator[str]:
    values: dict[str, Callable[[int, int, int], float]] = {
        "gpu:utilization:ratio": lambda node, gpu, minute: round(0.5 + 0.4 * math.sin(minute / 9 + node + gpu), 3),
        "gpu:power:watts": lambda node, gpu, minute: 300 + 50 * node + 20 * gpu,
        "gpu:health:status": lambda node, gpu, minute: 10 if node == 2 and 80 < minute < 100 else 0,
    }
    for name, value in values.items():
        for node, gpu in ((node, gpu) for node in (1, 2, 3) for gpu in (0, 1)):
            for minute in range(121):
                labels = f'job="dcgm_exporter",node="node{node}",gpu="{gpu}"'
                yield f"{name}{{{labels}}} {value(node, gpu, minute)} {END - 7200 + 60 * minute}\n"
