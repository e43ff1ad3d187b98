"""The reference page, the catalogue and what is served are one."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from slurm_observability.service.reference import groups, reference

from tests.unit.programs.service.api.conftest import Running, empty_database, start

__all__ = ["empty_database", "start"]

PAGE = Path(__file__).parents[4] / "docs" / "job-service-api.md"


def test_the_page_is_that_of_the_program() -> None:
    assert PAGE.read_text() == reference(), (
        "run: python -m slurm_observability.service.reference > docs/job-service-api.md"
    )


def test_what_is_served_is_what_is_catalogued(start: Callable[..., Running]) -> None:
    running = start(metrics_of_jobs=True, admin_comment=True)
    background = running.parts.service.background
    for task in background.tasks:
        background.run_once(task)
    page = running.client.get("/metrics").body.decode()
    served = {line.split()[2] for line in page.splitlines() if line.startswith("# TYPE")}
    assert served == {metric.name for metrics in groups().values() for metric in metrics}


def test_the_page_of_the_service_needs_nothing_from_elsewhere(start: Callable[..., Running]) -> None:
    answer = start().client.get("/docs")
    page = answer.body.decode()
    assert "<h2>POST /v1/events/job-started</h2>" in page
    assert "<td>event_id</td><td>string</td>" in page
    assert "//" not in page.replace("<!doctype", "")
    assert answer.headers["content-security-policy"].startswith("default-src 'none'")
