"""The faults: each is given the nodes and Azure, and returns when it is over. The logs grow all the while."""

from __future__ import annotations

import subprocess
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from tests.faults.forwarder.nodes import Azure, Node

Nodes = Sequence[Node]


@dataclass(frozen=True)
class Case:
    """One fault. ``bar``: no record may be lost. ``prepare`` is called before fluent-bit is started."""

    name: str
    inject: Callable[[Nodes, Azure], None]
    bar: bool = True
    prepare: Callable[[Nodes], None] = lambda nodes: None
    restore: Callable[[Nodes], None] = lambda nodes: None


def _rename(nodes: Nodes, azure: Azure) -> None:
    for _again in range(5):
        time.sleep(3)
        for node in nodes:
            for log in node.logs:
                log.rename()


def _copytruncate(nodes: Nodes, azure: Azure) -> None:
    for _again in range(5):
        time.sleep(3)
        for node in nodes:
            for log in node.logs:
                log.copytruncate()


def _kill(nodes: Nodes, azure: Azure) -> None:
    for _again in range(5):
        time.sleep(3)
        for node in nodes:
            node.kill()
            time.sleep(0.5)
            node.start()


def _outage(nodes: Nodes, azure: Azure) -> None:
    time.sleep(3)
    azure.begin_outage()
    _rename(nodes, azure)
    for node in nodes:
        node.kill()
        node.start()
    time.sleep(5)
    azure.end_outage()


def _burst(nodes: Nodes, azure: Azure) -> None:
    time.sleep(3)
    for node in nodes:
        for log in node.logs:
            log.write(20_000)


def _fill(nodes: Nodes, azure: Azure) -> None:
    azure.begin_outage()
    time.sleep(30)
    azure.end_outage()


def _small_disk(nodes: Nodes) -> None:
    for node in nodes:
        subprocess.run(["mount", "-t", "tmpfs", "-o", "size=512k", "tmpfs", node.buffer], check=True)


def _no_small_disk(nodes: Nodes) -> None:
    for node in nodes:
        subprocess.run(["umount", "--lazy", node.buffer], check=False)


CASES = (
    Case("rotation by rename, 5 times", _rename),
    Case("rotation by copytruncate, 5 times", _copytruncate, bar=False),
    Case("kill -9, 5 times", _kill),
    Case("outage of 20 s, with rotations and a kill -9", _outage),
    Case("burst of 20,000 records in each file", _burst, bar=False),
    Case("outage of 30 s with a full disk", _fill, False, _small_disk, _no_small_disk),
)
