"""Print the reference page of the API: ``python -m slurm_observability.service.reference``."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from ..metrics.metric import Metric
from ..metrics.reference import table
from . import active_runs, admin_comment, job_metrics, metrics, slurm_usage_metrics
from .api.operations import Operation, Value, operations, records
from .app import described
from .reconcile import metrics as reconciliation
from .summary import summariser


def groups() -> dict[str, Sequence[Metric]]:
    """Return all metrics of the service by heading."""
    return {
        "The service itself": metrics.METRICS,
        "Runs": (active_runs.RUNS,),
        "What Slurm says": (*reconciliation.METRICS, summariser.SUMMARIES, *admin_comment.METRICS),
        "What Slurm measured of jobs": slurm_usage_metrics.METRICS,
        "Jobs and nodes, with --metrics-of-jobs yes": job_metrics.METRICS,
    }


def reference() -> str:
    """Return the page as Markdown."""
    document = described().openapi()
    lines = [
        "# The API of job-observability",
        "",
        "Made from the program's own OpenAPI document, which it serves at `/openapi.json`, and from its catalogue of",
        "metrics; a test holds them together. How it is used is in [job-service.md](job-service.md).",
        "",
        document["info"]["description"],
    ]
    for operation in operations(document):
        lines += [*_operation(operation), ""]
    lines += ["# Records", ""]
    for record in records(document):
        lines += [f"## {record.name}", "", record.text, "", *_values(record.members), ""]
    lines += ["# Metrics", ""]
    for title, found in groups().items():
        lines += [f"## {title}", "", *table(found), ""]
    return "\n".join(lines)


def _operation(operation: Operation) -> Iterator[str]:
    yield from (f"## {operation.method} {operation.path}", "", operation.text)
    if operation.parameters:
        yield from ("", *_values(operation.parameters))
    answers = [f"{status}: {_link(answer)}" for status, answer in operation.answers.items()]
    problems = [f"{', '.join(operation.problems)}: {_link('Problem')}"] if operation.problems else []
    takes = [f"Takes {_link(operation.body)}."] if operation.body else []
    yield from ("", " ".join([*takes, f"Answers {'; '.join([*answers, *problems])}."]))


def _values(values: Sequence[Value]) -> list[str]:
    rows = [f"| `{value.name}` | {_cell(value.kind)} | {_cell(value.meaning)} |" for value in values]
    return ["| name | type | |", "|---|---|---|", *rows]


def _link(name: str) -> str:
    return f"[{name}](#{name.lower()})" if name.isalnum() else _cell(name).rstrip(".")


def _cell(text: str) -> str:
    return " ".join(text.replace("|", "\\|").split())


if __name__ == "__main__":
    print(reference(), end="")
