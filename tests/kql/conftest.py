"""Microsoft's Kusto language service and an engine that runs KQL, for the transformations and the queries on logs."""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

HERE = Path(__file__).parent
PACKAGES = HERE.parents[1] / ".cache" / "kql"


@pytest.fixture(scope="session")
def packages() -> Path:
    """A folder with the packages of package.json; without npm, or out of its reach, the test is skipped."""
    missing = [program for program in ("node", "npm") if not shutil.which(program)]
    if missing:
        pytest.skip(f"there is no {' and no '.join(missing)} here: nothing is compared with Microsoft's parser")
    wanted = (HERE / "package.json").read_text()
    installed = PACKAGES / "package.json"
    if not installed.exists() or installed.read_text() != wanted:
        shutil.rmtree(PACKAGES, ignore_errors=True)
        PACKAGES.mkdir(parents=True)
        pins = [f"{name}@{version}" for name, version in json.loads(wanted)["dependencies"].items()]
        npm = subprocess.run(
            [
                "npm",
                "install",
                "--prefix",
                ".",
                "--no-save",
                "--no-package-lock",
                "--ignore-scripts",
                "--no-audit",
                "--no-fund",
                *pins,
            ],
            cwd=PACKAGES,
            capture_output=True,
            text=True,
            check=False,
        )
        if npm.returncode:
            pytest.skip(f"npm cannot install Microsoft's parser here: {npm.stderr[-300:]}")
        installed.write_text(wanted)
    return PACKAGES


@pytest.fixture(scope="session")
def ask(packages: Path) -> Callable[[dict[str, str], list[str]], list[dict[str, Any]]]:
    """Ask the language service about queries on tables, whose schemas are given as ``(Column:type, ...)``."""

    def ask(tables: dict[str, str], queries: list[str]) -> list[dict[str, Any]]:
        answer = subprocess.run(
            ["node", str(HERE / "language_service.js"), str(packages)],
            input=json.dumps({"tables": tables, "queries": queries}),
            capture_output=True,
            text=True,
            check=True,
        )
        return json.loads(answer.stdout)

    return ask
