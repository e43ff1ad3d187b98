"""Queries of panels: PromQL, and SQL for the database of jobs."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from string import ascii_uppercase

from grafana_foundation_sdk.builders import prometheus
from grafana_foundation_sdk.cog import builder, variants
from grafana_foundation_sdk.models import common
from grafana_foundation_sdk.models.prometheus import PromQueryFormat

# The data source that the reader has chosen; see variables.datasource().
PROMETHEUS = common.DataSourceRef("prometheus", "${datasource}")
POSTGRES = common.DataSourceRef("postgres", "${postgres_datasource}")


@dataclass(frozen=True)
class Query:
    """PromQL, and what each of its series is called: the legend, with {{label}}; in a table the title of the column."""

    expr: str
    legend: str
    # Of its line in a graph, where the colour means something; else Grafana takes the next of its palette.
    color: str = ""

    def over_time(self, ref_id: str) -> prometheus.Dataquery:
        """The query at each moment of the time range."""
        return self._named(ref_id).range()

    def at_the_end(self, ref_id: str) -> prometheus.Dataquery:
        """The query at the end of the time range only."""
        return self._named(ref_id).instant()

    def as_rows(self, ref_id: str) -> prometheus.Dataquery:
        """The query at the end of the time range, a row for each series."""
        return self.at_the_end(ref_id).format(PromQueryFormat.TABLE)

    def _named(self, ref_id: str) -> prometheus.Dataquery:
        return prometheus.Dataquery().expr(self.expr).legend_format(self.legend).ref_id(ref_id).datasource(PROMETHEUS)


def of_jobs(*labels: str, info: str = "slurm_job_info") -> str:
    """What gives labels of Slurm to a series of each job. One that was renamed has several; one of them is taken."""
    return f"* on (job_id) group_left ({', '.join(labels)}) topk by (job_id) (1, {info})"


def with_ref_ids(queries: Iterable[Query]) -> Iterator[tuple[str, Query]]:
    """The queries of a panel, each with the letter by which Grafana tells them apart."""
    return zip(ascii_uppercase, queries, strict=False)


@dataclass(frozen=True)
class Sql(variants.Dataquery, builder.Builder[variants.Dataquery]):
    """SQL for PostgreSQL. The SDK has no model of it."""

    statement: str

    def build(self) -> variants.Dataquery:
        """The query as it stands in the panel."""
        return self

    def to_json(self) -> dict[str, object]:
        """Grafana's own form of it."""
        return {
            "datasource": POSTGRES,
            "editorMode": "code",
            "format": "table",
            "rawQuery": True,
            "rawSql": self.statement,
            "refId": "A",
        }
