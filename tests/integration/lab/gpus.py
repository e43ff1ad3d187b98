"""The GPUs of the lab, which the stand-in of DCGM makes up: what Prometheus has of them, and how they go wrong."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from tests.integration.lab.support import Lab, Prometheus, wait_until

STATE = "/var/lib/dcgm-stand-in/gpus.json"
GPUS = {"node1": 4.0, "node2": 4.0}
# DCGM is asked, Prometheus scrapes, and the recording rules run every 30 s each; the alerts every 15 s.
ONE_ROUND_SECONDS = 120


def numbers(prometheus: Prometheus, query: str, label: str = "node") -> dict[str, float]:
    """Return the result of a query, by a label."""
    return {
        series["metric"].get(label, ""): float(series["value"][1])
        for series in prometheus.get("query", query=query)["result"]
    }


def set_gpus(lab: Lab, node: str, gpus: Mapping[str, Mapping[str, Any]]) -> None:
    """Make the GPUs of a node do otherwise than usual, by their indices (tests/stand_ins/dcgm/state.py)."""
    lab.run(node, f"mkdir -p $(dirname {STATE}) && echo '{json.dumps({'gpus': gpus})}' > {STATE}")


def throw_xid(lab: Lab, node: str, gpu: int, xid: int) -> None:
    """Make a GPU throw an XID. 0 takes the others away, as when the driver is loaded again."""
    lab.run(node, f"dcgmi test --inject --gpuid {gpu} -f 230 -v {xid}")


def make_well(lab: Lab, prometheus: Prometheus) -> None:
    """Make all GPUs of the lab well, and wait until they are seen."""
    for node in GPUS:
        lab.run(node, f"rm -f {STATE}; systemctl start nvidia-dcgm nvidia-dcgm-exporter")
    wait_until("all GPUs are back", lambda: numbers(prometheus, "node:gpus:count") == GPUS, ONE_ROUND_SECONDS)
