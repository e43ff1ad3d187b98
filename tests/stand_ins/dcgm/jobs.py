"""The label hpc_job: whose a GPU is, from a directory with a file for each GPU and a job on each line."""

from __future__ import annotations

import re
from pathlib import Path

_GPU_FILE = re.compile(r"\d+(\.\d+)?")


def of_gpus(directory: Path | None) -> dict[str, list[str]]:
    """Return the jobs of each GPU by its name; none without the directory. Raises OSError for a file without access."""
    if directory is None or not directory.is_dir():
        return {}
    files = [path for path in directory.iterdir() if path.is_file() and _GPU_FILE.fullmatch(path.name)]
    return {path.name: path.read_text().splitlines() for path in files}
