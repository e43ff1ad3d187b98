"""The API keeps what its OpenAPI document promises, for values made from it, good ones and bad ones."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
import schemathesis
from hypothesis import HealthCheck, given, settings
from schemathesis import Case, GenerationMode

from tests.unit.programs.service.api.conftest import Running, end, event, token_file

# So many requests of each kind for each operation. Always the same ones: a commit is not to fail by luck.
EXAMPLES = 15
OPERATIONS = {
    "POST /v1/events/job-started",
    "POST /v1/events/job-finished",
    "POST /v1/events",
    "POST /v1/samples",
    "GET /v1/jobs",
    "GET /v1/jobs/{id}",
    "GET /v1/jobs/{id}/samples",
    "GET /v1/jobs/{id}/events",
    "GET /v1/jobs/{id}/summary",
    "GET /v1/nodes",
    "GET /v1/usage",
    "GET /v1/health",
    "GET /metrics",
}
# Nothing can be wrong with what these are asked.
WITHOUT_INPUT = {"GET /v1/nodes", "GET /v1/health", "GET /metrics"}


@pytest.mark.parametrize("mode", list(GenerationMode), ids=lambda mode: mode.value)
def test_what_the_document_promises(start: Callable[..., Running], tmp_path: Path, mode: GenerationMode) -> None:
    tokens, path = token_file(tmp_path, "admin")
    running = start(token_file=path)
    running.parts.service.background.start()
    client = running.with_token(tokens["admin"])
    client.post("/v1/events", {"events": [event(1), end(1)]})
    running.parts.store.set_summary(1, {"cpu_efficiency": 0.5})
    schema = schemathesis.openapi.from_dict(client.get("/openapi.json").body)
    asked = set()

    for result in schema.get_all_operations():
        operation = result.ok()
        asked.add(operation.label)
        if mode is GenerationMode.NEGATIVE and operation.label in WITHOUT_INPUT:
            continue

        @given(case=operation.as_strategy(generation_mode=mode))
        @settings(max_examples=EXAMPLES, derandomize=True, database=None, suppress_health_check=list(HealthCheck))
        def ask(case: Case) -> None:
            if mode is GenerationMode.POSITIVE:
                # What no document can say: which runs there are, and that a cursor is what was handed out before.
                case.query.pop("cursor", None)
                if "id" in case.path_parameters:
                    case.path_parameters["id"] = "slurm-1"
            case.call_and_validate(
                base_url=f"http://127.0.0.1:{client.port}", headers={"Authorization": f"Bearer {client.token}"}
            )

        ask()
    running.parts.service.background.stop()
    assert asked == OPERATIONS
