"""Events in the life of jobs, as hooks saw them and agents forward them."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Coroutine, Mapping, Sequence
from http import HTTPStatus
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Body, HTTPException, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.routing import APIRoute
from pydantic import BaseModel, ValidationError

from ...jobs.event import JobEvent
from ..audit import REFUSED, REPEATED, STORED, Origin
from ..service import Service
from ..store.errors import RefusedError
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
                service = await get_service(request)
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

    An event that cannot be read, or kept, is refused by itself, and named in the answer.
    """
    return _add(writer, service, store, *_sorted_out(batch.events))


def _one(writer: Origin, event: JobEvent, response: Response, service: Service, store: Store) -> Accepted:
    outcome = _add(writer, service, store, {0: event}, [])
    if outcome.refused:
        raise HTTPException(HTTPStatus.UNPROCESSABLE_ENTITY, outcome.refused[0].reason)
    if outcome.stored:
        return Accepted(outcome="stored", event_id=event.event_id)
    response.status_code = HTTPStatus.OK
    return Accepted(outcome="repeated", event_id=event.event_id)


def _add(
    writer: Origin, service: Service, store: Store, events: Mapping[int, JobEvent], refused: Sequence[Refusal]
) -> BatchOutcome:
    """Store events, by their places in the request, and note what became of each. Raises StoreError.

    ``refused`` are those that were refused before.
    """
    outcomes = store.add_events(list(events.values()), writer.sender.name, time.time()) if events else []
    taken, refusals = [], list(refused)
    for (index, event), outcome in zip(events.items(), outcomes, strict=True):
        if isinstance(outcome, RefusedError):
            refusals.append(Refusal(index=index, event_id=event.event_id, reason=str(outcome)))
        else:
            taken.append((event, outcome))
    service.audit.accepted(writer, taken)
    service.audit.refused(writer, ((each.event_id, each.reason) for each in refusals))
    counted = Counter(outcome for _event, outcome in taken)
    service.counts.events({**counted, REFUSED: len(refusals)})
    return BatchOutcome(stored=counted[STORED], repeated=counted[REPEATED], refused=refusals)


def _sorted_out(items: list[Any]) -> tuple[dict[int, JobEvent], list[Refusal]]:
    """Return the events by their places, and why the other items are none."""
    good, refused = {}, []
    for index, item in enumerate(items):
        if isinstance(item, JobEvent):
            good[index] = item
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
