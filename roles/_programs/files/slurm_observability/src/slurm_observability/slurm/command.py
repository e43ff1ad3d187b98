"""Run Slurm's commands so that a hung daemon, a flood of output or a killed parent does no harm."""

from __future__ import annotations

import copy
import os
import re
import selectors
import signal
import subprocess
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress

CHUNK_BYTES = 1 << 16
ERROR_TEXT_BYTES = 4096
MAX_OUTPUT_BYTES = 1 << 30
REAP_SECONDS = 2.0

# What Slurm says to a user who asks too often (rl_enable in SlurmctldParameters, since 23.02): as the reason of a
# failure; and, to a command that was told to be verbose, when it sleeps and then asks again by itself.
RATE_LIMITED = re.compile(r"RPC rate limited|Rate limit exceeded")
RATE_LIMIT_SECONDS = 30.0

# Slurm's commands take options from the environment (SQUEUE_STATES, SACCT_FORMAT, ...). Only these may pass: the others
# would change what is counted.
_KEPT_SLURM_VARIABLES = ("SLURM_CONF", "SLURM_CONF_SERVER", "SLURM_JWT")
_SLURM_PREFIXES = ("SLURM_", "SQUEUE_", "SACCT_", "SCONTROL_", "SINFO_")


# What a command that was told to be verbose says of the plugins that it loads: no reason of a failure.
_PLUGIN_LOADED = re.compile(r"^\w+: [\w/]+: init: .*\n?", re.MULTILINE)


class SlurmError(Exception):
    """Slurm gave no usable answer. The message is one sentence on one line.

    ``retry_after`` is how many seconds Slurm asked to be left alone, None where it asked for nothing.
    """

    def __init__(self, message: str, retry_after: float | None = None) -> None:
        super().__init__(message)
        self.retry_after = retry_after


class Stopping(SlurmError):
    """A reading broke off because the program ends, or is the standby from now on: nothing is wrong with Slurm."""


def one_line(text: str, limit: int = 300) -> str:
    """Return text without line breaks and control characters, cut to a length fit for a log line."""
    flat = " ".join("".join(c if c.isprintable() else " " for c in text).split())
    return flat if len(flat) <= limit else flat[: limit - 3] + "..."


def slurm_environment(environ: Mapping[str, str]) -> dict[str, str]:
    """Return the environment for a Slurm command: plain English, times as seconds since 1970, no hidden options."""
    kept = {
        name: value
        for name, value in environ.items()
        if name in _KEPT_SLURM_VARIABLES or not name.startswith(_SLURM_PREFIXES)
    }
    return {**kept, "LC_ALL": "C", "SLURM_TIME_FORMAT": "%s"}


class _Processes:
    """The commands that run now, in all threads, and how many were started so far."""

    def __init__(self, listener: Callable[[Sequence[str]], None]) -> None:
        self._listener = listener
        self._environment = slurm_environment(os.environ)
        self._lock = threading.Lock()
        self._running: set[subprocess.Popen[bytes]] = set()
        self._started: Counter[str] = Counter()
        self.closed = False

    def start(self, argv: Sequence[str]) -> subprocess.Popen[bytes]:
        if self.closed:
            raise _not_run(argv)
        # Without the lock: the file of the command may be on a server that hangs, and a scrape asks for the counts.
        try:
            process = subprocess.Popen(
                argv,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                env=self._environment,
                start_new_session=True,
            )
        except OSError as error:
            raise SlurmError(f"{argv[0]} cannot be run: {error.strerror or error}") from error
        with self._lock:
            self._running.add(process)
            self._started[argv[0]] += 1
            closed = self.closed
        if closed:  # in the meantime, and close() did not know of it
            self.end(process)
            raise _not_run(argv)
        self._listener(argv)
        return process

    def end(self, process: subprocess.Popen[bytes]) -> None:
        """Kill what is left of the command and reap it, so that it stays neither running nor a zombie."""
        if process.returncode is None:  # not reaped yet: its number still names its group and nobody else
            _kill_group(process)
            # A process in uninterruptible sleep dies later; the interpreter reaps it when it starts another one.
            with suppress(subprocess.TimeoutExpired):
                process.wait(REAP_SECONDS)
        for pipe in (process.stdout, process.stderr):
            if pipe is not None:
                pipe.close()
        with self._lock:
            self._running.discard(process)

    def counts(self) -> dict[str, int]:
        with self._lock:
            return dict(self._started)

    def close(self) -> None:
        with self._lock:
            self.closed = True
            running = list(self._running)
        for process in running:
            _kill_group(process)


class SlurmRunner:
    """Runs commands, each in a process group of its own, and can end all of them at once.

    Safe to use from several threads. ``timeout`` is in seconds and covers the whole run of a command. ``listener`` is
    told the arguments of each command that is started, in the thread that starts it.
    """

    def __init__(
        self,
        timeout: float,
        max_output_bytes: int = MAX_OUTPUT_BYTES,
        listener: Callable[[Sequence[str]], None] = lambda argv: None,
    ) -> None:
        self._timeout = timeout
        self._max_output_bytes = max_output_bytes
        self._processes = _Processes(listener)

    def limited(self, timeout: float | None, max_output_bytes: int | None = None) -> SlurmRunner:
        """Return a runner with other limits; None keeps one. :meth:`close` and the counts are those of both."""
        other = copy.copy(self)
        other._timeout = timeout or self._timeout
        other._max_output_bytes = max_output_bytes or self._max_output_bytes
        return other

    @property
    def commands_started(self) -> Mapping[str, int]:
        """How often each command was started, by name."""
        return self._processes.counts()

    def lines(self, argv: Sequence[str]) -> Iterator[list[bytes]]:
        """Yield what the command prints, in lists of complete lines without their line feed.

        The caller must not use what it has read before the iterator ended by itself: a command that fails at the end
        raises SlurmError there. Leaving the iterator early ends the command.
        """
        name = argv[0]
        process = self._processes.start(argv)
        try:
            tail = _Tail()
            rest = b""
            for chunk in self._chunks(process, name, tail):
                *complete, rest = (rest + chunk).split(b"\n")
                if complete:
                    yield complete
            if rest:
                yield [rest]
            self._check_exit(process, name, tail)
        finally:
            self._processes.end(process)

    def close(self) -> None:
        """End every command that still runs, and start no more."""
        self._processes.close()

    def _chunks(self, process: subprocess.Popen[bytes], name: str, tail: _Tail) -> Iterator[bytes]:
        """Yield raw output until the command closes both pipes; its error text goes to ``tail``."""
        assert process.stdout is not None and process.stderr is not None
        deadline = time.monotonic() + self._timeout
        received = 0
        with selectors.DefaultSelector() as selector:
            selector.register(process.stdout, selectors.EVENT_READ)
            selector.register(process.stderr, selectors.EVENT_READ)
            while selector.get_map():
                ready = selector.select(max(0.0, deadline - time.monotonic()))
                if time.monotonic() >= deadline:
                    raise SlurmError(f"{name} did not answer within {self._timeout:g} seconds")
                for key, _events in ready:
                    chunk = os.read(key.fd, CHUNK_BYTES)
                    if not chunk:
                        selector.unregister(key.fileobj)
                    elif key.fileobj is process.stderr:
                        tail.add(chunk)
                        self._check_rate_limit(name, tail)
                    else:
                        received += len(chunk)
                        if received > self._max_output_bytes:
                            raise SlurmError(f"{name} printed more than {self._max_output_bytes} bytes")
                        yield chunk
        try:
            process.wait(max(0.0, deadline - time.monotonic()))
        except subprocess.TimeoutExpired:
            raise SlurmError(f"{name} did not end within {self._timeout:g} seconds") from None

    @staticmethod
    def _check_rate_limit(name: str, tail: _Tail) -> None:
        """Give up a command that Slurm sent away: it would sleep and ask again, while it is ours to ask less often."""
        if RATE_LIMITED.search(tail.text()):
            raise SlurmError(f"{name} met slurmctld's rate limit for this user (rl_enable)", RATE_LIMIT_SECONDS)

    def _check_exit(self, process: subprocess.Popen[bytes], name: str, tail: _Tail) -> None:
        code = process.returncode
        if code < 0 and self._processes.closed:
            raise Stopping(f"{name} was ended because the program is stopping")
        if code < 0:
            raise SlurmError(f"{name} was ended by signal {-code}")
        if code > 0:
            reason = one_line(_PLUGIN_LOADED.sub("", tail.text())) or "it gave no reason"
            raise SlurmError(f"{name} failed with exit status {code}: {reason}")


class _Tail:
    """Keeps the end of a byte stream."""

    def __init__(self) -> None:
        self._data = b""

    def add(self, chunk: bytes) -> None:
        self._data = (self._data + chunk)[-ERROR_TEXT_BYTES:]

    def text(self) -> str:
        return self._data.decode("utf-8", "replace")


def _not_run(argv: Sequence[str]) -> Stopping:
    return Stopping(f"{argv[0]} was not run because the program is stopping")


def _kill_group(process: subprocess.Popen[bytes]) -> None:
    # SIGKILL, because it also ends a stopped process. The group is the child's own: start_new_session made it.
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, signal.SIGKILL)
