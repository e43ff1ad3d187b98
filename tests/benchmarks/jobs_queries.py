"""What people ask GET /v1/jobs, each time with other values; the runs are those of jobs_database.py."""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import Any
from urllib.parse import urlencode

import jobs_database as filled

# What answers a path of the service, with its query, by a document.
Get = Callable[[str], Any]
Ask = Callable[[], None]

# How many a shape is, where it is more than one.
REQUESTS = {"three pages": 3}


def shapes(get: Get, count: int, chance: random.Random) -> dict[str, Ask]:
    """Return the nine queries, by their names. ``count`` is how many runs are on record."""

    def page(choose: Callable[[], dict[str, object]]) -> Ask:
        def ask() -> None:
            assert runs(**choose())["jobs"], "there is something to find"

        return ask

    def runs(**query: object) -> Any:
        return get("/v1/jobs?" + urlencode({"limit": 100, **query}, doseq=True))

    def some_time() -> float:
        return filled.BEGIN + chance.random() * (filled.DAYS - 2) * 86400

    def deep() -> None:
        query: dict[str, object] = {"started_before": some_time()}
        for _ in range(3):
            query["cursor"] = runs(**query)["next"]

    def period() -> dict[str, object]:
        begin = some_time()
        return {"started_after": begin, "started_before": begin + 86400, "partition": "gpu"}

    def one_run() -> None:
        get(f"/v1/jobs/slurm-{chance.randrange(1, count)}")

    failed = ("failed", "out_of_memory")
    return {
        "newest": page(dict),
        "user": page(lambda: {"user": f"user{chance.randrange(filled.USERS)}"}),
        "failed runs of a user": page(lambda: {"user": f"user{chance.choice([0, 1, 2, 250])}", "state": failed}),
        "node": page(lambda: {"node": f"n{chance.randrange(filled.NODES)}"}),
        "period, partition": page(period),
        "sorted by end, of a state": page(lambda: {"sort": "ended", "state": "timeout", "ended_before": some_time()}),
        "array": page(lambda: {"array_job_id": chance.randrange(count // 200 - 1) * 200 + 200}),
        "one run": one_run,
        "three pages": deep,
    }
