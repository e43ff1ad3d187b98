"""Events in the life of jobs, as hooks saw them and agents forward them."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Coroutine
from http import HTTPStatus
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Body, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.routing import APIRoute
from pydantic import BaseModel, ValidationError

from ...jobs.event import JobEvent
from ..audit import REFUSED, REPEATED, STORED, Origin
from ..service import Service
from ..store.store import Store
from .access import ServiceOf, StoreOf, Writer, get_origin, get_service
from .bodies import EVENT, EventBatch, FinishedEvent, StartedEvent
from .errors import EVERYWHERE, reason, sentence


class EventRoute(APIRoute):
    """A route that notes what is refused before it sees it."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """Return what answers a request."""
        handle = super().get_route_handler()

        async def answer(request: Request) -> Response:
            try:
                return await handle(request)
            except RequestValidationError as error:
                service = get_service(request)
                service.audit.refused(get_origin(request), [(_name(error.body), sentence(error.errors()))])
                service.counts.events({REFUSED: 1})
                raise

        return answer


router = APIRouter(prefix="/v1/events", tags=["events"], responses=EVERYWHERE, route_class=EventRoute)

# FastAPI's own word for what it knows of another answer.
REPEATED_ANSWER: dict[int | str, dict[str, Any]] = {200: {"description": "the event was known, and changed nothing"}}


class Accepted(BaseModel):
    """What became of an event."""

    outcome: Literal["stored", "repeated"]
    event_id: str


class Refusal(BaseModel):
    """An event of a batch that was refused: it is not to be sent again. ``index`` counts from 0."""

    index: int
    event_id: str
    reason: str


class BatchOutcome(BaseModel):
    """What became of the events of a batch: how many were stored, how many were known, and which were refused."""

    stored: int
    repeated: int
    refused: list[Refusal]


@router.post("/job-started", status_code=HTTPStatus.CREATED, responses=REPEATED_ANSWER)
def job_started(
    writer: Writer, event: StartedEvent, response: Response, service: ServiceOf, store: StoreOf
) -> Accepted:
    """Take down that a job started. The same event may be sent any number of times; the job need not be known."""
    return _one(writer, event, response, service, store)


@router.post("/job-finished", status_code=HTTPStatus.CREATED, responses=REPEATED_ANSWER)
def job_finished(
    writer: Writer, event: FinishedEvent, response: Response, service: ServiceOf, store: StoreOf
) -> Accepted:
    """Take down that a job ended. Its beginning need not be known."""
    return _one(writer, event, response, service, store)


@router.post("")
def events(writer: Writer, batch: Annotated[EventBatch, Body()], service: ServiceOf, store: StoreOf) -> BatchOutcome:
    """Take down up to 1,000 events, started and finished in any order. The answer says that all of them are on disk.

    An event that cannot be read is refused by itself, and named in the answer.
    """
    good, refused = _sorted_out(batch.events)
    outcomes = _add(writer, service, store, good)
    service.audit.refused(writer, ((each.event_id, each.reason) for each in refused))
    service.counts.events({REFUSED: len(refused)})
    return BatchOutcome(stored=outcomes[STORED], repeated=outcomes[REPEATED], refused=refused)


def _one(writer: Origin, event: JobEvent, response: Response, service: Service, store: Store) -> Accepted:
    outcomes = _add(writer, service, store, [event])
    if outcomes[STORED]:
        return Accepted(outcome="stored", event_id=event.event_id)
    response.status_code = HTTPStatus.OK
    return Accepted(outcome="repeated", event_id=event.event_id)


def _add(writer: Origin, service: Service, store: Store, events: list[JobEvent]) -> Counter[str]:
    """Store events, and note what became of each. Raises StoreError, and has then stored none."""
    outcomes = store.add_events(events, writer.sender.name, time.time()) if events else []
    service.audit.accepted(writer, zip(events, outcomes, strict=True))
    counted = Counter(outcomes)
    service.counts.events(counted)
    return counted


def _sorted_out(items: list[Any]) -> tuple[list[JobEvent], list[Refusal]]:
    """Return the events, and why the other items are none."""
    good, refused = [], []
    for index, item in enumerate(items):
        if isinstance(item, JobEvent):
            good.append(item)
            continue
        try:
            EVENT.validate_python(item)
        except ValidationError as error:
            refused.append(Refusal(index=index, event_id=_name(item), reason=reason(error)))
    return good, refused


def _name(item: Any) -> str:
    """Return what an event that cannot be read calls itself."""
    name = item.get("event_id") if isinstance(item, dict) else None
    return ascii(name)[1:-1][:255] if isinstance(name, str) else ""
