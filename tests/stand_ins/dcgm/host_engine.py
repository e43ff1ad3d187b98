"""nv-hostengine: answers what the GPUs of the machine do. A connection is one question and one answer, in JSON."""

from __future__ import annotations

import json
import socket
import socketserver
import time
import uuid
from collections.abc import Iterable
from typing import Any

from . import state as states
from .fields import FIELDS, HOPPER, SPOILER, SPOILT, XID
from .work import Meter

ADDRESS = ("127.0.0.1", 5555)
# XIDs after which DCGM's health check calls the whole GPU failed.
DEVASTATING = {79, 95}
WATCHES = ("PCIE", "NVLINK", "PMU", "MCU", "MEM", "SM", "INFOROM", "THERMAL", "POWER", "DRIVER", "ALL")
_METER = Meter()


def answer(asked: Iterable[str]) -> list[dict[str, Any]]:
    """Return what each GPU that is there says to the fields. A field without a value (N/A) is left out."""
    state = states.read()
    asked = tuple(asked)
    return [_gpu(state, index, asked) for index in states.indices(state)]


def _gpu(state: dict[str, Any], index: int, asked: tuple[str, ...]) -> dict[str, Any]:
    known = state.get("gpus", {}).get(str(index), {})
    xids = [(when, code) for when, code in known.get("xids", [])]
    last = max(xids, default=(0, 0))[1]
    load = _METER.load(index, known, time.time())
    generation = state.get("generation", HOPPER)
    values = {}
    for name in asked:
        field = FIELDS[name]
        spoilt = SPOILER in asked and name.startswith(SPOILT)
        if field.only in ("", generation) and not spoilt and not (field.profiling and state.get("paused")):
            values[name] = field.healthy(load)
    injected = known.get("values", {})
    values |= {name: type(values[name])(injected[name]) for name in injected if name in values}
    if XID in values:
        values[XID] = last
    health = {watch: [0, "DCGM_FR_OK"] for watch in WATCHES}
    if last in DEVASTATING:
        health["ALL"] = [20, "DCGM_FR_XID_ERROR"]
    return {
        "index": index,
        "uuid": f"GPU-{uuid.uuid5(uuid.NAMESPACE_DNS, f'{socket.gethostname()}/{index}')}",
        "pci_bus_id": f"00000000:{index + 1:02X}:00.0",
        "model": "Stand-in, no GPU",
        "values": values,
        "xids": xids,
        "health": health | known.get("health", {}),
    }


def ask(address: tuple[str, int], asked: Iterable[str]) -> list[dict[str, Any]]:
    """Ask the host engine at an address. Raises OSError when it is not there, ValueError when it answers otherwise."""
    with socket.create_connection(address, timeout=5) as connection:
        connection.sendall(json.dumps(list(asked)).encode() + b"\n")
        with connection.makefile("rb") as stream:
            gpus = json.loads(stream.readline() or "null")
    if not isinstance(gpus, list):
        raise ValueError("the host engine cannot say what the GPUs do")
    return gpus


class _Question(socketserver.StreamRequestHandler):
    def handle(self) -> None:
        line = self.rfile.readline()
        if line:
            self.wfile.write(json.dumps(answer(json.loads(line))).encode() + b"\n")


class _Server(socketserver.ThreadingTCPServer):
    allow_reuse_address = True
    daemon_threads = True


def main() -> None:
    """Answer until the end."""
    print("This is a stand-in of nv-hostengine: it measures no GPU.", flush=True)
    with _Server(ADDRESS, _Question) as server:
        server.serve_forever()
