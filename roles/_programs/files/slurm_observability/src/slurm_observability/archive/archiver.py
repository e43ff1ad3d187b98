"""What is archived when: script and environment as soon as a run starts, its output when it has ended."""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass

from ..jobs.event import FINISHED, JobEvent
from . import names, reader
from .environment import as_text, of_run, read_environment
from .masking import Masks
from .output_paths import output_paths
from .reading import Content, Reader, User
from .shelves import Shelves
from .submission import StateSaveLocation, Submission

log = logging.getLogger(__name__)

LEFT_OUT = "\n[job-archive: {} bytes left out]\n"

# Of the outcomes of a reading, in the words of the metrics; what was read has the outcome of the writing.
_OUTCOMES: Mapping[int, str] = {
    reader.MISSING: "missing",
    reader.DENIED: "denied",
    reader.IRREGULAR: "irregular",
    reader.FAILED: "failed",
}
_DEVICES = "/dev/"
# How far the time of a file may be from that of its event, in seconds: file systems round.
_CLOCK_TICK = 0.01


@dataclass(frozen=True)
class OutputLimits:
    """How many bytes of an output file are kept: from its beginning, and from its end."""

    head: int
    tail: int


class Archiver:
    """Archives the files of runs. ``outcomes`` counts files by what they are and what became of them.

    What :meth:`archive` has done it can do again: nothing becomes double.
    """

    def __init__(
        self, shelves: Shelves, submissions: StateSaveLocation, outputs: Reader, limits: OutputLimits, masks: Masks
    ) -> None:
        self._shelves = shelves
        self.submissions = submissions
        self._outputs = outputs
        self._limits = limits
        self._masks = masks
        self.outcomes: Counter[tuple[str, str]] = Counter()
        self.cut = 0

    def archive(self, event: JobEvent) -> None:
        """Archive what an event calls for. Raises NotNow: then the event has to come again."""
        if event.uid is None:
            log.warning("job %d: the event names no user, and nothing is archived", event.job_id)
            return
        ended = event.kind == FINISHED
        run = self._ended_run(event, event.uid) if ended else self._started_run(event, event.uid)
        is_batch = self._shelves.time(run, names.SCRIPT, event.uid) is not None
        if not is_batch:
            submission = self.submissions.submission(event)
            is_batch = submission is not None
            if submission is not None:
                self._put_submission(run, event, submission)
        # The script of a het job runs on its first component.
        if ended and (is_batch or event.stdout) and not event.het_job_offset:
            self._archive_output(run, event, User(event.uid, event.uid if event.gid is None else event.gid))

    def _started_run(self, event: JobEvent, owner: int) -> str:
        started = event.time if event.start_time is None else event.start_time
        return self._shelves.run_name(event.job_id, event.restart, started, owner)

    def _ended_run(self, event: JobEvent, owner: int) -> str:
        """Return the name of the run that an event of an end is about.

        Where a job is requeued, slurmctld counts the restart before EpilogSlurmctld tells of the end: then it is the
        run before, which has begun and not ended yet.
        """

        def run_of(restart: int) -> str:
            # Before 23.02 the end of a run does not say when it began.
            return self._shelves.run_name(event.job_id, restart, event.start_time, owner)

        def time_of(run: str, suffix: str) -> float | None:
            return self._shelves.time(run, suffix, owner)

        restart = event.restart or 0
        run, before = run_of(restart), run_of(max(restart - 1, 0))
        if _is_by(time_of(run, names.SCRIPT), event.time) or not _is_by(time_of(before, names.SCRIPT), event.time):
            return run
        output = time_of(before, names.STDOUT)
        return before if output is None or abs(output - event.time) < _CLOCK_TICK else run

    def _put_submission(self, run: str, event: JobEvent, submission: Submission) -> None:
        assert event.uid is not None
        if submission.environment is not None:
            variables, complete = read_environment(submission.environment)
            text = as_text(variables, of_run(event), self._masks, complete)
            self._put(run, names.ENVIRONMENT, text, event)
        self._put(run, names.SCRIPT, submission.script, event)  # last: it says that the submission is archived

    def _archive_output(self, run: str, event: JobEvent, user: User) -> None:
        paths = output_paths(event)
        wanted = [
            (suffix, path)
            for suffix, path in ((names.STDOUT, paths.stdout), (names.STDERR, paths.stderr))
            if path and not path.startswith(_DEVICES)
        ]
        if not wanted:
            return
        found = self._outputs.read(user, [path for _suffix, path in wanted], self._limits.head, self._limits.tail)
        for (suffix, path), content in zip(wanted, found, strict=True):
            if content.outcome == reader.READ:
                self._put(run, suffix, self._kept(content), event)
            else:
                outcome = _OUTCOMES[content.outcome]
                log.debug("%s%s: %r is %s", run, suffix, path, outcome)
                self.outcomes[suffix, outcome] += 1

    def _kept(self, content: Content) -> bytes:
        if content.size <= self._limits.head + self._limits.tail:
            return content.head
        self.cut += 1
        left_out = content.size - len(content.head) - len(content.tail)
        return content.head + LEFT_OUT.format(left_out).encode() + content.tail

    def _put(self, run: str, suffix: str, content: bytes, event: JobEvent) -> None:
        assert event.uid is not None
        self.outcomes[suffix, self._shelves.put(run + suffix, content, event.uid, event.time)] += 1


def _is_by(time: float | None, latest: float) -> bool:
    return time is not None and time < latest + _CLOCK_TICK
