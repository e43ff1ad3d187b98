"""What senders may say: the records that agents and service share, with every number and text held to bounds.

The database takes 64-bit integers, PostgreSQL no NUL in a text, and an index no long one. Users choose many of these
texts: an event is not lost for one of them, so they are cleaned and cut; a number out of bounds is refused.
"""

from __future__ import annotations

import dataclasses
import re
from types import UnionType
from typing import Annotated, Any, Literal, TypeVar, Union, get_args, get_origin, get_type_hints

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, GetPydanticSchema, TypeAdapter
from pydantic.dataclasses import dataclass as checked_dataclass

from ...jobs.event import FINISHED, KINDS, ORIGINS, STARTED, JobEvent
from ...jobs.sample import JobSample, NodeSample
from ..store.texts import MAX_NAME, MAX_NODE_LIST, MAX_TEXT

MAX_EVENTS = 1000
MAX_SAMPLES = 1000
# Characters that are kept.
NAME, TEXT, PATH, NODE_LIST = MAX_NAME, MAX_TEXT, 4096, MAX_NODE_LIST
LATEST = 253402300799  # the end of the year 9999

R = TypeVar("R")

_FORBIDDEN = re.compile("[\0\ud800-\udfff]")


def _clean(limit: int) -> BeforeValidator:
    def clean(value: object) -> object:
        return _FORBIDDEN.sub("\N{REPLACEMENT CHARACTER}", value)[:limit] if isinstance(value, str) else value

    return BeforeValidator(clean)


def one_of(*choices: str) -> GetPydanticSchema:
    """Return a mark for texts that have to be one of these."""
    return GetPydanticSchema(lambda _text, handler: handler(Literal[choices]))


_Name = Annotated[str, Field(strict=True), _clean(NAME)]
Text = Annotated[str, Field(strict=True), _clean(TEXT)]
_Path = Annotated[str, Field(strict=True), _clean(PATH)]
_NodeList = Annotated[str, Field(strict=True), _clean(NODE_LIST)]


def _whole(value: object) -> object:
    """Return 5 for 5.0: to JSON they are one number."""
    return int(value) if isinstance(value, float) and value.is_integer() else value


def _integer(low: int, high: int) -> Any:
    return Annotated[int, Field(strict=True, ge=low, le=high), BeforeValidator(_whole)]


_Integer = _integer(0, 2**53 - 1)  # beyond, not every program that speaks JSON reads the same number
_Float = Annotated[float, Field(strict=True, allow_inf_nan=False, ge=-1e18, le=1e18)]
_Time = Annotated[float, Field(strict=True, gt=0, le=LATEST)]
_BY_TYPE: dict[Any, Any] = {int: _Integer, float: _Float, str: Text, bool: Annotated[bool, Field(strict=True)]}
_BY_NAME: dict[str, Any] = {
    "event_id": Annotated[str, Field(strict=True, pattern=r"^[!-~]{1,255}$")],
    "origin": Annotated[str, one_of(*ORIGINS)],
    "kind": Annotated[str, one_of(*KINDS)],
    "job_id": _integer(1, 2**32 - 1),
    "restart": _integer(0, 2**16 - 1) | None,
    "time": _Time,
    "start_time": _Time | None,
    "end_time_limit": _Time | None,
    **dict.fromkeys(("cluster", "node"), _Name),
    "nodes": _NodeList,
    "cpus_per_node": _NodeList,
    **dict.fromkeys(("work_dir", "stdout", "stderr"), _Path),
}


def _checked(record: type[R], name: str = "", **fields: tuple[Any, Any]) -> type[R]:
    """Return a subclass of a shared record, by default of the same name, that holds its values to bounds.

    ``fields`` are those with another type and default. Fields that are not known are passed over: an agent may be newer
    than the service.
    """
    types = {field: _BY_NAME.get(field, _bounded(kind)) for field, kind in get_type_hints(record).items()}
    types |= {field: kind for field, (kind, _default) in fields.items()}
    defaults = {field: default for field, (_kind, default) in fields.items()}
    body = type(name or record.__name__, (record,), {"__annotations__": types, "__doc__": record.__doc__, **defaults})
    checked: type[R] = checked_dataclass(frozen=True, kw_only=True, config=ConfigDict(extra="ignore"))(body)  # type: ignore[assignment]
    return checked


def _bounded(kind: Any) -> Any:
    """Return a type like this one whose numbers and texts have bounds."""
    if dataclasses.is_dataclass(kind):
        return _checked(kind)  # type: ignore[arg-type]
    parts = get_args(kind)
    if get_origin(kind) is tuple:
        return Annotated[tuple.__class_getitem__((_bounded(parts[0]), ...)), Field(max_length=MAX_SAMPLES)]
    if get_origin(kind) in (Union, UnionType):
        return Union[tuple(_bounded(part) for part in parts)]  # noqa: UP007 -- a union that is made, not written
    return _BY_TYPE.get(kind, kind)


def _body(checked: type) -> GetPydanticSchema:
    """Return a mark that lets a plain record be read, and described, as its checked subclass."""
    return GetPydanticSchema(lambda _record, handler: handler.generate_schema(checked))


Event = Annotated[JobEvent, _body(_checked(JobEvent))]
# Where the path says what happened.
StartedEvent = Annotated[
    JobEvent, _body(_checked(JobEvent, "JobStarted", kind=(Annotated[str, one_of(STARTED)], STARTED)))
]
FinishedEvent = Annotated[
    JobEvent, _body(_checked(JobEvent, "JobFinished", kind=(Annotated[str, one_of(FINISHED)], FINISHED)))
]
Sample = Annotated[JobSample, _body(_checked(JobSample))]
NodeState = Annotated[NodeSample, _body(_checked(NodeSample))]

EVENT: TypeAdapter[JobEvent] = TypeAdapter(Event)


class EventBatch(BaseModel):
    """Events, each judged by itself: what is none is left as it was sent, and does not keep the others out."""

    events: Annotated[list[Annotated[Event | Any, Field(union_mode="left_to_right")]], Field(max_length=MAX_EVENTS)]


class SampleBatch(BaseModel):
    """What jobs used on nodes, and how the nodes fare."""

    samples: Annotated[list[Sample], Field(max_length=MAX_SAMPLES)] = []
    nodes: Annotated[list[NodeState], Field(max_length=MAX_SAMPLES)] = []
