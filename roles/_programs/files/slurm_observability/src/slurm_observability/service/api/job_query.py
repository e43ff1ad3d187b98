"""What can be asked of the list of runs."""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from ..states import STATES
from ..store.runs import SORTS, STARTED, RunFilter
from .bodies import Text, one_of
from .times import Time

MAX_PAGE = 1000
ASCENDING, DESCENDING = "asc", "desc"

_Number = Annotated[int, Field(ge=0, le=2**32 - 1)]


class JobQuery(BaseModel):
    """Which runs, and in what order. A parameter that is unknown is refused: misspelt, it would let all through."""

    model_config = ConfigDict(extra="forbid")

    cluster: Text = ""
    user: Text = ""
    account: Text = ""
    partition: Text = ""
    qos: Text = ""
    name: Text = ""
    node: Text = Field("", description="a node that the run was on, by its Slurm name")
    state: list[Annotated[str, one_of(*STATES)]] = Field([], description="may be given several times")
    job_id: _Number | None = None
    array_job_id: _Number | None = None
    het_job_id: _Number | None = None
    submitted_after: Time | None = Field(None, description="seconds since 1970, or like 2026-01-26T12:00:00Z")
    submitted_before: Time | None = None
    started_after: Time | None = None
    started_before: Time | None = None
    ended_after: Time | None = None
    ended_before: Time | None = None
    sort: Annotated[str, one_of(*SORTS)] = STARTED
    order: Annotated[str, one_of(ASCENDING, DESCENDING)] = DESCENDING
    limit: int = Field(100, ge=1, le=MAX_PAGE)
    cursor: str | None = Field(None, max_length=1000, description="next of the page before")

    def wanted(self) -> RunFilter:
        """Return what the store is asked for."""
        return RunFilter(
            **self.model_dump(exclude={"state", "order", "limit", "cursor"}),
            states=tuple(self.state),
            descending=self.order == DESCENDING,
        )
