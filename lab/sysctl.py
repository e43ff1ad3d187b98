"""Settings of the host's kernel that labs need. They go back to what they were when the last lab is taken down."""

from __future__ import annotations

import json
from pathlib import Path

from lab import state

_SETTINGS = Path("/proc/sys")
_AT_LEAST = {
    # Machines reach apt and pip through the host.
    "net/ipv4/ip_forward": 1,
    # Each machine's systemd holds some thirty, and all guests count as root's. The kernel's default of 128 is used up
    # by two labs; services then fail with "Too many open files".
    "fs/inotify/max_user_instances": 1024,
}


def ensure() -> None:
    """Raise what is too low, and remember what it was before the first lab raised it."""
    before = _before()
    for name, least in _AT_LEAST.items():
        setting = _SETTINGS / name
        if (value := int(setting.read_text())) < least:
            before.setdefault(name, value)
            _memory().write_text(json.dumps(before))
            setting.write_text(f"{least}\n")


def restore() -> None:
    """Put everything back. For when no lab is left."""
    for name, value in _before().items():
        (_SETTINGS / name).write_text(f"{value}\n")
    _memory().unlink(missing_ok=True)


def _memory() -> Path:
    return state.home() / "sysctl.before"


def _before() -> dict[str, int]:
    memory = _memory()
    return json.loads(memory.read_text()) if memory.exists() else {}
