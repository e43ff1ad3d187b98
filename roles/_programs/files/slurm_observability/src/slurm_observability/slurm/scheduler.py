"""Read slurmctld's statistics: scheduler, backfill, threads and remote procedure calls, from one sdiag."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace

from .command import SlurmError, SlurmRunner
from .printed import decode

# Every version prints the text. The sums are in JSON only, which Slurm before 23.02 does not print.
SDIAG = ("sdiag",)
SDIAG_JSON = ("sdiag", "--json")
_NO_JSON = "unrecognized option"

# The sums by the names that they have in JSON, in slurmrestd's too.
SUMS = {
    "schedule_cycle_sum": "schedule_cycle_tot",
    "schedule_cycle_depth": "schedule_cycle_depth",
    "bf_cycle_sum": "bf_cycle_tot",
    "bf_depth_sum": "bf_depth_tot",
    "bf_depth_try_sum": "bf_depth_try_tot",
    "bf_queue_len_sum": "bf_queue_len_tot",
    "bf_table_size_sum": "bf_table_size_tot",
}


@dataclass(frozen=True)
class Calls:
    """Remote procedure calls (RPCs) of one type or of one user, since slurmctld began to count.

    ``queued`` and ``dropped`` are None where slurmctld has no RPC queue (SlurmctldParameters=enable_rpc_queue).
    """

    count: int
    microseconds: int
    queued: int | None = None
    dropped: int | None = None


@dataclass(frozen=True)
class SchedulerStatistics:
    """What sdiag tells.

    ``values`` has the numbers that stand alone, by the name that slurmctld's own OpenMetrics endpoint gives them,
    without ``slurm_``: ``bf_cycle_last``. Times of day are in seconds since 1970, durations in microseconds. A number
    that this version of Slurm does not print is not among them.
    """

    values: Mapping[str, int] = field(default_factory=dict)
    calls: Mapping[str, Calls] = field(default_factory=dict)
    user_calls: Mapping[str, Calls] = field(default_factory=dict)
    pending_calls: Mapping[str, int] = field(default_factory=dict)
    rejected_lines: int = 0


_TOP, _MAIN, _MAIN_EXIT, _BACKFILL, _BACKFILL_EXIT = "", "main", "main exit", "backfill", "backfill exit"
_BY_TYPE, _BY_USER, _PENDING, _PASSED_OVER = "by type", "by user", "pending", "passed over"

# Headings stand at the beginning of a line, and what belongs to them is indented.
_HEADINGS = {
    b"Main schedule statistics": _MAIN,
    b"Main scheduler exit": _MAIN_EXIT,
    b"Backfilling stats": _BACKFILL,
    b"Backfill exit": _BACKFILL_EXIT,
    b"Remote Procedure Call statistics by message type": _BY_TYPE,
    b"Remote Procedure Call statistics by user": _BY_USER,
    b"Pending RPC statistics": _PENDING,
    b"Pending RPCs": _PASSED_OVER,
}

_NAMES = {
    _TOP: {
        b"Server thread count": "server_thread_cnt",
        b"RPC queue enabled": "rpc_queue_enabled",
        b"Agent queue size": "agent_queue_size",
        b"Agent count": "agent_cnt",
        b"Agent thread count": "agent_thread_cnt",
        b"DBD Agent queue size": "slurmdbd_queue_size",
        b"Jobs submitted": "sdiag_jobs_submitted",
        b"Jobs started": "sdiag_jobs_started",
        b"Jobs completed": "sdiag_jobs_completed",
        b"Jobs canceled": "sdiag_jobs_canceled",
        b"Jobs failed": "sdiag_jobs_failed",
        b"Job states ts": "sdiag_job_states_ts",
        b"Jobs pending": "sdiag_jobs_pending",
        b"Jobs running": "sdiag_jobs_running",
        b"Latency for 1000 calls to gettimeofday()": "sdiag_latency",
    },
    _MAIN: {
        b"Last cycle": "schedule_cycle_last",
        b"Max cycle": "schedule_cycle_max",
        b"Total cycles": "schedule_cycle_cnt",
        b"Mean cycle": "sched_mean_cycle",
        b"Mean depth cycle": "sched_mean_depth_cycle",
        b"Last queue length": "schedule_queue_len",
    },
    _MAIN_EXIT: {
        b"End of job queue": "sched_exit_end",
        b"Hit default_queue_depth": "sched_exit_max_depth",
        b"Hit sched_max_job_start": "sched_exit_max_job_start",
        b"Blocked on licenses": "sched_exit_lic",
        b"Hit max_rpc_cnt": "sched_exit_rpc_cnt",
        b"Timeout (max_sched_time)": "sched_exit_timeout",
    },
    _BACKFILL: {
        b"Total backfilled jobs (since last slurm start)": "backfilled_jobs",
        b"Total backfilled jobs (since last stats cycle start)": "last_backfilled_jobs",
        b"Total backfilled heterogeneous job components": "backfilled_het_jobs",
        b"Total cycles": "bf_cycle_cnt",
        b"Last cycle when": "bf_when_last_cycle",
        b"Last cycle": "bf_cycle_last",
        b"Max cycle": "bf_cycle_max",
        b"Mean cycle": "bf_mean_cycle",
        b"Last depth cycle": "bf_last_depth",
        b"Last depth cycle (try sched)": "bf_last_depth_try",
        b"Depth Mean": "bf_depth_mean",
        b"Depth Mean (try depth)": "bf_try_depth_mean",
        b"Last queue length": "bf_queue_len",
        b"Queue length mean": "bf_queue_len_mean",
        b"Last table size": "bf_table_size",
        b"Mean table size": "bf_mean_table_sz",
    },
    _BACKFILL_EXIT: {
        b"End of job queue": "bf_exit_end",
        b"Hit bf_max_job_start": "bf_exit_max_job_start",
        b"Hit bf_max_job_test": "bf_exit_max_job_test",
        b"System state changed": "bf_exit_state_changed",
        b"Hit table size limit (bf_node_space_size)": "bf_exit_table_limit",
        b"Timeout (bf_max_time)": "bf_exit_timeout",
    },
}
# Left out of the text while there has been no cycle. slurmctld's endpoint says 0 then.
_MEANS = {
    "schedule_cycle_cnt": ("sched_mean_cycle", "sched_mean_depth_cycle"),
    "bf_cycle_cnt": ("bf_mean_cycle", "bf_depth_mean", "bf_try_depth_mean", "bf_queue_len_mean", "bf_mean_table_sz"),
}

_FRAME = re.compile(rb"(?:(sdiag output at)|Data since) .*\((\d{1,12})\)")
# A time of day is printed twice, the second time in brackets as seconds since 1970.
_NUMBER = re.compile(rb"\s*(?:(\d{1,20})(?: microseconds)?|.*\((\d{1,12})\))")
_NEVER = b" N/A"
_CALLS = re.compile(
    rb"\t(.+?) *\( *(\d{1,10})\) count:(\d{1,20}) +ave_time:\d{1,20} +total_time:(\d{1,20})"
    rb"(?: +queued:(\d{1,20}) +cycle_last:\d{1,20} +cycle_max:\d{1,20} +dropped:(\d{1,20}))? *"
)
_PENDING_CALLS = re.compile(rb"\t(.+?) *\( *\d{1,10}\) count:(\d{1,20}) *")
_NONE = (b"\tNo pending RPCs", b"\tNo RPCs recorded yet.")
# What sdiag prints for a user whom the host does not know: the user id says more. 65534 is the real one.
_NOBODY, _NOBODY_ID = b"nobody", b"65534"


class StatisticsReader:
    """Runs sdiag, twice where it knows JSON: the text has all numbers but the sums."""

    def __init__(self, runner: SlurmRunner) -> None:
        self._runner = runner
        self._json = True

    def read(self) -> SchedulerStatistics:
        """Return the statistics; without the sums where this Slurm does not tell them.

        Raises SlurmError when the text cannot be had, or is no statistics.
        """
        statistics = parse_statistics(line for chunk in self._runner.lines(SDIAG) for line in chunk)
        return replace(statistics, values={**statistics.values, **self._sums()}) if self._json else statistics

    def _sums(self) -> Mapping[str, int]:
        try:
            return parse_sums(b"\n".join(line for chunk in self._runner.lines(SDIAG_JSON) for line in chunk))
        except SlurmError as error:
            # A plugin may be missing, and be installed later; an old sdiag stays an old one until it is replaced.
            self._json = _NO_JSON not in str(error)
            return {}


def parse_sums(text: bytes) -> dict[str, int]:
    """Return the sums in sdiag's JSON. Raises SlurmError when it is none, or not of sdiag."""
    try:
        record = json.loads(text)["statistics"]
        found = {name: record.get(key) for key, name in SUMS.items()}
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
        raise SlurmError("sdiag --json printed no statistics") from error
    return {name: value for name, value in found.items() if isinstance(value, int) and not isinstance(value, bool)}


def parse_statistics(lines: Iterable[bytes]) -> SchedulerStatistics:
    """Return the statistics in sdiag's text.

    What no known version prints is passed over. A line with a known label and no number, or a call that cannot be read,
    counts as rejected. Raises SlurmError without the time frame that each version prints first.
    """
    sections: dict[str, list[bytes]] = {name: [] for name in (_TOP, *_HEADINGS.values())}
    values: dict[str, int] = {}
    section = _TOP
    for line in lines:
        if not line.startswith(b"\t"):
            heading = next((text for text in _HEADINGS if line.startswith(text)), None)
            section = _HEADINGS[heading] if heading else _TOP
            if section == _BACKFILL:
                # sdiag warns in the heading when it looked in the middle of a cycle.
                values["bf_active"] = b"WARNING" in line
            if heading:
                continue
        if line.strip() and line not in _NONE:
            sections[section].append(line)
    rejected = sum(_add_value(values, names, line) for part, names in _NAMES.items() for line in sections[part])
    if "sched_stats_timestamp" not in values:
        raise SlurmError("sdiag printed no statistics")
    for count, means in _MEANS.items():
        if values.get(count) == 0:
            values.update(dict.fromkeys(means, 0))
    calls, bad_calls = _calls(sections[_BY_TYPE])
    user_calls, bad_users = _calls(sections[_BY_USER])
    pending, bad_pending = _pending_calls(sections[_PENDING])
    return SchedulerStatistics(values, calls, user_calls, pending, rejected + bad_calls + bad_users + bad_pending)


def _add_value(values: dict[str, int], names: Mapping[bytes, str], line: bytes) -> bool:
    """Add the number in the line, where it has a known label. Return True when it should have one and does not."""
    if frame := _FRAME.fullmatch(line):
        values["sched_stats_timestamp" if frame[1] else "last_proc_req_start"] = int(frame[2])
        return False
    label, _colon, text = line.strip().partition(b":")
    name = names.get(label)
    if name is None:
        return False
    number = _NUMBER.fullmatch(text)
    if number is None:
        values.update({name: 0} if text == _NEVER else {})
        return text != _NEVER
    values[name] = int(number[1] or number[2])
    return False


def _calls(lines: Iterable[bytes]) -> tuple[dict[str, Calls], int]:
    """Return the calls by name, those of the same name added up, and the number of lines that are none."""
    calls: dict[str, Calls] = {}
    rejected = 0
    for line in lines:
        match = _CALLS.fullmatch(line)
        if match is None:
            rejected += 1
            continue
        name, number, count, microseconds, queued, dropped = match.groups()
        if name == _NOBODY and number != _NOBODY_ID:
            name = number
        key = decode(name)
        before = calls.get(key, Calls(0, 0))
        calls[key] = Calls(
            before.count + int(count),
            before.microseconds + int(microseconds),
            None if queued is None else int(queued) + (before.queued or 0),
            None if dropped is None else int(dropped) + (before.dropped or 0),
        )
    return calls, rejected


def _pending_calls(lines: Iterable[bytes]) -> tuple[dict[str, int], int]:
    pending: dict[str, int] = {}
    rejected = 0
    for line in lines:
        match = _PENDING_CALLS.fullmatch(line)
        if match is None:
            rejected += 1
        else:
            pending[decode(match[1])] = int(match[2])
    return pending, rejected
