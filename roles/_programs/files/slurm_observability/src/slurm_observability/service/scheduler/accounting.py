"""Runs in the accounting database, read with sacct."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from ...slurm.accounting import ENDED_STATES
from ...slurm.command import SlurmError, SlurmRunner
from ...slurm.rows import RowMark
from ...slurm.tres import parse_tres
from .. import states
from ..run import RunRecord
from .offered import OfferedFields
from .words import exit_of, job_name, number, reason_of, state_of, time_of

SACCT = ("sacct", "--allusers", "--allocations", "--duplicates", "--noheader", "--parsable2", "--noconvert")
# After the number of the job, which begins a row. What users type comes last.
FIELDS = (
    *("JobID", "Cluster", "State", "ExitCode", "DerivedExitCode", "Submit", "Eligible", "Start", "End"),
    *("TimelimitRaw", "NodeList", "NNodes", "AllocTRES", "ReqTRES", "ConsumedEnergyRaw", "Partition", "QOS"),
    *("UID", "User", "Reason", "Account", "JobName"),
)
# Since 23.02, and both since 24.11.
_NEWER_FIELDS = ("FailedNode", "Restarts", "SLUID")
_NO_NODES = ("None assigned", "(null)")
_MINUTE = 60


class AccountingReader:
    """Asks sacct. ``rejected`` counts the rows that are no run."""

    def __init__(self, runner: SlurmRunner) -> None:
        self.rejected = 0
        self._runner = runner
        self._offered = OfferedFields(runner, "sacct", "--helpformat")

    def ended(self, since: int, until: int) -> Iterator[RunRecord]:
        """Yield the runs that ended from ``since`` to ``until``. Raises SlurmError."""
        # With states sacct selects by the time of the end.
        return self._ask(f"--starttime=uts{since}", f"--endtime=uts{until}", f"--state={','.join(ENDED_STATES)}")

    def known(self, job_ids: Sequence[int]) -> Iterator[RunRecord]:
        """Yield the runs of these jobs, of an array's id those of all its tasks. Raises SlurmError."""
        return self._ask(f"--jobs={','.join(map(str, job_ids))}")

    def _ask(self, *selection: str) -> Iterator[RunRecord]:
        fields = ("JobIDRaw", *self._offered.of(_NEWER_FIELDS), *FIELDS)
        mark = RowMark()
        try:
            rows = mark.rows(self._runner.lines([*SACCT, *mark.sacct_format(fields), *selection]), len(fields))
            yield from self._records(rows, fields, mark)
        except SlurmError:
            self._offered.forget()
            raise
        finally:
            self.rejected += mark.rejected

    @staticmethod
    def _records(rows: Iterable[list[str]], fields: Sequence[str], mark: RowMark) -> Iterator[RunRecord]:
        good = False
        for row in rows:
            record = parse_run(dict(zip(fields, row, strict=True)))
            if record is None:
                mark.rejected += 1
                continue
            good = True
            # A job that shrinks leaves a row for each of its sizes. It is one run, and its last row tells of it.
            if record.state != states.RESIZING:
                yield record
        if mark.rejected and not good:
            raise SlurmError(f"sacct printed {mark.rejected} rows, and none of them is a job")


def parse_run(row: dict[str, str]) -> RunRecord | None:
    """Return the run in a row of sacct, by the names of its fields; None where it is none."""
    job_id, name, state = number(row["JobIDRaw"]), job_name(row["JobID"]), state_of(row["State"])
    if job_id is None or name is None or state is None:
        return None
    allocated, requested = parse_tres(row["AllocTRES"]), parse_tres(row["ReqTRES"])
    end = time_of(row["End"])
    # Slurm 22.05 says a start too of what was cancelled while it waited.
    begun = allocated.cpus > 0
    finished = state.state in states.ENDED
    ended = exit_of(row["ExitCode"]) if finished else exit_of("")
    limit = number(row["TimelimitRaw"])
    return RunRecord(
        cluster=row["Cluster"],
        job_id=job_id,
        **name._asdict(),
        # The state of a run that is still being cleaned up can be a final one; its end is not known yet.
        state=states.COMPLETING if finished and end is None else state.state,
        restart=number(row.get("Restarts", "")),
        sluid=row.get("SLUID", ""),
        submit_time=time_of(row["Submit"]),
        eligible_time=time_of(row["Eligible"]),
        start_time=time_of(row["Start"]) if begun else None,
        end_time=end if finished else None,
        time_limit=None if limit is None else limit * _MINUTE,
        name=row["JobName"],
        user=row["User"],
        uid=number(row["UID"]),
        account=row["Account"],
        partition=row["Partition"],
        qos=row["QOS"],
        nodes="" if row["NodeList"] in _NO_NODES else row["NodeList"],
        node_count=number(row["NNodes"]) if begun else None,
        cpus=allocated.cpus if begun else None,
        gpus=allocated.gpus if begun else None,
        memory_bytes=(allocated.memory_bytes or requested.memory_bytes or None),
        exit_code=ended.code,
        exit_signal=ended.signal,
        derived_exit_code=exit_of(row["DerivedExitCode"]).code if finished else None,
        reason=reason_of(row["Reason"], state, row.get("FailedNode", "")),
        energy_joules=float(number(row["ConsumedEnergyRaw"]) or 0) or None,
    )
