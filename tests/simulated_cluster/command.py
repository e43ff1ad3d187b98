"""Run a command, or fail with its own words."""

from __future__ import annotations

import subprocess


def run(*command: str, stdin: str | None = None) -> str:
    """Run a command and return what it printed; raise RuntimeError with its own words when it fails."""
    done = subprocess.run(command, input=stdin, capture_output=True, text=True, errors="replace", check=False)
    if done.returncode != 0:
        raise RuntimeError(f"{' '.join(command)[:200]} failed with code {done.returncode}: {done.stderr.strip()}")
    return done.stdout
