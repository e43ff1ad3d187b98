"""Ask which of the cluster's slurmctld answer: the primary and its backups, in the order of slurm.conf."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import NamedTuple

from .command import SlurmError, SlurmRunner
from .printed import decode

SCONTROL_PING = ("scontrol", "ping")

# The same words from 21.08 to 26.05. With one backup it is "backup", with more they are "backup1", "backup2", ...
_LINE = re.compile(rb"Slurmctld\((primary|backup\d*)\) at (\S+) is (UP|DOWN)")


class Controller(NamedTuple):
    """A slurmctld: the name that SlurmctldHost gives its host, its role there, and whether it answered."""

    name: str
    role: str
    up: bool


@dataclass(frozen=True)
class Controllers:
    """All slurmctld of the cluster, in the order in which they take control. There is at least one."""

    controllers: tuple[Controller, ...]

    @property
    def in_control(self) -> Controller | None:
        """The one that manages the cluster, or is about to: the first that answers. None when nobody does."""
        return next((controller for controller in self.controllers if controller.up), None)


def read_controllers(runner: SlurmRunner) -> Controllers:
    """Run ``scontrol ping``. Raises SlurmError when it names no controller.

    A standby answers too. scontrol fails when nobody answers, which is an answer here.
    """
    lines: list[bytes] = []
    failure: SlurmError | None = None
    try:
        for chunk in runner.lines(SCONTROL_PING):
            lines.extend(chunk)
    except SlurmError as error:
        failure = error
    found = parse_controllers(lines)
    if found.controllers and (failure is None or found.in_control is None):
        return found
    raise failure or SlurmError("scontrol ping names no controller")


def parse_controllers(lines: list[bytes]) -> Controllers:
    """Return the controllers in scontrol's lines, each once.

    Other lines, such as the banner that root gets, are passed over.
    """
    found: dict[str, Controller] = {}
    for match in filter(None, map(_LINE.fullmatch, lines)):
        role, name, state = match.groups()
        controller = Controller(decode(name), decode(role), state == b"UP")
        found.setdefault(controller.name, controller)
    return Controllers(tuple(found.values()))
