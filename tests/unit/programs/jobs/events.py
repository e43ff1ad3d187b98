"""Events for tests."""

from __future__ import annotations

from hypothesis import strategies as st
from slurm_observability.jobs.event import CGROUP, EPILOG, FINISHED, PROLOG, STARTED, JobEvent

# What Slurm 22.05.8 gave to the hooks of job 20205, which ended with exit 3: recorded on a node of a two-node job.
PROLOG_ENVIRONMENT = {
    "SLURM_JOB_USER": "root",
    "SLURM_JOB_UID": "0",
    "SLURM_UID": "0",
    "SLURM_JOB_GID": "0",
    "SLURMD_NODENAME": "n2",
    "SLURM_CLUSTER_NAME": "bench",
    "SLURM_JOB_CPUS_PER_NODE": "1(x2)",
    "SLURM_JOB_NUM_NODES": "2",
    "SLURM_NODELIST": "n[2-3]",
    "SLURM_JOB_PARTITION": "hpc",
    "SLURM_JOB_ACCOUNT": "root",
    "SLURM_JOB_ID": "20205",
    "SLURM_JOBID": "20205",
    "SLURM_JOB_RESTART_COUNT": "0",
    "SLURM_JOB_WORK_DIR": "/tmp",
    "SLURM_JOB_STDOUT": "/dev/null",
    "SLURM_SCRIPT_CONTEXT": "prolog_slurmd",
}
EPILOG_ENVIRONMENT = {
    **PROLOG_ENVIRONMENT,
    "SLURM_SCRIPT_CONTEXT": "epilog_slurmd",
    "SLURM_JOB_EXIT_CODE": "768",
    "SLURM_JOB_EXIT_CODE2": "3:0",
    "SLURM_JOB_DERIVED_EC": "0",
}
TIME = 1795280000.25


def record(hook: str = PROLOG, kind: str = STARTED, **more: str) -> dict[str, str]:
    """Return what a hook writes of job 20205."""
    return {
        "HOOK": hook,
        "KIND": kind,
        "EVENT_ID": f"n2-20205-{kind}-1795280000250000-77",
        "TIME": "1795280000250000",
        "NODE": "n2",
        **(EPILOG_ENVIRONMENT if hook == EPILOG else PROLOG_ENVIRONMENT),
        **more,
    }


def event(job_id: int = 7, kind: str = STARTED, time: float = TIME, **more: object) -> JobEvent:
    """Return an event of a job."""
    given = {
        "event_id": f"n1-{job_id}-{kind}-{time}",
        "origin": PROLOG if kind == STARTED else EPILOG,
        "node": "n1",
        "user": "alice",
        **more,
    }
    return JobEvent(kind=kind, time=time, job_id=job_id, **given)  # type: ignore[arg-type]


_texts = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=40)
_numbers = st.none() | st.integers(0, (1 << 32) - 3)
_times = st.none() | st.integers(1, 253402300799).map(float)
_devices = st.lists(st.text("0123456789abcdefGPU-", min_size=1, max_size=12), max_size=4, unique=True).map(tuple)
_words = st.text(st.characters(min_codepoint=0x21, max_codepoint=0x7E), min_size=1, max_size=40)


@st.composite
def events(draw: st.DrawFn) -> JobEvent:
    """Events as an agent makes them, with whatever users and Slurm put into them."""
    kind = draw(st.sampled_from([STARTED, FINISHED]))
    texts = ("cluster", "sluid", "user", "account", "partition", "qos", "name", "reservation", "nodes", "cpus_per_node")
    paths = ("work_dir", "stdout", "stderr")
    numbers = ("uid", "gid", "array_job_id", "array_task_id", "het_job_offset", "node_count")
    ended = kind == FINISHED and draw(st.booleans())
    return JobEvent(
        event_id=draw(_words),
        kind=kind,
        origin=draw(st.sampled_from([CGROUP, PROLOG if kind == STARTED else EPILOG])),
        time=draw(st.integers(1, 1 << 52)) / 1e6,
        job_id=draw(st.integers(1, (1 << 32) - 3)),
        node=draw(_words),
        het_job_id=draw(st.none() | st.integers(1, (1 << 32) - 3)),
        restart=draw(st.none() | st.integers(0, 65533)),
        gpus=draw(_devices),
        gpu_devices=draw(_devices),
        start_time=draw(_times),
        end_time_limit=draw(_times) if kind == STARTED else None,
        exit_code=draw(st.integers(0, 255)) if ended else None,
        exit_signal=draw(st.integers(0, 127)) if ended else None,
        derived_exit_code=draw(st.integers(0, 255)) if ended else None,
        **{name: draw(_texts) for name in (*texts, *paths)},  # type: ignore[arg-type]
        **{name: draw(_numbers) for name in numbers},  # type: ignore[arg-type]
    )
