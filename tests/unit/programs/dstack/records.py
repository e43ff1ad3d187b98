"""Fill the database of a dstack server with records of dstack's own test fixtures. Run by dstack's Python."""

import asyncio
from datetime import datetime, timedelta, timezone

from dstack._internal.core.models.backends.base import BackendType
from dstack._internal.core.models.health import HealthStatus
from dstack._internal.core.models.instances import InstanceStatus
from dstack._internal.core.models.runs import JobStatus, RunStatus
from dstack._internal.core.models.users import GlobalRole
from dstack._internal.server.db import get_session_ctx
from dstack._internal.server.services import encryption  # noqa: F401 -- lets tokens be stored
from dstack._internal.server.testing import common

# Name, status, unreachable, health, busy blocks of an instance.
INSTANCES = (
    ("h100-0", InstanceStatus.BUSY, False, HealthStatus.HEALTHY, 8),
    ("h100-1", InstanceStatus.IDLE, False, HealthStatus.WARNING, 0),
    ("h100-2", InstanceStatus.IDLE, True, HealthStatus.FAILURE, 0),
    ("h100-3", InstanceStatus.PENDING, False, HealthStatus.HEALTHY, 0),
    ("h100-4", InstanceStatus.TERMINATING, False, HealthStatus.HEALTHY, 0),
    ("h100-5", InstanceStatus.TERMINATED, False, HealthStatus.HEALTHY, 0),
)
DCGM = """\
# HELP DCGM_FI_DEV_GPU_UTIL GPU utilization (in %).
# TYPE DCGM_FI_DEV_GPU_UTIL gauge
DCGM_FI_DEV_GPU_UTIL{gpu="0",UUID="GPU-1",modelName="NVIDIA H100 80GB HBM3",Hostname="h100-0"} 90
"""


async def fill() -> None:
    now = datetime.now(timezone.utc)
    gpus = {"gpu_count": 8, "gpu_name": "H100", "gpu_memory_gib": 80}
    async with get_session_ctx() as session:
        admin = await common.create_user(session=session, name="operator", token="of-an-admin")
        await common.create_user(session=session, name="stranger", token="of-a-stranger", global_role=GlobalRole.USER)
        project = await common.create_project(session=session, owner=admin, name="research")
        fleet = await common.create_fleet(session=session, project=project, name="h100", created_at=now)
        offer = common.get_instance_offer_with_availability(
            backend=BackendType.AZURE, price=98.0, instance_type="Standard_ND96isr_H100_v5", **gpus
        )
        instances = [
            await common.create_instance(
                session=session,
                project=project,
                fleet=fleet,
                name=name,
                instance_num=number,
                status=status,
                unreachable=unreachable,
                health_status=health,
                busy_blocks=busy,
                total_blocks=8,
                backend=BackendType.AZURE,
                price=98.0,
                offer=offer,
                created_at=now - timedelta(hours=2),
            )
            for number, (name, status, unreachable, health, busy) in enumerate(INSTANCES)
        ]
        repo = await common.create_repo(session=session, project_id=project.id)
        run = {"session": session, "project": project, "repo": repo, "user": admin}
        await common.create_run(**run, run_name="failed", status=RunStatus.FAILED)
        training = await common.create_run(**run, run_name="train", status=RunStatus.RUNNING, submitted_at=now)
        job = await common.create_job(
            session=session,
            run=training,
            status=JobStatus.RUNNING,
            submitted_at=now - timedelta(minutes=10),
            job_provisioning_data=common.get_job_provisioning_data(backend=BackendType.AZURE, **gpus),
            instance=instances[0],
            instance_assigned=True,
        )
        await common.create_job_metrics_point(
            session=session,
            job_model=job,
            timestamp=now,
            gpus_memory_usage_bytes=[70 << 30] * 8,
            gpus_util_percent=[90] * 8,
        )
        await common.create_job_prometheus_metrics(session=session, job=job, collected_at=now, text=DCGM)
        # More fleets than dstack gives at once.
        for number in range(105):
            other = await common.create_fleet(
                session=session, project=project, name=f"other-{number}", created_at=now - timedelta(minutes=number + 1)
            )
            await common.create_instance(
                session=session, project=project, fleet=other, name=f"other-{number}-0", price=0.0
            )


asyncio.run(fill())
