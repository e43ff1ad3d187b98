"""Faults of the network between the nodes and the service."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager

from lab.container import Container
from lab.state import Lab as LabState
from tests.integration.lab.support import Lab

_RULE = ("INPUT", "--in-interface", "host0", "--protocol", "tcp", "--dport", "8080", "--jump", "DROP")


@contextmanager
def cut(lab: Lab) -> Iterator[None]:
    """Nothing that the nodes send to the service arrives, and nobody tells them so."""
    _iptables(lab, "--insert", *_RULE)
    yield
    _iptables(lab, "--delete", *_RULE)


def _iptables(lab: Lab, *rule: str) -> None:
    """Change the rules of head's network. The machine has no iptables of its own."""
    init = Container(LabState(lab.name), "head").init_pid
    subprocess.run(["nsenter", f"--target={init}", "--net", "iptables", "--wait", *rule], check=True)
