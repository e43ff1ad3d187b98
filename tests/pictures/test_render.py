"""bin/dashboards render: its own tests, and pictures of two dashboards in a real browser."""

from __future__ import annotations

import json
import struct
import subprocess
from pathlib import Path
from typing import Any

import pytest

from tests.pictures.conftest import PROGRAM, Render

DASHBOARDS = Path(__file__).parent / "dashboards"


def size(picture: Path) -> tuple[int, int]:
    """Width and height of a PNG."""
    head = picture.read_bytes()[:24]
    assert head.startswith(b"\x89PNG")
    return struct.unpack(">II", head[16:24])


@pytest.fixture(scope="module")
def drawn(render: Render, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    folder = tmp_path_factory.mktemp("pictures")
    done = render("--dashboards", DASHBOARDS, "--output-dir", folder)
    assert done.returncode == 0, done.stderr
    return folder, done.stdout


@pytest.fixture(scope="module")
def panels(drawn: tuple[Path, str]) -> dict[str, dict[str, Any]]:
    """The report of the overview, by the titles of its panels."""
    reports = json.loads((drawn[0] / "report.json").read_text())
    (overview,) = [report for report in reports if report["uid"] == "sample-overview"]
    return {panel["title"]: panel for panel in overview["panels"]}


def test_its_own_tests(program: Render):
    done = program("test")
    assert done.returncode == 0, done.stdout[-3000:]


@pytest.mark.parametrize("check", [["tsc", "-p", "."], ["prettier", "--check", "run.mjs", "src", "tests"]])
def test_it_is_typed_and_formatted(program: Render, check: list[str]):
    program("test")  # which installs the tools
    tool, *options = check
    folder = PROGRAM.parent
    command = [folder / "node_modules/.bin" / tool, *options]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_a_picture_of_each_dashboard(drawn: tuple[Path, str]):
    folder, _ = drawn
    width, height = size(folder / "sample-overview.png")
    assert width == 1400
    assert height > 22 * 38, "22 rows of the grid, and the head of the page"
    assert size(folder / "sample-node.png")[0] == 1400


def test_what_panels_show(panels: dict[str, dict[str, Any]]):
    assert {title: panel["series"] for title, panel in panels.items() if panel["series"]} == {
        "GPUs": 1,
        "Utilization of All": 3,
        "Nodes": 3,
        "Power": 6,
        "Health": 6,
        "Utilization of each GPU": 6,
        "Utilization of all": 1,
    }
    assert not [title for title, panel in panels.items() if panel["series"] and panel["errors"]]


def test_what_cannot_be_drawn_is_said(panels: dict[str, dict[str, Any]], drawn: tuple[Path, str]):
    assert panels["A map"]["errors"] == ["panels of the type geomap cannot be drawn here"]
    assert panels["Database"]["errors"] == ["query A: the data source postgres is not asked here"]
    assert "parse error" in panels["Wrong"]["errors"][0]
    _, text = drawn
    assert "A map (geomap): panels of the type geomap cannot be drawn here" in text
    assert "Nothing (stat): no data" in text
    assert "approximation: Health (state-timeline), Utilization of each GPU (heatmap)" in text


def test_links_carry_the_node_and_the_time(panels: dict[str, dict[str, Any]]):
    times = "from=1795297200000&to=1795300800000"
    nodes = [f"/d/sample-node?var-node=node{number}&{times}" for number in (1, 2, 3)]
    assert panels["Nodes"]["links"] == nodes
    assert panels["Utilization of All"]["links"] == nodes


def test_a_link_is_followed(render: Render, tmp_path: Path):
    options = ("--dashboards", DASHBOARDS, "--output-dir", tmp_path, "--strict")
    done = render(*options, "--only", "sample-overview", "--click", "node2")
    assert done.returncode == 0, done.stderr + done.stdout
    (report,) = json.loads((tmp_path / "report.json").read_text())
    assert report["address"].startswith("/d/sample-node?var-node=node2&")
    assert [(panel["title"], panel["series"]) for panel in report["panels"]] == [("Power of node2", 2)]


def test_a_link_that_is_not_there(render: Render, tmp_path: Path):
    done = render("--dashboards", DASHBOARDS, "--output-dir", tmp_path, "--only", "sample-node", "--click", "node9")
    assert done.returncode == 1
    assert 'there is no link "node9" on /d/sample-node' in done.stdout


def test_strict_refuses_an_empty_panel(render: Render, tmp_path: Path):
    options = ("--dashboards", DASHBOARDS, "--strict", "--output", tmp_path / "x.png")
    assert render(*options, "--only", "sample-overview").returncode == 3
    assert size(tmp_path / "x.png")[0] == 1400
