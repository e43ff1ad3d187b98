"""Runs in slurmctld's memory, read with squeue."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from ...slurm.command import SlurmError, SlurmRunner
from ...slurm.efficiency import seconds
from ...slurm.rows import RowMark
from ...slurm.states import ALLOCATED_JOB_STATES, ENDING_JOB_STATES, FINISHED_JOB_STATES
from ...slurm.tres import parse_tres
from .. import states
from ..run import RunRecord
from .offered import OfferedFields
from .words import State, exit_of, number, reason_of, state_of, time_of

SQUEUE = ("squeue", "--local", "--noheader", "--array", "--all", "--noconvert")
# After the number of the job, which begins a row.
FIELDS = (
    *("ArrayJobId", "ArrayTaskId", "HetJobId", "HetJobOffset", "State", "RestartCnt", "exit_code"),
    *("DerivedEC", "SubmitTime", "EligibleTime", "StartTime", "EndTime", "TimeLimit", "NodeList", "NumNodes"),
    *("tres-alloc", "Partition", "UserId", "UserName", "Reason", "QOS", "Account", "Name"),
)
# Since 25.11.
_NEWER_FIELDS = ("SLUID",)

ACTIVE = tuple(sorted(ALLOCATED_JOB_STATES | ENDING_JOB_STATES))
ENDED = tuple(sorted(FINISHED_JOB_STATES))
# Those that wait tell by their number of restarts that an earlier run was requeued.
ALL = ("all",)
# squeue shows a flag in place of the state beside it.
_FLAGS = {
    **dict.fromkeys(("REQUEUED", "REQUEUE_HOLD", "REQUEUE_FED", "RESV_DEL_HOLD", "SPECIAL_EXIT"), "PENDING"),
    **dict.fromkeys(("CONFIGURING", "RESIZING", "SIGNALING"), "RUNNING"),
    "STOPPED": "SUSPENDED",
    "STAGE_OUT": "COMPLETING",
}


class QueueReader:
    """Asks squeue. ``cluster`` is the name that the records bear; ``rejected`` counts the rows that are no run."""

    def __init__(self, runner: SlurmRunner) -> None:
        self.rejected = 0
        self._runner = runner
        self._offered = OfferedFields(runner, "squeue", "--helpFormat")

    def read(self, cluster: str, wanted: Sequence[str]) -> Iterator[RunRecord]:
        """Yield the runs whose state is one of these words. Raises SlurmError."""
        fields = ("JobId", *self._offered.of(_NEWER_FIELDS), *FIELDS)
        mark, good = RowMark(), False
        command = (*SQUEUE, f"--states={','.join(wanted)}", mark.squeue_format(fields))
        try:
            for row in mark.rows(self._runner.lines(command), len(fields)):
                record = parse_run(cluster, dict(zip(fields, row, strict=True)))
                if record is None:
                    mark.rejected += 1
                else:
                    good = True
                    yield record
            if mark.rejected and not good:
                raise SlurmError(f"squeue printed {mark.rejected} rows, and none of them is a job")
        except SlurmError:
            self._offered.forget()
            raise
        finally:
            self.rejected += mark.rejected


def shown_state(word: str) -> State | None:
    """Return what the word means that squeue shows for a state and its flags, None where it means nothing."""
    return state_of(_FLAGS.get(word, word))


def parse_run(cluster: str, row: dict[str, str]) -> RunRecord | None:
    """Return the run in a row of squeue, by the names of its fields; None where it is none."""
    job_id, state = number(row["JobId"]), shown_state(row["State"])
    if job_id is None or state is None:
        return None
    task, component = number(row["ArrayTaskId"]), number(row["HetJobOffset"])
    finished = state.state in states.ENDED
    ended = exit_of(row["exit_code"]) if finished else exit_of("")
    allocated = parse_tres(row["tres-alloc"])
    begun = row["NodeList"] not in ("", "(null)")
    limit = seconds(row["TimeLimit"].encode())
    return RunRecord(
        cluster=cluster,
        job_id=job_id,
        # squeue has the job's own id in place of that of no array.
        array_job_id=number(row["ArrayJobId"]) if task is not None else None,
        array_task_id=task,
        het_job_id=number(row["HetJobId"]) if component is not None else None,
        het_job_offset=component,
        state=state.state,
        restart=number(row["RestartCnt"]),
        sluid=row.get("SLUID", ""),
        submit_time=time_of(row["SubmitTime"]),
        eligible_time=time_of(row["EligibleTime"]),
        start_time=time_of(row["StartTime"]) if begun else None,
        # Of a run that goes on it is when its time limit will end it.
        end_time=time_of(row["EndTime"]) if finished else None,
        time_limit=None if limit is None else int(limit),
        name=row["Name"],
        user=row["UserName"],
        uid=number(row["UserId"]),
        account=row["Account"],
        partition=row["Partition"],
        qos=row["QOS"],
        nodes=row["NodeList"] if begun else "",
        node_count=number(row["NumNodes"]) if begun else None,
        cpus=allocated.cpus if begun else None,
        gpus=allocated.gpus if begun else None,
        memory_bytes=allocated.memory_bytes or None,
        exit_code=ended.code,
        exit_signal=ended.signal,
        derived_exit_code=exit_of(row["DerivedEC"]).code if finished else None,
        reason=reason_of(row["Reason"], state),
    )
