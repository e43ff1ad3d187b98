"""Variables of dashboards. Those of the same name mean the same everywhere, so links can carry them.

In a query: `partition=~"$partition"` where the label is one partition, IN_PARTITIONS where it lists those of a node.
"""

from __future__ import annotations

from grafana_foundation_sdk.builders import dashboard as builders
from grafana_foundation_sdk.models import dashboard as models

from .queries import PROMETHEUS

# Nodes carry all their partitions in one label, with commas between.
IN_PARTITIONS = 'partition=~"(.*,)?$partition(,.*)?"'


def datasource() -> builders.DatasourceVariable:
    """Which Prometheus to read. Grafana's default one is chosen at first."""
    return builders.DatasourceVariable("datasource").label("Data source").type("prometheus")


def postgres_datasource() -> builders.DatasourceVariable:
    """Which PostgreSQL has the job service's database. Its name differs, for links must not carry one for the other."""
    return builders.DatasourceVariable("postgres_datasource").label("Postgres data source").type("postgres")


def partition() -> builders.QueryVariable:
    """Partitions of Slurm: all at first."""
    return several("partition", "Partition", "label_values(slurm_partition_nodes, partition)")


def node() -> builders.QueryVariable:
    """One host that node_exporter runs on."""
    return one("node", "Node", "label_values(node_uname_info, node)")


def job() -> builders.QueryVariable:
    """One job that ran in the time range. The number of any other can be typed in."""
    return one("job_id", "Job", "label_values(slurm_job_info, job_id)").sort(models.VariableSort.NUMERICAL_DESC)


def one(name: str, label: str, query: str) -> builders.QueryVariable:
    """A variable with one value out of those that the query finds in the time range."""
    return (
        builders.QueryVariable(name)
        .label(label)
        .datasource(PROMETHEUS)
        .query({"query": query, "refId": f"{name}-variable"})
        .definition(query)
        .refresh(models.VariableRefresh.ON_TIME_RANGE_CHANGED)
        .sort(models.VariableSort.NATURAL_ASC)
    )


def several(name: str, label: str, query: str) -> builders.QueryVariable:
    """A variable with any number of the values that the query finds. All of them match also what has no such label."""
    return (
        one(name, label, query)
        .multi(True)
        .include_all(True)
        .all_value(".*")
        .current(models.VariableOption(selected=True, text=["All"], value=["$__all"]))
    )
