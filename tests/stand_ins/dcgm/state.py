"""What the GPUs of the machine do: a file that the host engine reads at each question, and that people may write.

    {"generation": "hopper", "count": 4, "paused": false,
     "gpus": {"2": {"present": false, "values": {"DCGM_FI_DEV_GPU_TEMP": 95}, "xids": [[1790000000, 79]],
                    "health": {"MEM": [20, "DCGM_FR_VOLATILE_DBE_DETECTED"]}},
              "3": {"load": 0.3}}}

All is optional. A load is how much of the usual work a GPU does while a job holds it. Without a count the machine has
as many GPUs as device files /dev/nvidia0, /dev/nvidia1, ….
"""

from __future__ import annotations

import fcntl
import json
import os
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

PATH = Path(os.environ.get("DCGM_STAND_IN_STATE", "/var/lib/dcgm-stand-in/gpus.json"))
DEVICES = Path("/dev")


def read() -> dict[str, Any]:
    """Return the state, {} where nobody wrote one. Raises ValueError for what is no JSON object."""
    try:
        state = json.loads(PATH.read_text())
    except FileNotFoundError:
        return {}
    if not isinstance(state, dict):
        raise ValueError(f"{PATH} holds no JSON object")
    return state


def change(alter: Callable[[dict[str, Any]], None]) -> None:
    """Let `alter` change the state; whoever comes at the same time waits."""
    PATH.parent.mkdir(parents=True, exist_ok=True)
    with (PATH.parent / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        state = read()
        alter(state)
        new = PATH.with_suffix(".new")
        new.write_text(json.dumps(state, indent=2) + "\n")
        new.replace(PATH)


def gpu(state: dict[str, Any], index: int) -> dict[str, Any]:
    """Return the part of the state that is about a GPU, made when it is not there yet."""
    of_gpu: dict[str, Any] = state.setdefault("gpus", {}).setdefault(str(index), {})
    return of_gpu


def indices(state: dict[str, Any]) -> list[int]:
    """Return the indices of the GPUs that are there."""
    count = state.get("count")
    if count is None:
        count = sum(1 for path in DEVICES.iterdir() if re.fullmatch(r"nvidia\d+", path.name))
    gpus = state.get("gpus", {})
    return [index for index in range(count) if gpus.get(str(index), {}).get("present", True)]
