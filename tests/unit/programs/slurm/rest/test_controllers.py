"""Controllers as slurmrestd names them. The records are those of v0.0.38, v0.0.41, v0.0.42 and v0.0.45."""

from __future__ import annotations

import pytest
from slurm_observability.slurm.command import SlurmError
from slurm_observability.slurm.controllers import Controller
from slurm_observability.slurm.rest.controllers import read_controllers


class Client:
    """Answers with these pings."""

    def __init__(self, *pings) -> None:
        self._pings = pings

    def records(self, page, key):
        assert (page, key) == ("/ping", "pings")
        return iter(self._pings)


@pytest.mark.parametrize(
    ("down", "up"),
    [
        (
            {"hostname": "head", "ping": "DOWN", "status": 1, "mode": "primary"},
            {"hostname": "spare", "ping": "UP", "status": 0, "mode": "backup1"},
        ),
        (
            {"hostname": "head", "pinged": "DOWN", "latency": 90, "mode": "primary"},
            {"hostname": "spare", "pinged": "UP", "latency": 123, "mode": "backup"},
        ),
        (
            {"hostname": "head", "pinged": "DOWN", "responding": False, "mode": "primary", "primary": True},
            {"hostname": "spare", "pinged": "UP", "responding": True, "mode": "backup", "primary": False},
        ),
        (
            {"hostname": "head", "responding": False, "latency": 90, "primary": True},
            {"hostname": "spare", "responding": True, "latency": 90, "primary": False},
        ),
    ],
)
def test_every_version(down, up):
    found = read_controllers(Client(down, up))
    assert found.controllers == (Controller("head", "primary", False), Controller("spare", "backup", True))
    assert found.in_control.name == "spare"


def test_with_more_backups_they_have_numbers():
    found = read_controllers(Client(*({"hostname": name, "responding": True} for name in "abc")))
    assert [each.role for each in found.controllers] == ["primary", "backup1", "backup2"]


@pytest.mark.parametrize("pings", [(), (4,), ({"hostname": None},), ({"responding": True},)])
def test_no_controller_is_a_failure(pings):
    with pytest.raises(SlurmError, match="names no controller"):
        read_controllers(Client(*pings))
