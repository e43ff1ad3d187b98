"""nvidia-smi, amd-smi and rocm-smi, played by scripts.

What they print has the form of recordings in public repositories; the values are made up. nvidia-smi: drivers 590 to
610 with H100, H200 (both also with MIG), L40S and consumer cards, and lists of MIG instances by 460. rocm-smi: ROCm 4.3
to 6.1 with MI50, MI100 and consumer cards. amd-smi: 26.2.1 of ROCm 7.2 with MI355X and R9700. Of ODD_GPU no recording
is known: its words are those of public reports.
"""

from __future__ import annotations

import json
import stat

import pytest
from hypothesis import given
from hypothesis import strategies as st
from slurm_observability.agent.gpus import amd_smi, nvidia_smi, rocm_smi
from slurm_observability.agent.gpus.amd import json_of, render_minor
from slurm_observability.agent.gpus.amd_smi import AmdSmi
from slurm_observability.agent.gpus.child import MAX_BYTES
from slurm_observability.agent.gpus.nvidia_smi import NvidiaSmi
from slurm_observability.agent.gpus.reading import ABSENT, FAILED, HANG, NONSENSE, GpuError, GpuReading
from slurm_observability.agent.gpus.rocm_smi import RocmSmi

from tests.unit.programs.agent.node_tree import write

MIB = 1 << 20

GPUS = """\
0, GPU-aa, 00000000:07:00.0, 550.54.15, Disabled, 97, 40536, 81559, 412.31, 61, NVIDIA H100 80GB HBM3
1, GPU-bb, 00000000:0F:00.0, 550.54.15, Disabled, 0, 0, 81559, 70.10, 30, NVIDIA H100 80GB HBM3
"""
MIG_GPU = """\
0, GPU-aa, 00000000:07:00.0, 590.48.01, Enabled, [N/A], 59, 81559, 71.15, 42, NVIDIA H100 80GB HBM3
"""
ODD_GPU = "0, GPU-aa, 00000000:07:00.0, 470.82.01, [N/A], [Unknown Error], [N/A], ERR!, [Not Supported], N/A, Tesla\n"
LIST = """\
GPU 0: NVIDIA H100 80GB HBM3 (UUID: GPU-aa)
  MIG 1c.3g.40gb  Device  0: (UUID: MIG-11)
  MIG 1g.10gb     Device  1: (UUID: MIG-33)
GPU 1: NVIDIA H100 80GB HBM3 (UUID: GPU-bb)
  MIG 7g.80gb     Device  0: (UUID: MIG-22)
"""
# As drivers before 470 have it.
OLD_LIST = """\
GPU 0: A100-PCIE-40GB (UUID: GPU-aa)
  MIG 3g.20gb Device 0: (UUID: MIG-GPU-aa/1/0)
  MIG 3g.20gb Device 1: (UUID: MIG-GPU-aa/2/0)
"""


@pytest.fixture
def tool(tmp_path, monkeypatch):
    """Put a script in the place of a tool."""
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")

    def put(name: str, script: str) -> None:
        path = tmp_path / name
        path.write_text(f"#!/bin/sh\n{script}\n")
        path.chmod(stat.S_IRWXU)

    return put


@pytest.fixture
def smi(tool, tmp_path):
    """Let nvidia-smi know these GPUs."""

    def put(gpus: str, processes: str = "", listing: str = LIST) -> NvidiaSmi:
        for name, text in (("gpus", gpus), ("processes", processes), ("list", listing)):
            (tmp_path / name).write_text(text)
        tool(
            "nvidia-smi",
            f'case "$1" in --query-gpu=*) cat {tmp_path}/gpus;; -L) cat {tmp_path}/list;;'
            f" *) cat {tmp_path}/processes;; esac",
        )
        return NvidiaSmi(driver_files=tmp_path / "driver")

    return put


def test_nvidia_smi(smi, tmp_path):
    write(tmp_path / "driver" / "0000:07:00.0" / "information", "Model: \t\t H100\nDevice Minor: \t 3\n")
    write(tmp_path / "driver" / "0000:0f:00.0" / "information", "Model: \t\t H100\n")
    report = smi(GPUS, "GPU-aa, 4711, 40000\nGPU-aa, 4712, [N/A]\n").report()
    assert (report.reader, report.driver_version) == ("nvidia-smi", "550.54.15")
    assert report.gpus == [
        GpuReading(
            vendor="nvidia",
            index=0,
            uuid="GPU-aa",
            minor=3,
            name="NVIDIA H100 80GB HBM3",
            utilization_percent=97.0,
            memory_used_bytes=40536 * MIB,
            memory_total_bytes=81559 * MIB,
            power_watts=412.31,
            temperature_celsius=61.0,
            processes={4711: 40000 * MIB, 4712: None},
        ),
        GpuReading(
            vendor="nvidia",
            index=1,
            uuid="GPU-bb",
            name="NVIDIA H100 80GB HBM3",
            utilization_percent=0.0,
            memory_used_bytes=0,
            memory_total_bytes=81559 * MIB,
            power_watts=70.1,
            temperature_celsius=30.0,
            processes={},
        ),
    ]


def test_nvidia_smi_and_mig(smi):
    """A process is said to be on the whole GPU: on which of its instances, nvidia-smi does not tell."""
    whole, first, second = smi(MIG_GPU, "GPU-aa, 12, 100\n").report().gpus
    assert (whole.uuid, whole.utilization_percent, whole.processes) == ("GPU-aa", None, {12: 100 * MIB})
    assert first == GpuReading(
        vendor="nvidia",
        index=0,
        uuid="MIG-11",
        name="NVIDIA H100 80GB HBM3 MIG 1c.3g.40gb",
        parent_uuid="GPU-aa",
    )
    assert (second.uuid, second.gpu_instance, second.processes) == ("MIG-33", None, None)


def test_old_nvidia_smi_and_mig(smi):
    _whole, *instances = smi(MIG_GPU, listing=OLD_LIST).report().gpus
    assert [(each.uuid, each.gpu_instance, each.compute_instance) for each in instances] == [
        ("MIG-GPU-aa/1/0", 1, 0),
        ("MIG-GPU-aa/2/0", 2, 0),
    ]


def test_nvidia_smi_that_cannot_tell(smi):
    (gpu,) = smi(ODD_GPU, "GPU-aa, [Insufficient Permissions], [N/A]\n").report().gpus
    assert gpu == GpuReading(vendor="nvidia", index=0, uuid="GPU-aa", name="Tesla")


def test_nvidia_smi_without_gpus(smi):
    report = smi("").report()
    assert (report.gpus, report.driver_version) == ([], "")


@pytest.mark.parametrize("text", ["No devices were found", "x, " * 11, "0, GPU-aa"])
def test_nvidia_smi_that_says_something_else(smi, text):
    with pytest.raises(GpuError) as caught:
        smi(text).report()
    assert caught.value.kind == NONSENSE


def test_a_tool_that_fails(tool):
    tool("nvidia-smi", "echo 'NVIDIA-SMI has failed because it could not communicate with the driver.'; exit 9")
    with pytest.raises(GpuError, match="failed with status 9: NVIDIA-SMI has failed because") as caught:
        NvidiaSmi().report()
    assert caught.value.kind == FAILED


def test_a_tool_that_is_not_there(tool, tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(GpuError, match="nvidia-smi cannot be run: No such file") as caught:
        NvidiaSmi().report()
    assert caught.value.kind == ABSENT


@pytest.mark.parametrize("script", ["exec sleep 600", "exec >&- 2>&-; exec sleep 600"])
def test_a_tool_that_hangs(tool, script):
    tool("nvidia-smi", script)
    with pytest.raises(GpuError) as caught:
        NvidiaSmi(seconds=0.2).report()
    assert caught.value.kind == HANG


def test_a_tool_that_never_ends_to_print(tool):
    tool("nvidia-smi", "exec head -c 40000000 /dev/zero")
    with pytest.raises(GpuError, match=f"more than {MAX_BYTES} bytes"):
        NvidiaSmi().report()


AMD_LIST = [{"gpu": 0, "bdf": "0000:0c:00.0", "uuid": "18ff74b5-0000-1000-80c0-6d9b0b3f4e2a"}]
AMD_METRICS = [
    {
        "gpu": 0,
        "usage": {"gfx_activity": {"value": 88, "unit": "%"}, "umc_activity": {"value": 9, "unit": "%"}},
        "power": {"socket_power": {"value": 512, "unit": "W"}, "gfx_voltage": "N/A"},
        "temperature": {"edge": "N/A", "hotspot": {"value": 61, "unit": "C"}, "mem": {"value": 55, "unit": "C"}},
        "energy": {"total_energy_consumption": {"value": 1234.5, "unit": "J"}},
        "mem_usage": {"total_vram": {"value": 196592, "unit": "MB"}, "used_vram": {"value": 4096, "unit": "MB"}},
    }
]
AMD_PROCESSES = [
    {
        "gpu": 0,
        "process_list": [
            {"process_info": {"name": "python", "pid": 77, "memory_usage": {"vram_mem": {"value": 5, "unit": "MB"}}}},
            {"process_info": {"name": "x", "pid": 78, "mem_usage": {"value": 6, "unit": "B"}}},
            {"process_info": {"name": "y", "pid": 79, "mem_usage": "N/A"}},
        ],
    }
]


@pytest.fixture
def amd(tool, tmp_path):
    """Let amd-smi know this."""

    def put(listed, metrics, processes, wrong: int = 0) -> AmdSmi:
        for name, value in (("list", listed), ("metric", metrics), ("process", processes)):
            (tmp_path / name).write_text(value if isinstance(value, str) else json.dumps(value))
        tool("amd-smi", f'cat "{tmp_path}/$1"; [ "$1" != process ] || exit {wrong}')
        return AmdSmi(pci_devices=tmp_path / "pci")

    return put


@pytest.mark.parametrize("metrics", [AMD_METRICS, {"gpu_data": AMD_METRICS}])
def test_amd_smi(amd, tmp_path, metrics):
    for name in ("card1", "renderD128"):
        (tmp_path / "pci" / "0000:0c:00.0" / "drm" / name).mkdir(parents=True)
    report = amd(AMD_LIST, metrics, AMD_PROCESSES).report()
    assert report.reader == "amd-smi"
    assert report.gpus == [
        GpuReading(
            vendor="amd",
            index=0,
            uuid="18ff74b5-0000-1000-80c0-6d9b0b3f4e2a",
            minor=128,
            utilization_percent=88.0,
            memory_used_bytes=4096 * MIB,
            memory_total_bytes=196592 * MIB,
            power_watts=512.0,
            energy_joules=1234.5,
            temperature_celsius=61.0,
            processes={77: 5 * MIB, 78: 6, 79: None},
        )
    ]


def test_amd_smi_without_processes(amd):
    none = [{"gpu": 0, "process_list": [{"process_info": "No running processes detected"}]}]
    assert amd(AMD_LIST, AMD_METRICS, none).report().gpus[0].processes == {}


def test_amd_smi_that_fails_at_processes(amd):
    (gpu,) = amd(AMD_LIST, AMD_METRICS, AMD_PROCESSES, wrong=1).report().gpus
    assert (gpu.processes, gpu.utilization_percent) == (None, 88.0)


def test_amd_smi_that_hangs_at_processes(tool, tmp_path):
    tool("amd-smi", f"[ $1 != process ] || exec sleep 600; echo '{json.dumps(AMD_LIST)}'")
    with pytest.raises(GpuError) as caught:
        AmdSmi(seconds=5).report()
    assert caught.value.kind == HANG


@pytest.mark.parametrize("text", ["", "{", "7", '"gpu"', "{}", '{"gpu_data": 7}'])
def test_amd_smi_that_says_something_else(amd, text):
    with pytest.raises(GpuError) as caught:
        amd(text, [], []).report()
    assert caught.value.kind == NONSENSE


ROCM = {
    "card1": {"GPU use (%)": "3", "Unique ID": "N/A", "PCI Bus": "nowhere"},
    "card0": {
        "GPU use (%)": "68",
        "VRAM Total Memory (B)": "68719476736",
        "VRAM Total Used Memory (B)": "28823961600",
        "Temperature (Sensor edge) (C)": "72.0",
        "Temperature (Sensor junction) (C)": "78.0",
        "Average Graphics Package Power (W)": "235.5",
        "Card series": "Instinct MI250X",
        "Unique ID": "0x2f048617326B1EA",
        "PCI Bus": "0000:C1:00.0",
    },
    "system": {"Driver version": "6.1.1"},
}


def test_rocm_smi(tool):
    tool("rocm-smi", f"echo 'WARNING: AMD GPU device(s) is/are in a low-power state'\necho '{json.dumps(ROCM)}'")
    report = RocmSmi().report()
    assert (report.reader, report.driver_version) == ("rocm-smi", "6.1.1")
    assert report.gpus == [
        GpuReading(
            vendor="amd",
            index=0,
            uuid="GPU-02f048617326b1ea",
            name="Instinct MI250X",
            utilization_percent=68.0,
            memory_used_bytes=28823961600,
            memory_total_bytes=68719476736,
            power_watts=235.5,
            temperature_celsius=78.0,
        ),
        GpuReading(vendor="amd", index=1, utilization_percent=3.0),
    ]


def test_rocm_smi_by_other_names():
    card = {"Card Series": "MI300X", "Current Socket Graphics Package Power (W)": "140.0", "GPU Use (%)": 5}
    (gpu,) = rocm_smi.parse({"card0": card}).gpus
    assert (gpu.name, gpu.power_watts, gpu.utilization_percent) == ("MI300X", 140.0, 5.0)


def test_power_of_a_second_die_is_not_known():
    """As of ROCm 6.0: one of the two dies of a card tells the power of both."""
    (gpu,) = rocm_smi.parse({"card0": {"Average Graphics Package Power (W)": "N/A (Secondary die)"}}).gpus
    assert gpu.power_watts is None


def test_a_device_file_that_is_not_there(tmp_path):
    (tmp_path / "0000:0c:00.0" / "drm").mkdir(parents=True)
    assert render_minor("0000:0c:00.0", tmp_path) is None
    assert render_minor("../../etc", tmp_path) is None


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.sampled_from(["N/A", "0000:0c:00.0"]),
    lambda inner: (
        st.lists(inner)
        | st.dictionaries(
            st.sampled_from(
                [
                    *(
                        "gpu",
                        "gpu_data",
                        "usage",
                        "gfx_activity",
                        "value",
                        "unit",
                        "mem_usage",
                        "used_vram",
                        "temperature",
                    ),
                    *("edge", "process_list", "process_info", "pid", "memory_usage", "vram_mem", "bdf", "uuid"),
                    *("card0", "system", "Unique ID", "PCI Bus", "Driver version", "GPU use (%)", "Card series"),
                ]
            ),
            inner,
        )
    ),
)


@given(JSON, JSON, JSON)
def test_whatever_the_tools_of_amd_say(first, second, third):
    for parse in (rocm_smi.parse, amd_smi.by_gpu):
        try:
            parse(first)
        except GpuError as error:
            assert error.kind == NONSENSE
    gpu, metrics, processes = ({"gpu": 0, **each} if isinstance(each, dict) else {} for each in (first, second, third))
    assert amd_smi.reading(0, gpu, metrics, processes).index == 0


@given(st.text())
def test_any_text_for_json(text):
    try:
        json_of("amd-smi", text)
    except GpuError as error:
        assert error.kind == NONSENSE


@given(
    st.text() | st.lists(st.sampled_from(["0", ", ", "GPU-aa", "\n", "[N/A]", "1e999", "nan", "-1", "٣"])).map("".join)
)
def test_whatever_nvidia_smi_says(text):
    try:
        nvidia_smi.gpu_rows(text)
    except GpuError as error:
        assert error.kind == NONSENSE
    nvidia_smi.parse_processes(text)
    list(nvidia_smi.parse_instances(text))
