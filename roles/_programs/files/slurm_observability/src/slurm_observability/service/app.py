"""The application: the routes, and what stands before them."""

from __future__ import annotations

from fastapi import FastAPI

from .. import __version__
from .api import documentation, errors, events, health, jobs, nodes, samples, usage
from .http.intake import Intake
from .http.measure import Measure
from .service import Service

DESCRIPTION = """\
Every run of every job on record. Times are seconds since 1970, sizes bytes. What is not known is null, or an empty
text. A run is named like slurm-99999; slurm-99999-r1 is the same job after a requeue, slurm-20_3 a task of an array,
slurm-20+1 a component of a het job. Every reader sees the jobs of all users.
"""

# Answered however busy the service is.
OPEN_PATHS = frozenset({health.HEALTH, health.METRICS, documentation.PAGE, documentation.DOCUMENT})


def create_app(service: Service) -> FastAPI:
    """Return the application."""
    app = described()
    app.state.service = service
    errors.install(app)
    app.add_middleware(Intake, tokens=service.tokens, open_paths=OPEN_PATHS)
    app.add_middleware(Measure, counts=service.counts)
    return app


def described() -> FastAPI:
    """Return the routes alone, which is enough to describe the API."""
    app = FastAPI(
        title="job-observability",
        version=__version__,
        description=DESCRIPTION,
        openapi_url=documentation.DOCUMENT,
        # FastAPI's own pages load their scripts from elsewhere; a cluster may have no way there.
        docs_url=None,
        redoc_url=None,
        generate_unique_id_function=lambda route: route.name,
    )
    for part in (events, samples, jobs, nodes, usage, health, documentation):
        app.include_router(part.router)
    return app
