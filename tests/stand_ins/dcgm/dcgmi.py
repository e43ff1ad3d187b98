"""dcgmi, the parts that are needed: health, values that are injected, profiling that pauses, as with NVIDIA's own."""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Sequence
from typing import Any

from . import host_engine
from . import state as states
from .fields import BY_NUMBER, XID

VERDICTS = {0: "Healthy", 10: "Warning", 20: "Failure"}


def main(arguments: Sequence[str] | None = None) -> int:
    """Do what the command line says; return the exit status."""
    parser = argparse.ArgumentParser(prog="dcgmi", description="A stand-in: it changes what made-up GPUs say.")
    commands = parser.add_subparsers(dest="command", required=True)
    test = commands.add_parser("test", help="inject a value")
    test.add_argument("--inject", action="store_true", required=True)
    test.add_argument("--gpuid", type=int, required=True)
    test.add_argument("-f", "--field", type=int, required=True, choices=sorted(BY_NUMBER), metavar="FIELD")
    test.add_argument("-v", "--value", type=float, required=True)
    profile = commands.add_parser("profile", help="pause or resume profiling")
    direction = profile.add_mutually_exclusive_group(required=True)
    direction.add_argument("--pause", action="store_true")
    direction.add_argument("--resume", action="store_true")
    health = commands.add_parser("health", help="tell the health of all GPUs, whose watches are always on")
    health.add_argument("-c", "--check", action="store_true", required=True)
    health.add_argument("-j", "--json", action="store_true", required=True)
    asked = parser.parse_args(arguments)

    if asked.command == "health":
        return _health()

    if asked.command == "profile":
        states.change(lambda state: state.update(paused=asked.pause))
        print(f"Successfully {'paused' if asked.pause else 'resumed'} profiling.")
        return 0
    if asked.gpuid not in states.indices(states.read()):
        print(f"Error: there is no GPU {asked.gpuid}.")
        return 1
    states.change(lambda state: _inject(states.gpu(state, asked.gpuid), BY_NUMBER[asked.field], asked.value))
    print("Successfully injected field info.")
    return 0


def _health() -> int:
    try:
        gpus = host_engine.ask(host_engine.ADDRESS, [])
    except (OSError, ValueError):
        print("Error: unable to establish a connection to the specified host: localhost")
        return 1
    worst, ill = 0, {}
    for gpu in gpus:
        systems = {
            f"{watch} system": {"value": VERDICTS[status], "overflow": [code]}
            for watch, (status, code) in gpu["health"].items()
            if status
        }
        if systems:
            ill[str(gpu["index"])] = {"children": {"Errors": {"children": systems}}}
        worst = max([worst, *(status for status, _code in gpu["health"].values())])
    body: dict[str, Any] = {"GPU": {"children": ill}} if ill else {}
    body["Overall Health"] = {"value": VERDICTS[worst]}
    print(json.dumps({"header": ["Health Monitor Report"], "body": body}))
    return 0


def _inject(gpu: dict[str, Any], name: str, value: float) -> None:
    number = int(value) if value.is_integer() else value
    if name != XID:
        gpu.setdefault("values", {})[name] = number
    elif number:
        gpu.setdefault("xids", []).append([time.time(), number])
    else:
        gpu["xids"] = []  # the driver was loaded again
