"""The metrics page, in the form of dcgm-exporter 4.5.3-4.8.2."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from .counters import HEALTH, XID_COUNT, Counter
from .fields import XID

Labels = dict[str, str]
# The texts of the codes that tests throw. The real exporter has some more.
XID_TEXTS = {
    0: "No Error",
    13: "Graphics Engine Exception",
    31: "GPU memory page fault",
    48: "Double Bit ECC Error",
    63: "ECC page retirement or row remapping recording event",
    74: "NVLINK Error",
    79: "GPU has fallen off the bus",
    94: "Contained ECC error",
    95: "Uncontained ECC error",
}


def page(
    counters: Sequence[Counter],
    gpus: Sequence[Mapping[str, Any]],
    *,
    jobs: Mapping[str, Sequence[str]],
    hostname: str,
    since: float,
    window_ms: int,
) -> str:
    """Return the page. XIDs are counted that came after `since`; an empty host name gives no label."""
    blocks = []
    for counter in counters:
        if counter.kind == "label":
            continue
        lines = []
        for gpu in gpus:
            shown = _labels(counters, gpu, hostname)
            for own, value in _series(counter, gpu, since, window_ms):
                for job in jobs.get(str(gpu["index"]), []) or [""]:
                    attributes = dict(sorted({**own, **({"hpc_job": job} if job else {})}.items()))
                    pairs = ",".join(f'{name}="{text}"' for name, text in {**shown, **attributes}.items())
                    lines.append(f"{counter.name}{{{pairs}}} {value}\n")
        if lines:
            head = f"# HELP {counter.name} {counter.help}\n# TYPE {counter.name} {counter.kind}\n"
            blocks.append(head + "".join(lines))
    return "".join(blocks)


def _labels(counters: Sequence[Counter], gpu: Mapping[str, Any], hostname: str) -> Labels:
    labels = {
        "gpu": str(gpu["index"]),
        "UUID": gpu["uuid"],
        "pci_bus_id": gpu["pci_bus_id"],
        "device": f"nvidia{gpu['index']}",
        "modelName": gpu["model"],
    }
    if hostname:
        labels["Hostname"] = hostname
    asked = sorted(counter.name for counter in counters if counter.kind == "label")
    return labels | {name: gpu["values"][name] for name in asked if name in gpu["values"]}


def _series(counter: Counter, gpu: Mapping[str, Any], since: float, window_ms: int) -> Iterator[tuple[Labels, str]]:
    if counter.name == XID_COUNT:
        window = {"window_size_in_ms": str(window_ms)}
        codes = [code for when, code in gpu["xids"] if when >= since]
        for code in sorted(set(codes)):
            yield {**window, "xid": str(code)}, str(codes.count(code))
        if not codes:
            yield window, "0"
    elif counter.name == HEALTH:
        for watch, (status, error) in gpu["health"].items():
            yield {"health_watch": watch, "health_error_code": error}, str(status)
    elif counter.name in gpu["values"]:
        value = gpu["values"][counter.name]
        own = {"err_code": str(value), "err_msg": XID_TEXTS.get(value, "Unknown Error")} if counter.name == XID else {}
        yield own, f"{value:f}" if isinstance(value, float) else str(value)
