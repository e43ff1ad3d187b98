"""A running exporter over stand-ins of Slurm's commands, and what it serves."""

from __future__ import annotations

import sys
import threading
import time
from http.client import HTTPConnection
from pathlib import Path

import pytest
from prometheus_client.parser import text_string_to_metric_families
from slurm_observability.exporter import wiring

ONLY_OFTEN = dict.fromkeys(wiring.WAITING)

sys.path.insert(0, str(Path(__file__).parent))  # for accounting_model

JOB_LINE = (
    "{eligible}|MARK|{nodes}|{state}|{partitions}|{user}|1|cpu=2,mem=4000M,node=1,gres/gpu=1"
    "|MARK|{reason}|MARK|{account}\n"
)
QUEUE = "".join(
    JOB_LINE.format(
        eligible=eligible, nodes=nodes, state=state, partitions=partitions, user=user, account="research", reason=reason
    )
    for eligible, nodes, state, partitions, user, reason in (
        ("1795266691", "", "PENDING", "hpc,htc", "alice", "Priority"),
        ("N/A", "", "PENDING", "hpc", "bob", "JobHeldUser"),
        ("1795266691", "n1", "RUNNING", "hpc", "alice", "None"),
        ("1795266691", "n3", "FAILED", "htc", "alice", "NonZeroExitCode"),
    )
)
RUNNING = "2|MARK|2|N/A|alice|hpc|n1|MARK|normal|MARK|research\n"
NODE_LINE = (
    "NodeName={name} Arch=x86_64 CoresPerSocket=1  CPUAlloc=0 CPUTot=8 CPULoad=5.68 AvailableFeatures=a "
    "ActiveFeatures=a Gres={gres} GresDrain=N/A GresUsed={gres} NodeAddr={name}.example NodeHostName={name} "
    "Version=24.11.5 OS=Linux #1 SMP  RealMemory=8000 AllocMem=0 FreeMem=1 Sockets=8 Boards=1 State={state} "
    "ThreadsPerCore=1 TmpDisk=0 Weight=1 Owner=N/A MCS_label=N/A Partitions={partitions}  BootTime=1795253414 "
    "SlurmdStartTime=1795266503 LastBusyTime=1795266506 CfgTRES=cpu=8 AllocTRES= CurrentWatts=0 AveWatts=0 "
    "Reason=it is a test [root@1795266687]\n"
)
NODES = "".join(
    NODE_LINE.format(name=name, state=state, partitions=partitions, gres=gres)
    for name, state, partitions, gres in (
        ("n1", "ALLOCATED", "hpc", "gpu:4"),
        ("n2", "MIXED+DRAIN", "hpc,htc", "gpu:4"),
        ("n3", "IDLE", "htc", "(null)"),
        ("n4", "DOWN*+NOT_RESPONDING", "htc", "(null)"),
        ("n5", "IDLE+DRAIN+MAINTENANCE", "htc", "(null)"),
        ("n6", "IDLE+CLOUD+POWERED_DOWN", "cloud", "gpu:4"),
        ("n7", "MIXED+CLOUD+POWERING_UP", "cloud", "gpu:4"),
    )
)
PARTITIONS = "".join(
    f"PartitionName={name} AllowGroups=ALL AllowAccounts=ALL AllowQos=ALL AllocNodes=ALL Default=NO QoS=N/A "
    "DefaultTime=01:00:00 Hidden=NO MaxNodes=UNLIMITED MaxTime=UNLIMITED Nodes=n1 PriorityTier=1 State=UP TotalCPUs=8 "
    "TotalNodes=1\n"
    for name in ("hpc", "htc", "cloud", "void")
)
SCONTROL = {
    "*config": "ClusterName             = lab\nSLURM_VERSION = 24.11.5\nBOOT_TIME = 1795266368\n",
    "ping": "Slurmctld(primary) at head is UP\n",
    "*nodes": NODES,
    "*partitions": PARTITIONS,
    "*reservations": "No reservations in the system\n",
    "*licenses": "LicenseName=matlab Total=10 Used=2 Free=8 Reserved=3 Remote=no\n",
    "*federation": "",
    "*flags=qos,assoc": "Current Association Manager state\n",
}
SDIAG = "sdiag output at Sat Nov 21 12:59:53 2026 (1795265993)\n"


class SmallCluster:
    """Stand-ins of Slurm's commands that answer like a small cluster with a little history."""

    def __init__(self, fake_slurm) -> None:
        self.commands = fake_slurm
        now = int(time.time())
        self._history = "".join(
            "\x1f".join(map(str, fields)) + "\n"
            for fields in (
                # job, submit, eligible, start, end, elapsed, state, allocated, partition
                (1, now - 600, now - 600, now - 500, now - 400, 100, "COMPLETED", "cpu=4,gres/gpu=2,node=1", "hpc"),
                (2, now - 500, now - 500, "Unknown", now - 300, 0, "CANCELLED by 1000", "", "htc"),
                (3, now - 500, now - 500, now - 495, now - 300, 195, "NODE_FAIL", "cpu=8,node=2", "hpc"),
                (3, now - 200, now - 200, now - 100, "Unknown", 100, "RUNNING", "cpu=8,node=2", "hpc"),
            )
        )
        self.recover()

    def recover(self) -> None:
        """Let every command answer again."""
        self.commands.answers("squeue", QUEUE)
        self.commands.answers("squeue", RUNNING, when="--states=RUNNING")
        self._scontrol = dict(SCONTROL)
        self._write_scontrol()
        self.commands.answers("sacct", self._history)
        self.commands.answers("sdiag", SDIAG)

    def nodes(self, text: str) -> None:
        """Let scontrol print this for the nodes."""
        self._scontrol["*nodes"] = text
        self._write_scontrol()

    def ping(self, text: str) -> None:
        """Let ``scontrol ping`` print this; as the real one it fails when nobody is up."""
        self._scontrol["ping"] = text
        self._write_scontrol()

    def config(self, **parameters: str) -> None:
        """Let ``scontrol show config`` print these too."""
        self._scontrol["*config"] = SCONTROL["*config"] + "".join(f"{k} = {v}\n" for k, v in parameters.items())
        self._write_scontrol()

    def _write_scontrol(self) -> None:
        cases = "".join(f"{pattern}) cat <<'EOT'\n{text}EOT\n;;\n" for pattern, text in self._scontrol.items())
        nobody = 0 if " is UP" in self._scontrol["ping"] else 1
        self.commands.does("scontrol", f'case "$*" in\n{cases}esac\n[ "$*" != ping ] || exit {nobody}')


@pytest.fixture
def cluster(fake_slurm) -> SmallCluster:
    return SmallCluster(fake_slurm)


def samples(text: str) -> dict[str, float]:
    """Return the samples of an exposition by name and labels, as Prometheus would write them."""
    return {
        sample.name
        + (
            "{" + ",".join(f'{key}="{value}"' for key, value in sorted(sample.labels.items())) + "}"
            if sample.labels
            else ""
        ): (sample.value)
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


class Client:
    """Asks one server; each call is a connection of its own."""

    def __init__(self, port: int) -> None:
        self.port = port

    def get(self, path: str, method: str = "GET"):
        connection = HTTPConnection("127.0.0.1", self.port, timeout=10)
        try:
            connection.request(method, path)
            response = connection.getresponse()
            return response.status, response.read(), response.headers
        finally:
            connection.close()

    def metrics(self) -> dict[str, float]:
        status, body, _ = self.get("/metrics")
        assert status == 200
        return samples(body.decode())


@pytest.fixture
def start(cluster):
    """Start an exporter and its server, on a free port; returns the client.

    The topics that are asked for seldom are off, unless a test says otherwise.
    """
    from slurm_observability.exporter.exporter import Exporter
    from slurm_observability.exporter.pages import ExporterPages
    from slurm_observability.exporter.settings import Settings
    from slurm_observability.web.guard import Guard
    from slurm_observability.web.server import Server

    running = []

    def begin(web_config=None, seldom=False, **settings) -> Client:
        settings = {"reset_time": int(time.time()) - 3600, "interval": 0.1, "timeout": 5.0, **settings}
        if not seldom:
            settings["intervals"] = {**ONLY_OFTEN, **settings.get("intervals", {})}
        exporter = Exporter(Settings(**settings))
        server = Server("azslurm-exporter", "127.0.0.1", 0, ExporterPages(exporter), Guard(web_config))
        exporter.start()
        threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
        running.append((exporter, server))
        return Client(server.server_address[1])

    yield begin
    for exporter, server in running:
        exporter.stop()
        server.shutdown()
        server.server_close()
