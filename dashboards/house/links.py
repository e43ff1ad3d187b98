"""Links between dashboards. All carry the time range and the data source; a link about a thing carries the thing too.

panels.table(..., columns=[Column("node", "Node", link=links.NODE)])    # on each name in the column
panels.timeseries(..., link=links.NODE)                                 # on each series; they have the label node
"""

from __future__ import annotations

from dataclasses import dataclass

from grafana_foundation_sdk.builders import dashboard as builders
from grafana_foundation_sdk.models import dashboard as models

from . import uids

TAG = "slurm-observability"


@dataclass(frozen=True)
class Link:
    """Leads to the dashboard `uid`. Each of `labels` becomes the variable of that name there, and ends the title."""

    title: str
    uid: str
    labels: tuple[str, ...] = ()
    # Variables that get their value from a label of another name: pairs of variable and label.
    renamed: tuple[tuple[str, str], ...] = ()
    # False where the data source here is not the one over there.
    keep_datasource: bool = True
    # Columns with the time range over there, in milliseconds; without them it is the one here.
    times: tuple[str, str] | None = None

    def from_row(self) -> _DashboardLink:
        """A link in a table, where the values are in columns of the row."""
        return self._build("__data.fields")

    def from_series(self) -> _DashboardLink:
        """A link on a series, where the values are in its labels."""
        return self._build("__field.labels")

    def _build(self, where: str) -> _DashboardLink:
        pairs = (*((label, label) for label in self.labels), *self.renamed)
        values = {variable: f"${{{where}.{label}}}" for variable, label in pairs}
        parameters = [
            *(["${datasource:queryparam}"] if self.keep_datasource else []),
            *(f"var-{variable}={value}" for variable, value in values.items()),
            self._time_range(where),
        ]
        return _DashboardLink(" ".join([self.title, *values.values()])).url(f"/d/{self.uid}?{'&'.join(parameters)}")

    def _time_range(self, where: str) -> str:
        if self.times is None:
            return "${__url_time_range}"
        return "from=${{{0}.{1}}}&to=${{{0}.{2}}}".format(where, *self.times)


class _DashboardLink(builders.DashboardLink):
    """A link that stays in sight: the SDK puts every link into a menu that only Grafana 12.3 and later have."""

    def build(self) -> models.DashboardLink:
        """Build the link."""
        link = super().build()
        link.placement = None  # type: ignore[assignment]
        return link


NODE = Link("Node", uids.NODE, ("node",))
JOB = Link("Job", uids.JOB, ("job_id",))
QUEUE = Link("Queue of partition", uids.QUEUE, ("partition",))
GPUS = Link("GPUs of partition", uids.GPUS, ("partition",))


def all_dashboards() -> _DashboardLink:
    """A menu of all dashboards of the set, in the head of each. Variables that both have keep their values."""
    return (
        _DashboardLink("Slurm dashboards")
        .type(models.DashboardLinkType.DASHBOARDS)
        .tags([TAG])
        .as_dropdown(True)
        .include_vars(True)
        .keep_time(True)
    )
