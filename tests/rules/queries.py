"""Print the queries of the exporter's reference page as recording rules, for promtool to check."""

from __future__ import annotations

import json

from slurm_observability.exporter.catalogue import groups
from slurm_observability.metrics.reference import query

METRICS = [metric for metrics in groups().values() for metric in metrics]

# JSON is YAML.
print(
    json.dumps(
        {
            "groups": [
                {
                    "name": "reference",
                    "rules": [{"record": f"reference:{metric.name}", "expr": query(metric)} for metric in METRICS],
                }
            ]
        }
    )
)
