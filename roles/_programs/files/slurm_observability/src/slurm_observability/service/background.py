"""What the service does by itself, again and again: each task in a thread of its own."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from ..slurm.command import one_line

log = logging.getLogger(__name__)

STOP_SECONDS = 5.0
WAIT_SECONDS = 0.2


@dataclass(frozen=True)
class Task:
    """Something to be done every ``interval`` seconds. What ``run`` raises is logged, and it is run again.

    It is not begun before ``after`` is set.
    """

    name: str
    interval: float
    run: Callable[[], None]
    after: threading.Event | None = None


@dataclass
class TaskHealth:
    """How a task fares. Times in seconds, ``last_success`` since 1970; None before the first one."""

    runs: int = 0
    errors: int = 0
    duration: float = 0.0
    last_success: float | None = None
    problem: str = field(default="", repr=False)


class Background:
    """Runs tasks. Use :meth:`start` and :meth:`stop` for the threads, or :meth:`run_once` by hand."""

    def __init__(self, tasks: Sequence[Task]) -> None:
        self.health = {task.name: TaskHealth() for task in tasks}
        self.tasks = tasks
        self._stopped = threading.Event()
        self._threads: list[threading.Thread] = []

    def start(self) -> None:
        """Start a thread for each task, which runs at once, or when it may."""
        for task in self.tasks:
            thread = threading.Thread(target=self._loop, args=(task,), name=task.name, daemon=True)
            self._threads.append(thread)
            thread.start()

    def stop(self) -> None:
        """Let the tasks end. One that does not within STOP_SECONDS is left behind."""
        self._stopped.set()
        deadline = time.monotonic() + STOP_SECONDS
        for thread in self._threads:
            thread.join(max(0.0, deadline - time.monotonic()))

    def run_once(self, task: Task) -> None:
        """Run a task and note how it fared."""
        health = self.health[task.name]
        began = time.monotonic()
        try:
            task.run()
        except Exception as error:
            health.errors += 1
            problem = one_line(str(error)) or type(error).__name__
            if problem != health.problem:  # the same again every minute says nothing new
                log.error("%s: %s", task.name, problem, exc_info=log.isEnabledFor(logging.DEBUG))
            health.problem = problem
        else:
            if health.problem:
                log.info("%s works again", task.name)
            health.problem = ""
            health.last_success = time.time()
        health.runs += 1
        health.duration = time.monotonic() - began

    def _loop(self, task: Task) -> None:
        while task.after is not None and not task.after.wait(WAIT_SECONDS):
            if self._stopped.is_set():
                return
        while not self._stopped.is_set():
            self.run_once(task)
            self._stopped.wait(task.interval)
