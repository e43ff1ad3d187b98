"""A cluster that is made up: which series there are, with the labels that exporters and rules give them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from itertools import product

from slurm_observability.agent import catalogue as agent
from slurm_observability.exporter import catalogue as exporter

Labels = dict[str, str]

PARTITIONS = 8
NODES_OF_A_JOB = 4

# Labels that the rules and dashboards look at, or that make many series of one metric.
DEVICES = {
    "node_cpu_seconds_total": {"cpu": 16, "mode": ("idle", "user", "system", "iowait")},
    "node_filesystem_": {"mountpoint": ("/", "/mnt/resource", "/shared"), "fstype": ("ext4",)},
    "node_infiniband_": {"device": 8, "port": ("1",)},
    "node_network_": {"device": ("eth0", "ib0", "lo")},
    "node_disk_": {"device": ("nvme0n1", "nvme1n1", "sda")},
    "node_mountstats_nfs_": {"export": ("nfs:/shared",), "operation": ("READ", "WRITE", "GETATTR")},
    "node_pressure_": {},
    "node_systemd_unit_state": {"name": 20, "state": ("failed", "active")},
}
# How many values a label of the Slurm exporter has, or which.
VALUES: dict[str, int | tuple[str, ...]] = {
    "user": 100,
    "username": 100,
    "account": 20,
    "association": 100,
    "rpc": 40,
    "type": 40,
    "reason": ("Resources", "Priority", "QOSGrpGRES", "Dependency", "JobHeldUser"),
    "state": ("completed", "failed", "timeout", "cancelled", "node_fail"),
    "qos": ("normal", "high", "low"),
    "le": ("1", "10", "60", "600", "3600", "86400", "+Inf"),
}
# Labels of single metrics, beside those of the GPU.
OF_DCGM: dict[str, list[Labels]] = {
    "DCGM_FI_DEV_XID_ERRORS": [{"err_code": "0", "err_msg": "No Error"}],
    "DCGM_EXP_GPU_HEALTH_STATUS": [
        {"health_watch": watch, "health_error_code": "DCGM_FR_OK"}
        for watch in ("PCIE", "NVLINK", "PMU", "MCU", "MEM", "SM", "INFOROM", "THERMAL", "POWER", "DRIVER")
    ],
    "DCGM_EXP_XID_ERRORS_COUNT": [{"window_size_in_ms": "300000"}],
}
OF_GPUS: dict[str, Labels] = {
    "gpu:xid_recent:bool": {"xid": "79"},
    "gpu:clocks_throttled:bool": {"reason": "hw_thermal"},
    "gpu:health:status": {"health_watch": "MEM", "health_error_code": "DCGM_FR_VOLATILE_DBE_DETECTED"},
    "gpu:nvlink_errors:total": {"kind": "crc"},
}
# Series that are there only when something is wrong: for one in a hundred GPUs.
RARE = (
    "DCGM_EXP_XID_ERRORS_COUNT",
    "gpu:clocks_throttled:bool",
    "gpu:health:status",
    "gpu:pcie_width_reduced:lanes",
    "gpu:problem:bool",
    "gpu:xid_recent:bool",
)


@dataclass(frozen=True)
class Cluster:
    """How large it is. All nodes are busy: each job has four nodes to itself."""

    nodes: int
    gpus: int

    def series(self, name: str) -> Iterator[Labels]:
        """The labels of each series of a metric."""
        own, _, rest = name.partition(":")
        if name.startswith("DCGM_"):
            rows: Iterator[Labels] = self._of_dcgm(name)
        elif not rest:
            rows = self._raw(name)
        elif own == "gpu" and name != "gpu:xid:policy":
            rows = self._of_gpus(name)
        elif name.startswith("job:node_"):
            rows = (target("node_exporter", node) for node in self._nodes())
        else:
            rows = self._recorded(own)
        return self._rare(rows) if name in RARE else rows

    def _recorded(self, level: str) -> Iterator[Labels]:
        """What a rule makes: the first word of its name says of what."""
        match level:
            case "node":
                return ({"node": node_name(node), "partition": partition(node)} for node in self._nodes())
            case "port":
                return (
                    {"node": node_name(node), "partition": partition(node), "device": f"mlx5_{device}", "port": "1"}
                    for node, device in product(self._nodes(), range(8))
                )
            case "partition":
                return ({"partition": f"part{number}"} for number in range(PARTITIONS))
            case "job":
                return ({"job_id": number} for number in self._jobs())
            case "job_node":
                return (self._job(node) for node in self._nodes())
            case "job_gpu":
                return ({**self._job(node), "gpu": str(gpu)} for node, gpu in self._gpus())
            case "user":
                return ({"username": f"user{number}", "account": f"account{number % 20}"} for number in range(100))
            case _:
                return iter([{}])

    def _of_dcgm(self, name: str) -> Iterator[Labels]:
        more = OF_DCGM.get(name, [{}])
        for node, gpu in self._gpus():
            labels = {**self._gpu(node, gpu), "hpc_job": job(node)}
            yield from ({**labels, **one} for one in more)

    def _of_gpus(self, name: str) -> Iterator[Labels]:
        for node, gpu in self._gpus():
            own = {"job_id": job(node)} if name == "gpu:hpc_job:info" else OF_GPUS.get(name, {})
            yield {**self._gpu(node, gpu), **own}

    def _raw(self, name: str) -> Iterator[Labels]:
        known = _catalogue()
        if name in ("up", "scrape_duration_seconds", "scrape_samples_scraped"):
            return (target(by, node) for by in ("node_exporter", "dcgm_exporter") for node in self._nodes())
        if name.startswith("node_"):
            found = next((labels for prefix, labels in DEVICES.items() if name.startswith(prefix)), {})
            devices = list(_combinations(found))
            return ({**target("node_exporter", node), **device} for node in self._nodes() for device in devices)
        labels = known.get(name.removesuffix("_bucket"), ("slurm", ()))
        names = (*labels[1], "le") if name.endswith("_bucket") else labels[1]
        return ({**common, **row} for common in self._hosts(labels[0]) for row in self._rows(names, common))

    def _hosts(self, by: str) -> Iterator[Labels]:
        if by == "job_agent":
            return (target(by, node) for node in self._nodes())
        return iter([{"job": by, "instance": "head"}])

    def _rows(self, names: tuple[str, ...], common: Labels) -> Iterator[Labels]:
        """The rows of a metric with these labels: what belongs to a node or a job is not multiplied with others."""
        rest = {name: VALUES.get(name, 3) for name in names if name not in ("node", "job_id", "partition", "gpu_id")}
        if "node" in common:
            number = int(common["node"].removeprefix("node"))
            gpus = range(self.gpus) if "gpu_id" in names else [0]
            return (_only(names, self._job(number), gpu_id=str(gpu)) for gpu in gpus)
        if "job_id" in names or "node" in names:
            one: dict[str, int | tuple[str, ...]] = dict.fromkeys(rest, 1)
            nodes = self._nodes() if "node" in names else range(0, self.nodes, NODES_OF_A_JOB)
            return ({**_only(names, self._job(node)), **row} for node in nodes for row in _combinations(one))
        user = next((name for name in ("user", "username") if name in rest), None)
        if user and rest.pop("account", None):
            # Each user has one account.
            accounts = {f"{user}{number}": f"account{number % 20}" for number in range(100)}
            others = tuple(name for name in names if name != "account")
            return ({**row, "account": accounts[row[user]]} for row in self._rows(others, {}))
        if "partition" in names:
            rest["partition"] = tuple(f"part{number}" for number in range(PARTITIONS))
        return _combinations(rest)

    def _rare(self, rows: Iterator[Labels]) -> Iterator[Labels]:
        return (row for number, row in enumerate(rows) if number % 100 == 0)

    def _nodes(self) -> range:
        return range(self.nodes)

    def _gpus(self) -> Iterator[tuple[int, int]]:
        return product(range(self.nodes), range(self.gpus))

    def _jobs(self) -> Iterator[str]:
        return (job(node) for node in range(0, self.nodes, NODES_OF_A_JOB))

    def _job(self, node: int) -> Labels:
        return {"job_id": job(node), "node": node_name(node), "partition": partition(node)}

    def _gpu(self, node: int, gpu: int) -> Labels:
        return {
            **target("dcgm_exporter", node),
            "gpu": str(gpu),
            "UUID": f"GPU-{node:08x}-0000-4000-8000-{gpu:012x}",
            "pci_bus_id": f"00000000:{gpu:02X}:00.0",
            "modelName": "NVIDIA H100 80GB HBM3",
            "driver_version": "550.90.07",
        }


def target(by: str, node: int) -> Labels:
    """The labels of a scraped node."""
    return {"job": by, "instance": node_name(node), "node": node_name(node), "partition": partition(node)}


def node_name(node: int) -> str:
    """A node's name."""
    return f"node{node:04}"


def partition(node: int) -> str:
    """A node's partition."""
    return f"part{node % PARTITIONS}"


def job(node: int) -> str:
    """The number of the job on a node."""
    return str(1_000_000 + node // NODES_OF_A_JOB)


def _only(names: tuple[str, ...], labels: Labels, **others: str) -> Labels:
    return {name: value for name, value in {**labels, **others}.items() if name in names}


def _combinations(values: dict[str, int | tuple[str, ...]]) -> Iterator[Labels]:
    lists = [
        [f"{name}{n}" for n in range(found)] if isinstance(found, int) else found for name, found in values.items()
    ]
    return (dict(zip(values, row, strict=True)) for row in product(*lists))


@cache
def _catalogue() -> dict[str, tuple[str, tuple[str, ...]]]:
    """Scrape job and labels of each metric of our programs."""
    found = {}
    for by, catalogue in (("slurm", exporter), ("job_agent", agent)):
        for group in catalogue.groups().values():
            found.update({metric.name: (by, metric.labels) for metric in group})
    return found
