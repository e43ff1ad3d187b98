"""dcgmi, the parts that a test needs: values are injected, and profiling is paused, as with NVIDIA's own."""

from __future__ import annotations

import argparse
import time
from collections.abc import Sequence
from typing import Any

from . import state as states
from .fields import BY_NUMBER, XID


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
    asked = parser.parse_args(arguments)

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


def _inject(gpu: dict[str, Any], name: str, value: float) -> None:
    number = int(value) if value.is_integer() else value
    if name != XID:
        gpu.setdefault("values", {})[name] = number
    elif number:
        gpu.setdefault("xids", []).append([time.time(), number])
    else:
        gpu["xids"] = []  # the driver was loaded again
