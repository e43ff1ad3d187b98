"""Ask every topic once, and say what works, what does not, and what to do: ``azslurm-exporter check``."""

from __future__ import annotations

import os
import pwd
import threading
import time
from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from typing import Any

from ..metrics.metric import AnyFamily
from ..slurm.command import SlurmError, SlurmRunner, one_line
from ..slurm.config import Configuration
from ..slurm.controllers import Controller, Controllers
from . import advice, wiring
from .custom import topic as custom
from .exporter import Exporter
from .leadership import host_name
from .settings import OPENMETRICS, SLURMRESTD, Settings
from .topic import Scene, Size, Topic

OK, EMPTY, PARTIAL, FAILED, OFF = "ok", "empty", "partial", "failed", "off"
# Enough of the history to see whether it can be asked for, and not so much that it takes long.
HISTORY_SECONDS = 3600


@dataclass(frozen=True)
class Finding:
    """What came of asking one topic.

    ``state`` is ok, empty (it works, and there is nothing), partial (not all is shown to this user), failed or off.
    ``asked`` are the arguments of commands, or the URL of a server. ``remedy`` says what to do about ``reason``.
    """

    topic: str
    state: str
    asked: Sequence[str | tuple[str, ...]] = ()
    size: Size | None = None
    seconds: float | None = None
    reason: str = ""
    remedy: str = ""

    @property
    def wrong(self) -> bool:
        """True when the topic is on and does not work, or not for this user."""
        return self.state in (PARTIAL, FAILED)


@dataclass(frozen=True)
class Report:
    """Who asked whom, and a finding for each topic. Without a configuration slurmctld did not answer."""

    user: str
    rights: str
    host: str
    configuration: Mapping[str, str]
    controllers: Sequence[Controller]
    findings: Sequence[Finding]

    @property
    def good(self) -> bool:
        """True when everything that is on works, for this user too."""
        return not any(finding.wrong for finding in self.findings)


def check(settings: Settings) -> Report:
    """Ask every topic that is on once. Touches no file of an exporter that runs; the history is that of an hour."""
    heard = _Listener()
    runner = SlurmRunner(settings.timeout, listener=heard.note)
    alone = replace(
        settings,
        reset_time=int(time.time()) - HISTORY_SECONDS,
        state_directory=None,
        file_sd_directory=None,
        high_availability=False,
    )
    topics = [source.topic for source in Exporter(alone, runner).sources.values()]
    with ThreadPoolExecutor(settings.max_commands) as pool:
        try:
            asked = list(pool.map(lambda topic: _ask(topic, settings, heard), topics))
        except KeyboardInterrupt:
            runner.close()  # the pool waits for what still runs
            raise
    configuration = _configuration(runner)
    user = _user_name()
    rights = _rights(user, configuration, runner)
    known = next((answer for _finding, answer in asked if isinstance(answer, Controllers)), Controllers(()))
    slow = _why_slow([finding for finding, _answer in asked], known)
    findings = [_judge(finding, configuration, slow, None if rights else user) for finding, _answer in asked]
    off = [_off(name, settings) for name, interval in wiring.intervals(settings).items() if interval is None]
    return Report(
        user=user,
        rights=rights or ("no special rights" if configuration else "with unknown rights"),
        host=host_name(),
        configuration=configuration,
        controllers=known.controllers,
        findings=[*findings, *off],
    )


class _Listener:
    """Remembers what each thread asked."""

    def __init__(self) -> None:
        self._thread = threading.local()

    def note(self, argv: Sequence[str]) -> None:
        if hasattr(self._thread, "commands"):
            self._thread.commands.append(tuple(argv))

    def begin(self) -> list[tuple[str, ...]]:
        """Return the list that what this thread asks from now on goes into."""
        commands: list[tuple[str, ...]] = []
        self._thread.commands = commands
        return commands


def _ask(topic: Topic[Any], settings: Settings, heard: _Listener) -> tuple[Finding, Any]:
    """Return what came of asking, and the answer; None where there was none."""
    commands = heard.begin()
    answer, size, failure = None, None, ""
    began = time.monotonic()
    try:
        answer = topic.read().answer
        size = topic.size(answer) if topic.size else _series(topic.families(answer, Scene(time.time(), ())))
    except SlurmError as error:
        failure = one_line(str(error), limit=1000)
    except Exception as error:
        failure = one_line(f"a fault of the program: {type(error).__name__}: {error}")
    finding = Finding(
        topic=topic.name,
        state=FAILED if failure else OK if size else EMPTY,
        asked=commands or _server(settings),
        size=size,
        seconds=time.monotonic() - began,
        reason=failure,
        remedy=advice.remedy(failure) if failure else "",
    )
    return finding, answer


def _server(settings: Settings) -> Sequence[str]:
    """Return who was asked where no command was run."""
    urls = {SLURMRESTD: settings.slurmrestd_url, OPENMETRICS: settings.openmetrics_url}
    return [urls[settings.source]] if settings.source in urls else []


def _series(families: Iterable[AnyFamily]) -> Size:
    return Size(sum(1 for family in families for _sample in family.samples), "series")


def _configuration(runner: SlurmRunner) -> Mapping[str, str]:
    try:
        return Configuration(runner).read()
    except SlurmError:
        return {}


def _user_name() -> str:
    try:
        return pwd.getpwuid(os.geteuid()).pw_name
    except KeyError:
        return str(os.geteuid())


def _rights(user: str, configuration: Mapping[str, str], runner: SlurmRunner) -> str:
    """Return by what right the user sees everything, as far as Slurm tells; else an empty string."""
    if user == "root":
        return "root"
    # slurm(64030)
    if user == configuration.get("SlurmUser", "").partition("(")[0]:
        return "SlurmUser"
    level = _admin_level(user, runner)
    return level if level in ("Operator", "Administrator") else ""


def _admin_level(user: str, runner: SlurmRunner) -> str:
    argv = ("sacctmgr", "--noheader", "--parsable2", "show", "user", f"name={user}", "format=AdminLevel")
    try:
        lines = [line for chunk in runner.lines(argv) for line in chunk]
    except SlurmError:
        return ""  # without slurmdbd there are no such levels
    return lines[0].decode("utf-8", "replace") if lines else ""


def _judge(finding: Finding, configuration: Mapping[str, str], slow: str, user: str | None) -> Finding:
    """Add what the configuration and the other findings explain.

    ``slow`` is the remedy for what takes too long. ``user`` is one whom Slurm may hide something from.
    """
    if finding.remedy == advice.SLOW:
        own = slow == advice.SLOW and finding.topic.startswith(custom.PREFIX)
        return replace(finding, remedy=advice.SLOW_METRIC if own else slow)
    if finding.state == EMPTY:
        finding = replace(finding, reason=advice.reason_for_nothing(finding.topic, configuration))
    hidden = advice.hidden(finding.topic, configuration, user) if user is not None else ""
    if hidden and finding.state in (OK, EMPTY):
        return replace(finding, state=PARTIAL, reason=hidden, remedy=advice.RIGHTS)
    return finding


def _why_slow(findings: Iterable[Finding], known: Controllers) -> str:
    """Return what to do about commands that take too long. Most wait in silence when Slurm limits their user."""
    if any(finding.remedy == advice.RATE_LIMIT for finding in findings):
        return advice.RATE_LIMIT
    return advice.SLURMCTLD if known.controllers and not known.in_control else advice.SLOW


def _off(name: str, settings: Settings) -> Finding:
    if not settings.accounting and name not in settings.intervals:
        on = replace(settings, accounting=True)
        if wiring.intervals(on)[name] is not None:
            return Finding(name, OFF, reason="--accounting no")
    return Finding(name, OFF, reason=f"--intervals {name}=60 switches it on")
