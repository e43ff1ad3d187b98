"""NVML, asked through nvidia-ml-py of a stand-in for the driver's library."""

from __future__ import annotations

import ctypes
import io
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pynvml
import pytest
from hypothesis import given
from hypothesis import strategies as st
from slurm_observability.agent.gpus import nvml_process
from slurm_observability.agent.gpus.nvml import COMMAND, NvmlSource, parse
from slurm_observability.agent.gpus.reading import FAILED, HANG, NONSENSE, GpuError, GpuReading

from tests.unit.programs.conftest import PROJECT

LONG = 60.0
SOURCE = Path(__file__).with_name("nvml_stand_in.c")

pytestmark = pytest.mark.skipif(not shutil.which("gcc"), reason="needs gcc")


@pytest.fixture(scope="module")
def libraries(tmp_path_factory):
    """Return a directory with the stand-in."""
    directory = tmp_path_factory.mktemp("nvml")
    library = directory / "libnvidia-ml.so.1"
    subprocess.run(["gcc", "-shared", "-fPIC", "-Wall", "-Werror", "-o", library, SOURCE], check=True)
    return directory


@pytest.fixture
def driver(libraries, tmp_path, monkeypatch):
    """Let the driver be in a state. The process of NVML finds the stand-in as it would find the driver's."""
    words = tmp_path / "state"
    monkeypatch.setenv("NVML_STAND_IN", str(words))
    monkeypatch.setenv("LD_LIBRARY_PATH", str(libraries))
    monkeypatch.setenv("PYTHONPATH", str(PROJECT / "src"))
    return words.write_text


@pytest.fixture
def source():
    result = NvmlSource()
    yield result
    result.close()


@pytest.fixture
def library(driver, libraries, monkeypatch):
    """Return nvidia-ml-py with the stand-in, in this process."""
    monkeypatch.setattr(pynvml, "nvmlLib", ctypes.CDLL(str(libraries / "libnvidia-ml.so.1")))
    monkeypatch.setattr(pynvml, "_nvmlGetFunctionPointer_cache", {})
    return pynvml


def readings(library) -> list[GpuReading]:
    return list(parse(json.dumps(nvml_process.Nvml(library).answer()).encode()).gpus)


def test_two_gpus(driver, source):
    report = source.report()
    assert (report.reader, report.driver_version) == ("nvml", "580.1")
    first, second = report.gpus
    assert first == GpuReading(
        vendor="nvidia",
        index=0,
        uuid="GPU-1",
        minor=1,
        name="Stand-in",
        utilization_percent=41.0,
        memory_used_bytes=1001,
        memory_total_bytes=8000,
        power_watts=250.5,
        energy_joules=7.5,
        temperature_celsius=50.0,
        processes={501: 600, 502: None},
    )
    assert (second.index, second.minor, second.processes) == (1, 0, {})


def test_one_process_answers_every_time(driver, source):
    driver("none")
    assert source.report().gpus == []
    child = source._child
    driver("")
    assert len(source.report().gpus) == 2
    assert source._child is child


def test_a_driver_that_hangs(driver):
    source = NvmlSource(first_seconds=LONG, seconds=0.2)
    source.report()
    driver("hang")
    with pytest.raises(GpuError, match="NVML does not answer") as caught:
        source.report()
    assert caught.value.kind == HANG
    driver("")
    source._children._last._process.wait(LONG)
    assert len(source.report().gpus) == 2
    source.close()


def test_a_process_that_cannot_be_killed_is_alone(driver, monkeypatch):
    source = NvmlSource(first_seconds=0.2)
    driver("hang")
    kill = os.killpg
    monkeypatch.setattr(os, "killpg", lambda *_: None)
    for words in ("does not answer", "hangs in the driver, and cannot be ended"):
        with pytest.raises(GpuError, match=words) as caught:
            source.report()
        assert caught.value.kind == HANG
    kill(source._children._last._process.pid, 9)
    source._children._last._process.wait(LONG)


def test_a_library_that_crashes(driver, source):
    driver("crash")
    with pytest.raises(GpuError, match="NVML has ended") as caught:
        source.report()
    assert caught.value.kind == FAILED


def test_no_driver(driver, source):
    driver("no-driver")
    with pytest.raises(GpuError, match="NVMLError_DriverNotLoaded: Driver Not Loaded"):
        source.report()


def test_no_library(driver, source, monkeypatch):
    monkeypatch.setenv("LD_LIBRARY_PATH", "")
    with pytest.raises(GpuError, match="Library Not Found"):
        source.report()


def test_a_process_that_ended_by_itself_begins_anew(driver, source):
    source.report()
    child = source._child
    child._process.stdin.close()
    child._process.wait(LONG)
    assert len(source.report().gpus) == 2
    assert source._child is not child


def test_a_program_that_is_not_there():
    with pytest.raises(GpuError, match="cannot be run"):
        NvmlSource(["/nowhere/python"]).report()


def test_mig(library, driver):
    driver("mig mps")
    whole, first, second, other = readings(library)
    assert (whole.uuid, whole.utilization_percent) == ("GPU-1", None)
    assert first == GpuReading(
        vendor="nvidia",
        index=0,
        uuid="MIG-100",
        minor=1,
        name="Stand-in",
        parent_uuid="GPU-1",
        gpu_instance=7,
        compute_instance=0,
        memory_used_bytes=1100,
        memory_total_bytes=8000,
        processes={501: 600, 502: None, 503: 70},
    )
    assert (second.uuid, second.gpu_instance) == ("MIG-102", 9)
    assert other.uuid == "GPU-2"


def test_a_lost_gpu_keeps_its_place(library, driver):
    driver("lost")
    nvml = nvml_process.Nvml(library)
    answer = nvml.answer()
    first, second = parse(json.dumps(answer).encode()).gpus
    assert first.utilization_percent == 41.0
    assert second == GpuReading(vendor="nvidia", index=1)
    assert nvml.is_lost
    assert ["nvmlDeviceGetUUID", "GPU is lost", 1] in answer["failed"]


def test_a_gpu_that_this_user_may_not_open(library, driver):
    driver("denied")
    assert readings(library)[1] == GpuReading(vendor="nvidia", index=1)


def test_what_a_gpu_cannot_tell(library, driver):
    driver("unsupported secret")
    nvml = nvml_process.Nvml(library)
    report = parse(json.dumps(nvml.answer()).encode())
    gpu = report.gpus[0]
    assert (gpu.utilization_percent, gpu.power_watts, gpu.energy_joules, gpu.temperature_celsius) == (None,) * 4
    assert (gpu.processes, gpu.memory_used_bytes) == (None, 1001)
    assert report.failed_calls["nvmlDeviceGetPowerUsage", "Not Supported"] == 2
    assert report.failed_calls["nvmlDeviceGetComputeRunningProcesses", "Insufficient Permissions"] == 2
    assert not nvml.is_lost


def test_an_old_driver(library, driver):
    driver("old")
    gpu = readings(library)[0]
    assert (gpu.memory_used_bytes, gpu.processes) == (3000, {501: 600, 502: None})


def test_a_name_that_is_no_text(library, driver):
    driver("bytes")
    assert readings(library)[0].name == ""


def test_the_process_ends_to_see_a_lost_gpu_again(library, driver, monkeypatch, capsys):
    driver("lost")
    monkeypatch.setattr(sys, "stdin", io.StringIO("\n\n\n"))
    monkeypatch.setattr(nvml_process, "RENEW_SECONDS", -1.0)
    nvml_process.main()
    assert len(capsys.readouterr().out.splitlines()) == 1
    driver("")
    monkeypatch.setattr(sys, "stdin", io.StringIO("\n\n\n"))
    nvml_process.main()
    assert len(capsys.readouterr().out.splitlines()) == 3


def test_the_process_says_what_is_wrong(library, driver, monkeypatch, capsys):
    driver("no-driver")
    nvml_process.main()
    assert json.loads(capsys.readouterr().out) == {"error": "NVMLError_DriverNotLoaded: Driver Not Loaded"}


def test_an_agent_that_is_gone(library, driver, monkeypatch, capsys):
    monkeypatch.setattr(sys, "stdin", io.StringIO("\n"))
    monkeypatch.setattr(nvml_process.json, "dumps", lambda _: (_ for _ in ()).throw(BrokenPipeError))
    nvml_process.main()
    assert capsys.readouterr().out == ""


def test_the_command_is_this_python():
    assert (sys.executable, "-m", "slurm_observability.agent.gpus.nvml_process") == COMMAND


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.sampled_from(["gpus", "driver", "failed", "index"]), inner),
)


@given(JSON.map(lambda value: json.dumps(value).encode()) | st.binary())
def test_whatever_the_process_says(line):
    try:
        parse(line)
    except GpuError as error:
        assert error.kind in (FAILED, NONSENSE)


def test_numbers_that_are_none():
    gpu = {"index": 0, "power_watts": float("nan"), "utilization_percent": 101, "memory_used_bytes": "x"}
    answer = {"driver": "1", "gpus": [gpu], "failed": []}
    assert parse(json.dumps(answer).encode()).gpus == [GpuReading(vendor="nvidia", index=0)]
