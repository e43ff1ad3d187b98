"""The agent of the virtual machine, asked from head, as Prometheus asks it."""

from __future__ import annotations

from prometheus_client.parser import text_string_to_metric_families

from tests.integration.lab.support import Lab, wait_until

RUNTIME = "hpc_job_runtime_seconds"


class Agent:
    """What the agent shows."""

    def __init__(self, lab: Lab) -> None:
        self._lab = lab

    def job(self, job: str) -> dict[str, float]:
        """What it shows of a job, by the name of the metric; nothing where it knows of no such job."""
        page = self._lab.run("head", "curl --silent --show-error --fail http://vm1:9501/metrics")
        samples = (sample for family in text_string_to_metric_families(page) for sample in family.samples)
        return {sample.name: sample.value for sample in samples if sample.labels.get("job_id") == job}

    def looks_at(self, job: str) -> dict[str, float]:
        """What it shows of a job after its next look and the one after that: one of them began after this call."""
        for _look in range(2):
            before = self.job(job).get(RUNTIME, -1.0)
            wait_until("the agent looks", lambda before=before: self.job(job).get(RUNTIME, -1.0) > before, 60)
        return self.job(job)
