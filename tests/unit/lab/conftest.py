"""A lab that exists on disk only, in a LAB_HOME of its own."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[3]))

from lab import state

SUBNET = "10.213.7.0/24"


@pytest.fixture(autouse=True)
def lab_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """No test can touch a lab of the machine it runs on."""
    monkeypatch.setenv("LAB_HOME", str(tmp_path))
    return tmp_path


@pytest.fixture
def paper_lab(request: pytest.FixtureRequest) -> state.Lab:
    """A lab that was created and never booted; parametrise it with a suite."""
    lab = state.Lab("paper")
    lab.remember(state.Remembered(getattr(request, "param", "trixie"), "image", SUBNET))
    return lab


@pytest.fixture
def vm_lab() -> state.Lab:
    """A lab with a virtual machine that was created and never booted."""
    lab = state.Lab("paper-vm")
    lab.remember(state.Remembered("trixie", "image", SUBNET, vm=True))
    return lab
