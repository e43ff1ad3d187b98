"""What users and accounts held, and what they used of it."""

from __future__ import annotations

import time
from typing import Annotated

from fastapi import APIRouter, Query
from pydantic import BaseModel

from ..store.usage import UsageRow
from .access import Reader, StoreOf
from .errors import EVERYWHERE
from .times import Time

router = APIRouter(prefix="/v1/usage", tags=["usage"], dependencies=[Reader], responses=EVERYWHERE)

DAY = 86400.0


class Usage(BaseModel):
    """What was held and used from ``since`` to ``until``, by user, account and partition."""

    since: float
    until: float
    usage: list[UsageRow]


@router.get("")
def usage(
    store: StoreOf,
    since: Annotated[Time | None, Query(description="from here on; seven days ago by default")] = None,
    until: Annotated[Time | None, Query(description="up to here; now by default")] = None,
) -> Usage:
    """Add up what runs held and used. Of a run that lies in the period in part, this part counts."""
    end = time.time() if until is None else until
    start = max(0.0, end - 7 * DAY) if since is None else since
    return Usage(since=start, until=end, usage=store.usage(start, end))
