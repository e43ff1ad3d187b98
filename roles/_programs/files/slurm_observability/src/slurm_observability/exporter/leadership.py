"""Of several exporters, one on each controller's host, one serves the numbers of the cluster: the active one.

It is the one beside the slurmctld that is in control. The exporters do not talk to each other; each asks Slurm.
"""

from __future__ import annotations

import logging
import socket
from collections.abc import Callable

from ..slurm.controllers import Controller, Controllers

log = logging.getLogger(__name__)

# One lost answer of the other controller is no reason to take over.
ANSWERS_TO_TAKE_OVER = 2


class Leadership:
    """Decides whether the exporter on the host of this name is the active one, and calls ``changed`` when that changes.

    Use from one thread. Until the first answer it is not.
    """

    def __init__(self, host_name: str, changed: Callable[[], None]) -> None:
        self.active = False
        self.decided = False
        self._host_name = host_name
        self._changed = changed
        self._answers_for_us = 0

    def update(self, controllers: Controllers) -> None:
        """Take an answer of Slurm into account.

        When no slurmctld answers, the role stays as it is. Without a role yet, the primary's is the active one.
        """
        in_control = controllers.in_control
        if in_control is None:
            if self.decided:
                return
            in_control = controllers.controllers[0]
        ours = _same_host(in_control.name, self._host_name)
        self._answers_for_us = self._answers_for_us + 1 if ours else 0
        if not self.decided:
            self._check_membership(controllers)
            self._assume(ours, in_control)
        elif self.active and not ours:
            self._assume(False, in_control)
        elif not self.active and self._answers_for_us >= ANSWERS_TO_TAKE_OVER:
            self._assume(True, in_control)

    def _check_membership(self, controllers: Controllers) -> None:
        if not any(_same_host(each.name, self._host_name) for each in controllers.controllers):
            names = ", ".join(each.name for each in controllers.controllers)
            log.error("this host, %s, is none of the controllers (%s): it stays the standby", self._host_name, names)

    def _assume(self, active: bool, in_control: Controller) -> None:
        self.active, self.decided = active, True
        role = "active: it serves" if active else "the standby: it does not serve"
        log.info("this exporter is %s the numbers of the cluster (%s is in control)", role, in_control.name)
        self._changed()


def host_name() -> str:
    """Return the name of this host, by which slurmctld too finds itself in slurm.conf."""
    return socket.gethostname()


def _same_host(one: str, other: str) -> bool:
    """Compare without domains unless both names have one."""
    one, other = one.lower(), other.lower()
    if "." in one and "." in other:
        return one == other
    return one.partition(".")[0] == other.partition(".")[0]
