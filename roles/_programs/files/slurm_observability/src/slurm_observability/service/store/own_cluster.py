"""The cluster that is meant where none is named."""

from __future__ import annotations

from sqlalchemy import Connection, delete, exists, update

from . import marks
from .tables import nodes, runs

MARK = "cluster"


def get(connection: Connection) -> str:
    """Return the name that was adopted, empty where none was."""
    return marks.get(connection, MARK) or ""


def adopt(connection: Connection, name: str) -> None:
    """Let the runs on record that name no cluster be of this one, but for those that it has on record already."""
    if get(connection) == name:
        return  # all runs are looked through: once
    twin = runs.alias("twin")
    has_twin = exists().where(
        twin.c.cluster == name,
        twin.c.job_id == runs.c.job_id,
        twin.c.restart == runs.c.restart,
        twin.c.era == runs.c.era,
    )
    connection.execute(update(runs).where(runs.c.cluster == "", ~has_twin).values(cluster=name))
    connection.execute(delete(nodes).where(nodes.c.cluster == ""))  # the next sample of each is a minute away
    marks.put(connection, MARK, name)
