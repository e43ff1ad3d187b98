"""Try once all that the agent needs, and say what works, what does not, and what to do: ``job-agent check``."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass

from .. import __version__
from ..jobs.spool import Spool
from .cgroups.find import ROOT, find_hierarchy
from .forward.client import LATE, REJECTED, UNAUTHORISED, UNREACHABLE, Client, ServiceError
from .forward.event_sender import EVENTS_PATH
from .gpus.reading import GpuError
from .gpus.select import gpu_source
from .kernel_files import KernelFiles
from .settings import NODE, Settings

OK, FAILED = "ok", "failed"
HEALTH_PATH = "/v1/health"

_ACCESS = "make a token on the service's host, job-observability token new --role writer; name its file: --token-file"
_REACH = "is job-observability running, is --url right, does a firewall let this node through? curl URL/v1/health"
_GPUS = "do nvidia-smi, amd-smi or rocm-smi work as this user? choose another reader with --gpus, or none"
_OTHER = "is this the URL of job-observability, and not of something else? curl URL/v1/health"


@dataclass(frozen=True)
class Finding:
    """What came of trying one thing. ``remedy`` says what to do where the state is failed."""

    subject: str
    state: str
    detail: str
    remedy: str = ""


def check(settings: Settings) -> Sequence[Finding]:
    """Try everything once. Disturbs no agent that runs: nothing is sent, and nothing is taken from the spool."""
    return [look(settings) for look in (*_EVERYWHERE, *(_ON_NODES if settings.mode == NODE else ()))]


def as_text(findings: Sequence[Finding]) -> str:
    """Return the findings as lines, and below each what is to be done."""
    width = max(len(finding.subject) for finding in findings)
    lines = [f"job-agent {__version__}"]
    for finding in findings:
        lines.append(f"{finding.subject.ljust(width)}  {finding.state.ljust(len(FAILED))}  {finding.detail}")
        if finding.remedy:
            lines.append(f"-> {finding.remedy}")
    wrong = [finding.subject for finding in findings if finding.state == FAILED]
    lines.append(f"To repair: {', '.join(wrong)}" if wrong else "All works.")
    return "\n".join(lines) + "\n"


def as_json(findings: Sequence[Finding]) -> str:
    """Return the findings as one JSON object."""
    good = all(finding.state == OK for finding in findings)
    document = {"version": __version__, "good": good, "findings": [asdict(finding) for finding in findings]}
    return json.dumps(document, indent=2) + "\n"


def _spool(settings: Settings) -> Finding:
    path = settings.spool
    try:
        listing = Spool(path).look(settings.max_spool_events)
        mode = path.stat().st_mode
    except OSError as error:
        remedy = f"create it, or name another with --spool; the hooks write there: install -d -m 0700 -o USER {path}"
        return Finding("spool", FAILED, f"{path}: {error.strerror}", remedy)
    if not os.access(path, os.W_OK | os.X_OK):
        return Finding("spool", FAILED, f"{path}: this user cannot remove what was sent", f"chown it: {path}")
    if mode & 0o002:
        return Finding("spool", FAILED, f"{path}: everybody can write events", f"chmod o-w {path}")
    return Finding("spool", OK, f"{path}: {listing.total} events wait")


def _service(settings: Settings) -> Finding:
    try:
        status = Client(settings).get(HEALTH_PATH).get("status", "unknown")
    except ServiceError as error:
        return Finding("service", FAILED, str(error), _remedy(error))
    return Finding("service", OK, f"{settings.url}: {status}")


def _token(settings: Settings) -> Finding:
    try:
        Client(settings).post(EVENTS_PATH, b'{"events": []}')
    except ServiceError as error:
        if error.outcome != REJECTED:  # it read the request, and wants events
            return Finding("token", FAILED, str(error), _remedy(error))
    given = "accepted" if settings.token_file else "none is asked for"
    return Finding("token", OK, given)


def _cgroups(settings: Settings) -> Finding:
    hierarchy = find_hierarchy(ROOT, KernelFiles())
    if hierarchy is None:
        remedy = "does this kernel have control groups, mounted at /sys/fs/cgroup? mount | grep cgroup"
        return Finding("cgroups", FAILED, f"none under {ROOT}", remedy)
    return Finding("cgroups", OK, f"version {hierarchy.version}")


def _gpus(settings: Settings) -> Finding:
    source = gpu_source(settings.gpus)
    if source is None:
        return Finding("gpus", OK, "not wanted")
    try:
        report = source.report()
    except GpuError as error:
        return Finding("gpus", FAILED, str(error), _GPUS)
    finally:
        source.close()
    count = sum(not gpu.parent_uuid for gpu in report.gpus)
    return Finding("gpus", OK, f"{count} by {report.reader}" if count else "none")


def _remedy(error: ServiceError) -> str:
    if error.outcome == UNAUTHORISED:
        return _ACCESS
    return _REACH if error.outcome in (UNREACHABLE, LATE) else _OTHER


_EVERYWHERE: Sequence[Callable[[Settings], Finding]] = (_spool, _service, _token)
_ON_NODES: Sequence[Callable[[Settings], Finding]] = (_cgroups, _gpus)
