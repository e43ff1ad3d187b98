"""How the service fares. What is answered here waits for nothing, however busy the database is."""

from __future__ import annotations

from http import HTTPStatus
from typing import Literal

from fastapi import APIRouter, Request, Response
from fastapi.responses import PlainTextResponse
from pydantic import BaseModel

from ... import __version__
from ...metrics import process
from ...metrics.exposition import CONTENT_TYPE, render
from ..metrics import own_families, task_families
from .access import ServiceOf
from .errors import problems, unauthorized

UNAVAILABLE = "cannot be used"
HEALTH, METRICS = "/v1/health", "/metrics"

router = APIRouter(tags=["health"])


class Health(BaseModel):
    """How the service fares.

    ``database`` is ``ok``, or why it cannot be used, which only the bearer of a token is told. ``failing`` names the
    background tasks whose last run failed.
    """

    status: Literal["ok", "degraded"]
    database: str
    failing: list[str]
    version: str


@router.get(HEALTH, responses={503: {"model": Health, "description": "The database cannot be used."}})
async def health(request: Request, response: Response, service: ServiceOf) -> Health:
    """Return whether the service works. 503 means that it stores nothing now; senders keep what they have."""
    problem = service.readiness.problem
    failing = sorted(name for name, task in service.background.health.items() if task.problem)
    if problem:
        response.status_code = HTTPStatus.SERVICE_UNAVAILABLE
    return Health(
        status="degraded" if problem or failing else "ok",
        database="ok" if not problem else problem if request.state.sender else UNAVAILABLE,
        failing=failing,
        version=__version__,
    )


@router.get(
    METRICS,
    response_class=PlainTextResponse,
    response_description="metrics as text",
    responses=problems(HTTPStatus.UNAUTHORIZED),
)
async def metrics(request: Request, service: ServiceOf) -> Response:
    """Return the service's own metrics for Prometheus."""
    if not service.open_metrics and request.state.sender is None:
        raise unauthorized()
    families = [
        *own_families(not service.readiness.problem, service.audit.errors),
        *service.counts.families(),
        *task_families(service.background.health),
        *(family for families in service.families for family in families()),
        *process.families(),
    ]
    return Response(render(families), media_type=CONTENT_TYPE)
