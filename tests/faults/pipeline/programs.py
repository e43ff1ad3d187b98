"""Faults of programs: they are stopped for a while, or killed again and again."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

from tests.integration.lab.support import Lab

from .unit import running

SERVICE, AGENT = "job-observability", "job-agent"
MACHINES = ("head", "node1", "node2")

# A kill may come before the program is up, or while it works.
_KILLS = """
while :; do
    systemctl kill --signal=KILL {unit}
    systemctl start {unit}
    sleep $((RANDOM % 6)).$((RANDOM % 10))
done
"""
_RESTARTS = "while :; do systemctl restart {unit}; sleep 10; done"


@contextmanager
def stopped(lab: Lab, unit: str) -> Iterator[None]:
    """A service of head does not run meanwhile."""
    lab.run("head", f"systemctl stop {unit}")
    yield
    lab.run("head", f"systemctl start {unit}")


@contextmanager
def killed(lab: Lab, service: bool = False, agents: bool = False) -> Iterator[None]:
    """kill -9 of the service, or the agents of all machines, or both, every 0 to 6 seconds meanwhile."""
    victims = [("head", SERVICE)] * service + [(machine, AGENT) for machine in MACHINES] * agents
    with ExitStack() as stack:
        for machine, unit in victims:
            stack.enter_context(in_a_loop(lab, machine, unit, _KILLS))
        yield


@contextmanager
def restarted(lab: Lab, unit: str) -> Iterator[None]:
    """A service of head is restarted every ten seconds meanwhile."""
    with in_a_loop(lab, "head", unit, _RESTARTS):
        yield


@contextmanager
def in_a_loop(lab: Lab, machine: str, unit: str, loop: str) -> Iterator[None]:
    """Something happens to a unit again and again; afterwards it runs."""
    with running(lab, machine, f"job-faults-{unit.partition('@')[0]}", loop.format(unit=unit)):
        yield
    lab.run(machine, f"systemctl start {unit}")
