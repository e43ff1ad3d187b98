"""The script and the environment of a batch job, from slurmctld's own files.

Slurmctld keeps them in its StateSaveLocation from the submission until the job leaves its memory, MinJobAge after its
end, in ``hash.<last digit>/job.<id>/``: of an array once, under the id of the array; of a het job for each component.
Jobs of srun and salloc have none. Reading them asks slurmctld nothing.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass
from pathlib import Path

from ..jobs.event import JobEvent
from . import reader
from .reading import Reader, User

log = logging.getLogger(__name__)

# A script (MaxScriptSize of SchedulerParameters), or an environment, that is larger is cut.
MOST_BYTES = 16 << 20


@dataclass(frozen=True)
class Submission:
    """What sbatch was given. ``environment`` is in the form of slurmctld's file, None where it is gone."""

    script: bytes
    environment: bytes | None


class StateSaveLocation:
    """The submissions in slurmctld's files, read as Slurm's own user.

    ``failures`` counts scripts that are there and cannot be read.
    """

    def __init__(self, path: Path, slurm_user: User, files: Reader) -> None:
        self._path = path
        self._slurm_user = slurm_user
        self._files = files
        self.failures = 0

    def submission(self, event: JobEvent) -> Submission | None:
        """Return what the event's job was submitted with, None where it is no batch job. Raises NotNow."""
        is_task = event.array_task_id is not None
        job_id = (event.array_job_id or event.job_id) if is_task else event.job_id
        directory = self._path / f"hash.{job_id % 10}" / f"job.{job_id}"
        paths = [str(directory / "script"), str(directory / "environment")]
        script, environment = self._files.read(self._slurm_user, paths, MOST_BYTES, 0)
        if script.outcome != reader.READ:
            if script.outcome != reader.MISSING:
                self.failures += 1
                log.warning("%s cannot be read by user %d", paths[0], self._slurm_user.uid)
            return None
        # Slurmctld writes the NUL that ends the text, too.
        text = script.head.removesuffix(b"\0")
        return Submission(text, environment.head if environment.outcome == reader.READ else None)
