"""The GPU-to-job map of dcgm-exporter: ids that no hook took out are taken out here.

A file for each GPU, with the id of a job on each line. The hooks add the ids of their jobs and take them out again; an
Epilog that did not run leaves its own behind, and the GPU's metrics carry the label of a job that is over.
"""

from __future__ import annotations

import fcntl
import logging
import os
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

log = logging.getLogger(__name__)

# A Prolog writes the map and its event, and the event takes a moment to get here: an id has to be nobody's for so long.
STALE_SECONDS = 120.0


class GpuMap:
    """Keeps the map free of jobs that are not on the node. Use from one thread; ``removed`` counts the ids."""

    def __init__(self, directory: Path) -> None:
        self.removed = 0
        self._directory = directory
        self._stale_since: dict[tuple[str, str], float] = {}

    def clean(self, job_ids: Collection[int], steady: float) -> None:
        """Take out the ids that have been those of no job of the node for a while. ``steady`` is the time in seconds.

        Without a map, or while a hook is at it, nothing happens.
        """
        try:
            with _locked(self._directory):
                self._clean({str(job_id) for job_id in job_ids}, steady)
        except OSError as error:
            log.debug("the map of GPUs to jobs cannot be cleaned: %s", error)

    def _clean(self, known: Collection[str], steady: float) -> None:
        entries = {path: path.read_text(errors="replace").split() for path in self._files()}
        stale = {(path.name, job_id) for path, job_ids in entries.items() for job_id in job_ids if job_id not in known}
        self._stale_since = {each: self._stale_since.get(each, steady) for each in stale}
        for path, job_ids in entries.items():
            kept = [each for each in job_ids if not self._is_old((path.name, each), steady)]
            if kept != job_ids:
                self.removed += len(job_ids) - len(kept)
                log.warning(
                    "GPU %s had jobs in the map that are not here: %s", path.name, set(job_ids).difference(kept)
                )
                _replace(path, kept)

    def _is_old(self, entry: tuple[str, str], steady: float) -> bool:
        return steady - self._stale_since.get(entry, steady) >= STALE_SECONDS

    def _files(self) -> Iterator[Path]:
        return (
            path
            for path in self._directory.iterdir()
            if path.name[0].isdigit() and path.is_file() and not path.is_symlink()
        )


@contextmanager
def _locked(directory: Path) -> Iterator[None]:
    """Hold the lock that the hooks hold while they change the map: that of its directory. Raises OSError when taken."""
    descriptor = os.open(directory, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        yield
    finally:
        os.close(descriptor)


def _replace(path: Path, job_ids: Sequence[str]) -> None:
    """Write the file of a GPU anew; without a job there is none, as an empty one is an error to dcgm-exporter."""
    if not job_ids:
        path.unlink()
        return
    new = path.with_name(f".tmp.{path.name}")
    new.write_text("".join(f"{job_id}\n" for job_id in job_ids))
    new.chmod(0o644)  # for dcgm-exporter, whatever user that has and whatever umask the agent
    new.replace(path)
