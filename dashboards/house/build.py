"""Makes the JSON of all dashboards, and compares it with what ships in the role grafana."""

from __future__ import annotations

import importlib
import json
import pkgutil
import sys
from pathlib import Path
from typing import Any

from grafana_foundation_sdk.cog.encoder import JSONEncoder

import dashboards

FOLDER = Path(__file__).resolve().parents[2] / "roles/grafana/files/dashboards"


def documents() -> dict[str, dict[str, Any]]:
    """Each dashboard as Grafana reads it, by its uid. The modules of the package are the list of dashboards."""
    names = [module.name for module in pkgutil.iter_modules(dashboards.__path__) if not module.ispkg]
    modules = [importlib.import_module(f"dashboards.{name}") for name in sorted(names) if name != "__main__"]
    built = [json.loads(json.dumps(module.dashboard().build(), cls=JSONEncoder)) for module in modules]
    return {document["uid"]: document for document in built}


def files() -> dict[Path, str]:
    """What ships: a file for each dashboard, sorted, so that a change shows as itself in a diff."""
    return {
        FOLDER / f"{uid}.json": json.dumps(document, indent=2, sort_keys=True, ensure_ascii=False) + "\n"
        for uid, document in documents().items()
    }


def write() -> int:
    """Write the files that changed, and remove those of dashboards that are gone."""
    wanted = files()
    FOLDER.mkdir(parents=True, exist_ok=True)
    for path in differing(wanted):
        if path in wanted:
            path.write_text(wanted[path], encoding="utf-8")
        else:
            path.unlink()
        print(path.name)
    return 0


def check() -> int:
    """Fail if a file is not what the code makes."""
    differ = differing(files())
    for path in differ:
        print(f"{path.name} is not what dashboards/ makes: run bin/dashboards build", file=sys.stderr)
    return 1 if differ else 0


def differing(wanted: dict[Path, str]) -> list[Path]:
    """Files that are missing, have other contents, or are of no dashboard."""
    present = {path: path.read_text(encoding="utf-8") for path in FOLDER.glob("*.json")}
    return sorted(path for path in wanted.keys() | present.keys() if wanted.get(path) != present.get(path))
