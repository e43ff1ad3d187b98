"""The thread that reads the GPUs, which reader it uses, and the names of GPUs that it writes."""

from __future__ import annotations

import threading
from dataclasses import replace
from pathlib import Path

import pytest
from slurm_observability.agent import check as check_module
from slurm_observability.agent.check import check
from slurm_observability.agent.gpus import gpu_watch
from slurm_observability.agent.gpus.allocation import PCI_BUS
from slurm_observability.agent.gpus.gpu_watch import MAX_AGE_SECONDS, GpuWatch
from slurm_observability.agent.gpus.names import NameTable, table
from slurm_observability.agent.gpus.nvml import NvmlSource
from slurm_observability.agent.gpus.reading import FAILED, HANG, GpuError, GpuReport
from slurm_observability.agent.gpus.select import AUTO, NONE, READERS, AutoSource, gpu_source
from slurm_observability.agent.wiring import observing_parts
from slurm_observability.metrics.exposition import render

from tests.unit.programs.agent.node_tree import write
from tests.unit.programs.agent.observed_node import KeptOutbox, gpu

LONG = 60.0


class ToldSource:
    """A source that does what a test says."""

    def __init__(self, name: str = "told", period: float = 0.0) -> None:
        self.answer: GpuReport | Exception = GpuReport(reader=name, driver_version="1", gpus=[gpu(0)])
        self.period = period
        self.reports = 0
        self.closed = False
        self.may_answer = threading.Event()
        self.may_answer.set()

    def report(self) -> GpuReport:
        self.may_answer.wait(LONG)
        self.reports += 1
        if isinstance(self.answer, Exception):
            raise self.answer
        return self.answer

    def close(self) -> None:
        self.closed = True


@pytest.fixture
def source():
    return ToldSource()


@pytest.fixture
def time():
    return [0.0]


@pytest.fixture
def watch(source, time, tmp_path):
    result = GpuWatch(source, NameTable(tmp_path / "gpu-names"), lambda: time[0], LONG)
    result.start()
    yield result
    source.may_answer.set()
    result.stop()


def shown(watch) -> dict[str, float]:
    lines = render(watch.families()).decode().splitlines()
    return {name: float(value) for name, value in (line.rsplit(" ", 1) for line in lines if line[0] != "#")}


def test_each_read_is_a_new_reading(watch, source, tmp_path):
    assert [each.index for each in watch.read()] == [0]
    source.answer = GpuReport(reader="told", gpus=[gpu(0), gpu(1)], failed_calls={("call", "why"): 2})
    assert [each.index for each in watch.read()] == [0, 1]
    assert (tmp_path / "gpu-names").read_text() == "0 0\n1 1\nGPU-0 0\nGPU-1 1\n"
    assert shown(watch)['job_agent_gpu_reader_info{reader="told",driver_version=""}'] == 1
    assert shown(watch)['job_agent_gpu_failed_calls_total{call="call",error="why"}'] == 2


def test_a_slow_tool_is_not_asked_all_the_time(watch, source, time):
    source.period = 60.0
    watch.read()
    time[0] = 59.0
    watch.read()
    assert source.reports == 1
    time[0] = 60.0
    watch.read()
    assert source.reports == 2


def test_nobody_waits_for_a_driver_that_hangs(source, time, tmp_path):
    watch = GpuWatch(source, NameTable(tmp_path / "x"), lambda: time[0], patience=0.01)
    source.may_answer.clear()
    watch.start()
    with pytest.raises(GpuError, match="have not answered yet"):
        watch.read()
    source.may_answer.set()
    watch._patience = LONG
    assert len(watch.read()) == 1
    source.may_answer.clear()
    watch._patience = 0.01
    assert len(watch.read()) == 1  # as they were
    time[0] = MAX_AGE_SECONDS + 1
    with pytest.raises(GpuError, match="have not answered yet"):
        watch.read()
    source.may_answer.set()
    watch.stop()


def test_after_failures_it_is_tried_less_often(watch, source, time, caplog):
    source.answer = GpuError("the driver hangs", HANG)
    tried = []
    for second in range(0, 1000, 5):
        time[0] = float(second)
        before = source.reports
        with pytest.raises(GpuError, match="the driver hangs"):
            watch.read()
        if source.reports > before:
            tried.append(second)
    assert tried == [0, 10, 30, 70, 150, 310, 610, 910]
    assert shown(watch)['job_agent_gpu_read_errors_total{error="hang"}'] == len(tried)
    assert caplog.text.count("cannot be read: the driver hangs") == 1
    time[0] = 2000.0
    source.answer = GpuReport()
    assert watch.read() == ()
    assert "job_agent_gpu_reader_info" not in shown(watch)


def test_a_fault_of_the_program_is_no_end(watch, source, time):
    source.answer = ValueError("x")
    with pytest.raises(GpuError, match="a fault of the program: x"):
        watch.read()
    time[0] = 100.0
    source.answer = GpuReport(gpus=[gpu(0)])
    assert len(watch.read()) == 1


def test_it_ends_what_runs_for_it(watch, source):
    watch.stop()
    watch._thread.join(LONG)
    assert source.closed


def test_a_part_of_the_agent(make_settings):
    first, _ = observing_parts(make_settings(gpus=AUTO), KeptOutbox())
    assert isinstance(first, gpu_watch.GpuWatch)
    assert len(observing_parts(make_settings(gpus=NONE), KeptOutbox())) == 1


def test_readers_by_name():
    assert isinstance(gpu_source("nvml"), NvmlSource)
    assert isinstance(gpu_source(AUTO), AutoSource)
    assert gpu_source(NONE) is None
    assert READERS == ("auto", "nvml", "nvidia-smi", "amd-smi", "rocm-smi", "none")


class Node:
    """A node with drivers and tools, and a source in the place of each reader."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.tools = {"nvidia-smi", "amd-smi", "rocm-smi"}
        self.sources = {name: ToldSource(name) for name in ("nvml", "nvidia-smi", "amd-smi", "rocm-smi")}
        made = {name: lambda source=source: source for name, source in self.sources.items()}
        self.auto = AutoSource(root, lambda name: name if name in self.tools else None, made)

    def load(self, driver: str) -> None:
        write(self.root / {"nvidia": "proc/driver/nvidia/version", "amd": "sys/class/kfd/kfd"}[driver], "")

    def reader(self) -> str:
        return self.auto.report().reader


@pytest.fixture
def node(tmp_path):
    return Node(tmp_path)


def test_no_gpus_are_no_error(node):
    assert node.auto.report() == GpuReport()
    node.load("nvidia")  # while the agent runs
    assert node.reader() == "nvml"


def test_nvml_is_the_first_choice_and_nvidia_smi_the_second(node):
    node.load("nvidia")
    node.sources["nvml"].answer = GpuError("no module named pynvml", FAILED)
    assert [node.reader(), node.reader()] == ["nvidia-smi", "nvidia-smi"]
    assert node.sources["nvml"].reports == 1
    node.sources["nvidia-smi"].answer = GpuError("failed", FAILED)
    node.sources["nvml"].answer = GpuReport(reader="nvml")
    with pytest.raises(GpuError, match="failed"):
        node.reader()
    assert node.reader() == "nvml"


def test_the_first_reason_is_told(node):
    node.load("nvidia")
    node.sources["nvml"].answer = GpuError("first", FAILED)
    node.sources["nvidia-smi"].answer = GpuError("second", FAILED)
    with pytest.raises(GpuError, match="first"):
        node.reader()
    node.tools.clear()
    with pytest.raises(GpuError, match="first"):
        node.reader()


def test_nothing_else_is_tried_in_a_driver_that_hangs(node):
    node.load("nvidia")
    node.sources["nvml"].answer = GpuError("hangs", HANG)
    with pytest.raises(GpuError, match="hangs"):
        node.reader()
    assert node.sources["nvidia-smi"].reports == 0


def test_the_tools_of_amd(node):
    node.load("amd")
    node.sources["amd-smi"].period = 60.0
    assert (node.auto.period, node.reader(), node.auto.period) == (0.0, "amd-smi", 60.0)
    node.auto.close()
    assert node.sources["amd-smi"].closed
    other = Node(node.root)
    other.tools.remove("amd-smi")
    assert other.reader() == "rocm-smi"


def test_names_where_the_bus_has_another_order_than_the_device_files():
    assert table([gpu(0, minor=1), gpu(1, minor=0)]) == "0 1\n1 0\nGPU-0 0\nGPU-1 1\n"


def test_names_where_slurm_goes_by_the_bus():
    assert table([gpu(0, minor=1), gpu(1, minor=0)], PCI_BUS) == "0 0\n1 1\nGPU-0 0\nGPU-1 1\n"


def test_names_of_mig_instances():
    instance = replace(gpu(0), uuid="MIG-a", parent_uuid="GPU-0", gpu_instance=7, compute_instance=0)
    nameless = replace(instance, uuid="MIG-b", gpu_instance=None)
    odd = gpu(2, uuid="GPU 2\n3 4")
    assert table([gpu(0), instance, nameless, gpu(1), odd]) == "0 0.7\n2 1\n3 2\nGPU-0 0\nMIG-a 0.7\nGPU-1 1\n"


def test_no_names_for_amd():
    assert table([gpu(0, vendor="amd")]) == ""


def test_the_table_is_written_when_it_changed_or_is_gone(tmp_path):
    path = tmp_path / "gpu-names"
    names = NameTable(path)
    names.keep([])
    assert not path.exists()
    names.keep([gpu(0)])
    inode = path.stat().st_ino
    assert path.stat().st_mode & 0o777 == 0o644
    names.keep([gpu(0)])
    assert path.stat().st_ino == inode
    path.unlink()
    names.keep([gpu(0)])
    assert path.read_text() == "0 0\nGPU-0 0\n"
    assert [each.name for each in tmp_path.iterdir()] == ["gpu-names"]


def test_without_a_directory_for_it_there_is_no_table(tmp_path, caplog):
    names = NameTable(tmp_path / "none" / "gpu-names")
    names.keep([gpu(0)])
    names.keep([gpu(0)])
    assert caplog.text.count("cannot be written") == 1


@pytest.mark.parametrize(
    ("answer", "state", "words"),
    [
        (GpuReport(reader="nvml", gpus=[gpu(0), gpu(1)]), "ok", "2 by nvml"),
        (GpuReport(), "ok", "none"),
        (GpuError("the driver hangs", HANG), "failed", "the driver hangs"),
    ],
)
def test_check(make_settings, monkeypatch, source, answer, state, words):
    source.answer = answer
    monkeypatch.setattr(check_module, "gpu_source", lambda reader: source)
    finding = {each.subject: each for each in check(make_settings())}["gpus"]
    assert (finding.state, finding.detail) == (state, words)
    assert source.closed


def test_check_without_a_reader(make_settings):
    assert {each.subject: each.detail for each in check(make_settings(gpus=NONE))}["gpus"] == "not wanted"
