"""What the two tools for AMD's GPUs have in common."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

from .reading import NONSENSE, GpuError

# Both tools are Python programs: a run costs a good part of a second of a core.
PERIOD_SECONDS = 60.0
SECONDS = 30.0
PCI_DEVICES = Path("/sys/bus/pci/devices")

_BUS_ID = re.compile(r"[0-9A-Fa-f]{4,8}:[0-9A-Fa-f]{2}:[0-9A-Fa-f]{2}\.[0-7]")


def json_of(tool: str, text: str) -> Any:
    """Return the JSON that a tool printed, after the warnings that come before it. Raises GpuError without any."""
    starts = [place for bracket in "[{" if (place := text.find(bracket)) >= 0]
    for start in sorted(starts):
        try:
            return json.JSONDecoder().raw_decode(text, start)[0]
        except (ValueError, RecursionError):
            continue
    raise GpuError(f"{tool} printed no JSON", NONSENSE)


def render_minor(bus_id: object, devices: Path = PCI_DEVICES) -> int | None:
    """Return the N of the device file /dev/dri/renderDN of a GPU, by its place on the PCI bus."""
    if not isinstance(bus_id, str) or not _BUS_ID.fullmatch(bus_id):
        return None
    try:
        names = [path.name for path in (devices / bus_id.lower() / "drm").iterdir()]
    except OSError:
        return None
    return min((int(name[7:]) for name in names if re.fullmatch(r"renderD\d{1,5}", name)), default=None)
