"""The faults of the table, in its order."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from functools import partial

from tests.integration.lab.support import Lab

from .databases import connections_killed, locked, on_postgresql, postgresql_unit
from .disks import DATABASE, SPOOL, full, read_only, small
from .network import cut
from .programs import AGENT, SERVICE, killed, restarted, stopped

Injected = Callable[[Lab], AbstractContextManager[None]]


@dataclass(frozen=True)
class Fault:
    """A fault: its name, how it is injected, and how long it lasts, in seconds, in a full and in a short run.

    ``inject`` is a context manager: within it the fault lasts, after it there is none. ``setting`` is another one, for
    what has to stay until the records were compared.
    """

    name: str
    how: str
    inject: Injected
    seconds: float = 30.0
    seconds_in_short: float = 15.0
    setting: Injected = lambda lab: nullcontext()


def _spool(lab: Lab) -> AbstractContextManager[None]:
    return small(lab, "node1", AGENT, SPOOL, spare_mib=1)


def _database(lab: Lab) -> AbstractContextManager[None]:
    return small(lab, "head", SERVICE, DATABASE, spare_mib=64)


FAULTS = (
    Fault("none", "for comparison", lambda lab: nullcontext()),
    Fault("the service is stopped", "systemctl stop", partial(stopped, unit=SERVICE), 600),
    Fault("the service is killed", "kill -9 every 0 to 6 s", partial(killed, service=True), 60, 30),
    Fault("the agents are killed", "kill -9 on each machine every 0 to 6 s", partial(killed, agents=True), 60, 30),
    Fault("service and agents are killed", "both of these", partial(killed, service=True, agents=True), 60, 30),
    Fault(
        "the spool is full",
        "something else fills its file system on node1",
        partial(full, machine="node1"),
        setting=_spool,
    ),
    Fault(
        "the spool is read-only",
        "its file system on node1 is mounted so",
        partial(read_only, machine="node1"),
        setting=_spool,
    ),
    Fault("the network is cut", "what the nodes send to port 8080 is dropped", cut),
    Fault("the database is locked", "SQLite: somebody else holds its lock", locked),
    Fault(
        "the database's disk is full",
        "SQLite: something else fills its file system",
        partial(full, machine="head"),
        setting=_database,
    ),
    Fault(
        "PostgreSQL is restarted",
        "every 10 s",
        lambda lab: restarted(lab, postgresql_unit(lab)),
        setting=on_postgresql,
    ),
    Fault(
        "PostgreSQL crashes",
        "kill -9 of the processes that work for the service, every 3 s",
        connections_killed,
        setting=on_postgresql,
    ),
    Fault("slurmctld is restarted", "every 10 s", partial(restarted, unit="slurmctld")),
    Fault("slurmdbd is stopped", "systemctl stop", partial(stopped, unit="slurmdbd")),
)
