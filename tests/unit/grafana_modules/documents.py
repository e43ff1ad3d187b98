"""Dashboards for the tests."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

Document = dict[str, Any]


def dashboard(uid: str | None = "gpu-monitoring", title: str = "GPU", **more: Any) -> Document:
    """A dashboard of the newest schema."""
    panel = {"id": 1, "type": "timeseries", "datasource": {"type": "prometheus", "uid": "prometheus"}}
    document = {"title": title, "tags": ["slurm"], "schemaVersion": 42, "panels": [panel], **more}
    return document if uid is None else {"uid": uid, **document}


def exported(*inputs: Document, **more: Any) -> Document:
    """A dashboard as Grafana exports it for sharing."""
    panel = {"id": 1, "type": "timeseries", "datasource": {"type": "prometheus", "uid": "${DS_PROMETHEUS}"}}
    return {
        "__inputs": list(inputs),
        "__elements": {},
        "__requires": [{"type": "grafana", "id": "grafana", "name": "Grafana", "version": "8.0.0"}],
        "id": None,
        **dashboard(panels=[panel]),
        **more,
    }


PROMETHEUS = {"name": "DS_PROMETHEUS", "label": "Prometheus", "type": "datasource", "pluginId": "prometheus"}


def write(folder: Path, **documents: Document) -> str:
    """A folder with a file for each document; its path."""
    folder.mkdir(exist_ok=True)
    for name, document in documents.items():
        (folder / f"{name}.json").write_text(json.dumps(document))
    return str(folder)
