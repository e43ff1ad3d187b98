"""The stand-in of dcgm-exporter: its pages have the real one's form, and it refuses what the real one refuses."""

from __future__ import annotations

import json
import re
import socket
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.stand_ins.dcgm import dcgmi, exporter, fields, host_engine, state, work

COUNTERS = Path(__file__).parents[3] / "roles/dcgm_exporter/files/counters"
LINE = re.compile(r'(?P<name>[A-Z_a-z0-9]+)\{(?P<labels>(?:[A-Za-z_]+="[^"]*",?)+)\} (?P<value>\S+)')


class Node:
    """A made-up node: its state, its map of jobs, and what its exporter shows."""

    def __init__(self, home: Path) -> None:
        self.home = home
        self.map = home / "gpu-jobs"
        self.map.mkdir()
        self.counters = home / "counters.csv"
        self.ask_for("default", "nvlink", "profiling")

    def ask_for(self, *names: str) -> None:
        self.counters.write_text("\n".join((COUNTERS / f"{name}.csv").read_text() for name in names))

    def has(self, **what: Any) -> None:
        state.PATH.write_text(json.dumps(what))

    def asked(self, *flags: str) -> Any:
        own = ["-f", str(self.counters), "-c", "0", "--hpc-job-mapping-dir", str(self.map)]
        return exporter.options().parse_args([*own, *flags])

    def page(self, *flags: str) -> list[tuple[str, dict[str, str], str]]:
        """Return the samples of the page; every line of it has to be one, or a HELP and a TYPE."""
        samples = []
        for line in exporter.Exporter(self.asked(*flags)).page().splitlines():
            if line.startswith("# HELP ") or line.startswith("# TYPE "):
                continue
            found = LINE.fullmatch(line)
            assert found, line
            labels = dict(re.findall(r'([A-Za-z_]+)="([^"]*)"', found["labels"]))
            samples.append((found["name"], labels, found["value"]))
        return samples

    def values(self, name: str, *flags: str) -> dict[str, str]:
        """Return what each GPU says to a field."""
        return {labels["gpu"]: value for found, labels, value in self.page(*flags) if found == name}


@pytest.fixture
def node(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Node:
    monkeypatch.setattr(state, "PATH", tmp_path / "gpus.json")
    monkeypatch.setattr(state, "DEVICES", tmp_path)
    monkeypatch.setattr(work, "JOB_MAP", tmp_path / "gpu-jobs")
    made = Node(tmp_path)
    made.has(count=2)
    return made


def test_a_gpu_has_the_labels_of_the_real_exporter(node: Node):
    name, labels, value = node.page()[0]
    assert (name, value) == ("DCGM_FI_DEV_GPU_UTIL", "0")
    assert list(labels) == ["gpu", "UUID", "pci_bus_id", "device", "modelName", "Hostname", "DCGM_FI_DRIVER_VERSION"]
    assert labels["device"] == "nvidia0"
    assert re.fullmatch(r"GPU-[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", labels["UUID"])
    assert "Hostname" not in node.page("-n")[0][1]


def test_it_knows_each_field_of_the_role_and_says_what_it_is(node: Node):
    text = exporter.Exporter(node.asked()).page()
    assert "# HELP DCGM_FI_DEV_GPU_TEMP GPU temperature (in C).\n# TYPE DCGM_FI_DEV_GPU_TEMP gauge\n" in text
    shown = {name for name, _, _ in node.page()}
    asked = set(re.findall(r"^DCGM_\w+", node.counters.read_text(), re.MULTILINE)) - {fields.DRIVER}
    assert shown == asked


def test_without_a_count_the_device_files_say_how_many_gpus_there_are(node: Node):
    for name in ("nvidia0", "nvidia1", "nvidia2", "nvidiactl", "null"):
        (node.home / name).touch()
    node.has()
    assert set(node.values("DCGM_FI_DEV_GPU_TEMP")) == {"0", "1", "2"}


def test_a_job_makes_its_gpu_busy_and_two_jobs_show_it_twice(node: Node):
    (node.map / "1").write_text("42\n43\n")
    idle, busy = node.values("DCGM_FI_DEV_GPU_UTIL").values()
    assert (idle, 90 <= int(busy) <= 100) == ("0", True)
    power = [
        (labels["gpu"], labels.get("hpc_job")) for name, labels, _ in node.page() if name == "DCGM_FI_DEV_POWER_USAGE"
    ]
    assert power == [("0", None), ("1", "42"), ("1", "43")]


def test_a_gpu_that_is_slower_than_the_others_does_less_of_everything(node: Node):
    for gpu in "01":
        (node.map / gpu).write_text("42\n")
    node.has(count=2, gpus={"1": {"load": 0.3}})
    for field in ("DCGM_FI_DEV_GPU_UTIL", "DCGM_FI_PROF_SM_ACTIVE", "DCGM_FI_PROF_NVLINK_TX_BYTES"):
        usual, slow = map(float, node.values(field).values())
        assert 0 < slow < 0.4 * usual
    assert node.values("DCGM_FI_DEV_FB_USED") == {"0": "61440", "1": "61440"}


def test_a_gpu_can_be_held_and_idle(node: Node):
    (node.map / "0").write_text("42\n")
    node.has(count=1, gpus={"0": {"load": 0}})
    assert node.values("DCGM_FI_DEV_GPU_UTIL") == {"0": "0"}
    assert node.values("DCGM_FI_DEV_FB_USED") == {"0": "0"}


def test_energy_is_power_over_time(node: Node):
    meter = work.Meter()
    (node.map / "0").write_text("42\n")
    assert meter.load(0, {}, 1000.0).millijoules == 0
    busy = meter.load(0, {}, 1010.0).millijoules
    assert 550_000 * 10 < busy < 650_000 * 10
    assert meter.load(0, {"load": 0}, 1020.0).millijoules - busy == 72_000 * 10
    assert meter.load(0, {}, 1015.0).millijoules >= busy


def test_an_xid_stays_on_the_gauge_and_is_counted_for_a_while(node: Node):
    dcgmi.main(["test", "--inject", "--gpuid", "1", "-f", "230", "-v", "79"])
    [xid] = [labels for name, labels, _ in node.page() if name == fields.XID and labels["gpu"] == "1"]
    assert (xid["err_code"], xid["err_msg"]) == ("79", "GPU has fallen off the bus")
    counted = [
        (labels["gpu"], labels.get("xid"), value) for name, labels, value in node.page() if name.endswith("_COUNT")
    ]
    assert counted == [("0", None, "0"), ("1", "79", "1")]

    old = node.values("DCGM_EXP_XID_ERRORS_COUNT", "-x", "0")
    assert old == {"0": "0", "1": "0"}
    assert node.values(fields.XID, "-x", "0")["1"] == "79"
    dcgmi.main(["test", "--inject", "--gpuid", "1", "-f", "230", "-v", "0"])
    assert node.values(fields.XID)["1"] == "0"


def test_an_xid_that_takes_the_whole_gpu_fails_its_health(node: Node):
    dcgmi.main(["test", "--inject", "--gpuid", "0", "-f", "230", "-v", "79"])
    failed = [(labels["gpu"], labels["health_watch"]) for name, labels, value in node.page() if value == "20"]
    assert failed == [("0", "ALL")]


def test_values_are_injected_by_number_and_keep_their_form(node: Node):
    dcgmi.main(["test", "--inject", "--gpuid", "0", "-f", "150", "-v", "95"])
    dcgmi.main(["test", "--inject", "--gpuid", "0", "-f", "155", "-v", "350"])
    assert node.values("DCGM_FI_DEV_GPU_TEMP")["0"] == "95"
    assert node.values("DCGM_FI_DEV_POWER_USAGE")["0"] == "350.000000"


def test_nothing_is_injected_into_a_gpu_that_is_not_there(node: Node):
    assert dcgmi.main(["test", "--inject", "--gpuid", "7", "-f", "150", "-v", "95"]) == 1
    assert node.values("DCGM_FI_DEV_GPU_TEMP") == {"0": "33", "1": "33"}


def test_a_gpu_vanishes(node: Node):
    node.has(count=2, gpus={"0": {"present": False}})
    assert set(node.values("DCGM_FI_DEV_GPU_TEMP")) == {"1"}


def test_profiling_pauses_and_the_rest_goes_on(node: Node):
    dcgmi.main(["profile", "--pause"])
    assert node.values("DCGM_FI_PROF_SM_ACTIVE") == {}
    assert node.values("DCGM_FI_DEV_GPU_TEMP") != {}
    dcgmi.main(["profile", "--resume"])
    assert node.values("DCGM_FI_PROF_SM_ACTIVE") == {"0": "0.000000", "1": "0.000000"}


def test_blackwell_has_other_nvlink_counters_and_loses_them_to_single_bit_errors(node: Node):
    recovery = "DCGM_FI_DEV_NVLINK_COUNT_LINK_RECOVERY_FAILED_EVENTS"
    node.has(count=1, generation="blackwell")
    node.ask_for("default", "gb200")
    assert node.values(recovery) == {"0": "0"}
    node.ask_for("default", "gb200", "nvlink")
    assert node.values(recovery) == {}
    node.has(count=1)
    node.ask_for("default", "gb200")
    assert node.values(recovery) == {}


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("DCGM_FI_DEV_NO_SUCH_FIELD, gauge, x", "could not find DCGM field; err: unknown ExporterCounter field"),
        ("DCGM_FI_DEV_GPU_TEMP, number, x", "could not find Prometheus metric type 'number'"),
        ("DCGM_FI_DEV_GPU_TEMP, gauge, a, b", "expected 3 fields"),
        ('DCGM_FI_DEV_GPU_TEMP, gauge, "a, b"', 'bare " in non-quoted field'),
    ],
)
def test_a_counters_file_that_the_real_one_refuses(
    node: Node, capsys: pytest.CaptureFixture[str], line: str, message: str
):
    node.counters.write_text(f"# fields\n{line}\n")
    assert exporter.main(["-f", str(node.counters), "-a", "127.0.0.1:0"]) == 1
    assert message in capsys.readouterr().err


@pytest.mark.parametrize("address", ["0.0.0.0", "localhost:http", "127.0.0.1:70000", "::1:9400", ""])
def test_an_address_that_the_real_one_refuses(node: Node, capsys: pytest.CaptureFixture[str], address: str):
    assert exporter.main(["-f", str(node.counters), "-a", address]) == 1
    assert "listen tcp: address" in capsys.readouterr().err


def test_a_flag_that_the_real_one_does_not_have(capsys: pytest.CaptureFixture[str]):
    with pytest.raises(SystemExit):
        exporter.main(["--port", "9400"])
    assert "unrecognized arguments" in capsys.readouterr().err


@pytest.fixture
def engine() -> Iterator[str]:
    """A host engine on a port of its own."""
    with host_engine._Server(("127.0.0.1", 0), host_engine._Question) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"127.0.0.1:{server.server_address[1]}"
        server.shutdown()


def fetched(address: tuple[str, int], path: str) -> tuple[int, str]:
    try:
        with urllib.request.urlopen(f"http://{address[0]}:{address[1]}{path}", timeout=10) as reply:
            return reply.status, reply.read().decode()
    except urllib.error.HTTPError as error:
        return error.code, error.read().decode()


def test_it_serves_what_the_host_engine_says_and_fails_without_it(node: Node, engine: str):
    with exporter.serve(node.asked("-a", "127.0.0.1:0", "-r", engine)) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        status, text = fetched(server.server_address, "/metrics")
        assert status == 200
        assert 'DCGM_FI_DEV_GPU_TEMP{gpu="1",' in text
        assert fetched(server.server_address, "/health") == (200, "OK")
        assert fetched(server.server_address, "/other")[0] == 404

        state.PATH.write_text("broken")
        assert fetched(server.server_address, "/metrics") == (500, "internal server error\n")
        server.shutdown()


def test_dcgmi_tells_the_health_that_the_host_engine_sees(
    node: Node, engine: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    monkeypatch.setattr(host_engine, "ADDRESS", exporter.address(engine))

    def health() -> Any:
        assert dcgmi.main(["health", "--check", "--json"]) == 0
        return json.loads(capsys.readouterr().out)["body"]

    assert health() == {"Overall Health": {"value": "Healthy"}}
    node.has(count=2, gpus={"1": {"health": {"MEM": [10, "DCGM_FR_PENDING_ROW_REMAP"]}}})
    fault = {"MEM system": {"value": "Warning", "overflow": ["DCGM_FR_PENDING_ROW_REMAP"]}}
    assert health() == {
        "GPU": {"children": {"1": {"children": {"Errors": {"children": fault}}}}},
        "Overall Health": {"value": "Warning"},
    }


def test_dcgmi_says_when_the_host_engine_is_not_there(
    node: Node, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        monkeypatch.setattr(host_engine, "ADDRESS", unused.getsockname())
        assert dcgmi.main(["health", "-c", "-j"]) == 1
    assert "unable to establish a connection" in capsys.readouterr().out


def test_it_does_not_start_without_the_host_engine(node: Node, capsys: pytest.CaptureFixture[str]):
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        flags = ["-f", str(node.counters), "-a", "127.0.0.1:0", "-r", f"127.0.0.1:{unused.getsockname()[1]}"]
        assert exporter.main(flags) == 1
    assert "Connection refused" in capsys.readouterr().err


def test_dcgm_is_asked_no_more_often_than_it_was_told_to(node: Node):
    running = exporter.Exporter(node.asked("-c", "60000"))
    node.has(count=1)
    assert 'gpu="1"' in running.page()
    running._asked_at = time.monotonic() - 61
    assert 'gpu="1"' not in running.page()
