"""Runs of jobs: lists of them, single ones, and what is on record of each."""

from __future__ import annotations

from http import HTTPStatus
from typing import Annotated, Any

from fastapi import APIRouter, Depends, HTTPException, Path, Query
from pydantic import BaseModel

from ...jobs.document import document
from ...jobs.run_id import parse_run_id
from ...jobs.sample import JobSample
from ..run import Run
from .access import Reader, StoreOf
from .errors import EVERYWHERE, problems
from .job_query import JobQuery
from .times import Time

router = APIRouter(
    prefix="/v1/jobs",
    tags=["jobs"],
    dependencies=[Reader],
    responses={**EVERYWHERE, **problems(HTTPStatus.NOT_FOUND, HTTPStatus.CONFLICT)},
)

MAX_SAMPLES = 10_000


class Jobs(BaseModel):
    """A page of runs. ``next`` is the cursor of the page after it, null on the last one."""

    jobs: list[Run]
    next: str | None


class Samples(BaseModel):
    """Samples of a run, oldest first."""

    samples: list[JobSample]


class TrailEvent(BaseModel):
    """An event of a run: when it arrived, and the name of the token that it came with."""

    received_at: float
    sender: str
    event: dict[str, Any]


class Trail(BaseModel):
    """The events of a run, in the order of their arrival."""

    events: list[TrailEvent]


class Summary(BaseModel):
    """What a run used of what it held. ``state`` and ``reason`` say how it ended."""

    id: str
    state: str
    reason: str
    summary: dict[str, Any]


def get_run(
    store: StoreOf,
    id: Annotated[str, Path(description="slurm-99999, slurm-99999-r1, slurm-20_3 or slurm-20+1")],
    cluster: Annotated[str | None, Query(description="needed where runs of several clusters have the id")] = None,
) -> Run:
    """Return the run of the path. Raises AmbiguousError."""
    run_id = parse_run_id(id)
    run = None if run_id is None else store.run(run_id, cluster)
    if run_id is None:
        raise HTTPException(
            HTTPStatus.NOT_FOUND, "this is no id; ids are like slurm-99999, slurm-99999-r1, slurm-20_3 or slurm-20+1"
        )
    if run is None:
        raise HTTPException(HTTPStatus.NOT_FOUND, f"no run is known as {id}")
    return run


RunOf = Annotated[Run, Depends(get_run)]


@router.get("")
def jobs(store: StoreOf, query: Annotated[JobQuery, Query()]) -> Jobs:
    """List runs, newest first. The cursor of a page stays good while runs are added."""
    page = store.runs(query.wanted(), query.cursor, query.limit)
    return Jobs(jobs=page.runs, next=page.cursor)


@router.get("/{id}")
def job(run: RunOf) -> Run:
    """Return a run. Without a number of restart it is the newest of the job."""
    return run


@router.get("/{id}/samples")
def job_samples(
    store: StoreOf,
    run: RunOf,
    since: Annotated[Time | None, Query(description="samples from here on")] = None,
    until: Annotated[Time | None, Query(description="samples before")] = None,
    limit: Annotated[int, Query(ge=1, le=MAX_SAMPLES)] = 1000,
) -> Samples:
    """Return what a run used on its nodes over time."""
    return Samples(samples=store.samples(run.key, since, until, limit))


@router.get("/{id}/events")
def job_events(store: StoreOf, run: RunOf) -> Trail:
    """Return the audit trail of a run: which events it was made from."""
    return Trail(
        events=[
            TrailEvent(received_at=each.received_at, sender=each.sender, event=document(each.event))
            for each in store.events(run.key)
        ]
    )


@router.get("/{id}/summary")
def job_summary(run: RunOf) -> Summary:
    """Return how well a run used what it held. There is one soon after it has ended."""
    if run.summary is None:
        ended = "its end is not known yet" if run.ended_at is None else "it has ended, and is summarised soon"
        raise HTTPException(HTTPStatus.NOT_FOUND, f"{run.id} has no summary: {ended}")
    return Summary(id=run.id, state=run.state, reason=run.reason, summary=run.summary)
