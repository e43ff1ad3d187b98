"""The fields of DCGM that the stand-in knows, by their numbers, and what a healthy GPU says to each.

dcgm-exporter 4.8.2 knows some 680. One that is not here is refused as the real one refuses a name that is none.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

Value = int | float | str
PROFILING = range(1000, 1100)


@dataclass(frozen=True)
class Load:
    """What a made-up GPU does: how much of what it can, 0 to 1, and the millijoules that it has taken."""

    level: float
    millijoules: int = 0


@dataclass(frozen=True)
class Field:
    """A field: its number, and its value on a healthy GPU. ``only`` names the generation of GPUs that has it."""

    number: int
    healthy: Callable[[Load], Value]
    only: str = ""

    @property
    def profiling(self) -> bool:
        """True when it is a profiling counter, which can be paused."""
        return self.number in PROFILING


HOPPER, BLACKWELL = "hopper", "blackwell"


def _always(value: Value) -> Callable[[Load], Value]:
    return lambda load: value


def _when_busy(busy: Value, idle: Value) -> Callable[[Load], Value]:
    """What is there with any work, such as memory that is taken, or with none."""
    return lambda load: busy if load.level else idle


def _with_work(most: int | float, idle: int | float) -> Callable[[Load], Value]:
    """What grows with the work. A whole number stays one."""
    if isinstance(most, int):
        return lambda load: round(idle + (most - idle) * load.level)
    return lambda load: idle + (most - idle) * load.level


XID = "DCGM_FI_DEV_XID_ERRORS"
DRIVER = "DCGM_FI_DRIVER_VERSION"

FIELDS: dict[str, Field] = {
    DRIVER: Field(1, _always("570.0.0-stand-in")),
    "DCGM_FI_DEV_SM_CLOCK": Field(100, _when_busy(1980, 345)),
    "DCGM_FI_DEV_MEM_CLOCK": Field(101, _always(2619)),
    "DCGM_FI_DEV_CLOCKS_EVENT_REASONS": Field(112, _when_busy(0, 1)),
    "DCGM_FI_DEV_MEMORY_TEMP": Field(140, _with_work(62, 41)),
    "DCGM_FI_DEV_GPU_TEMP": Field(150, _with_work(56, 33)),
    "DCGM_FI_DEV_POWER_USAGE": Field(155, _with_work(640.0, 72.0)),
    "DCGM_FI_DEV_TOTAL_ENERGY_CONSUMPTION": Field(156, lambda load: load.millijoules),
    "DCGM_FI_DEV_SLOWDOWN_TEMP": Field(158, _always(89)),
    "DCGM_FI_DEV_POWER_MGMT_LIMIT": Field(160, _always(700.0)),
    "DCGM_FI_DEV_POWER_MGMT_LIMIT_DEF": Field(163, _always(700.0)),
    "DCGM_FI_DEV_ENFORCED_POWER_LIMIT": Field(164, _always(700.0)),
    "DCGM_FI_DEV_FAN_SPEED": Field(191, _always(0)),
    "DCGM_FI_DEV_PCIE_REPLAY_COUNTER": Field(202, _always(0)),
    "DCGM_FI_DEV_GPU_UTIL": Field(203, _with_work(100, 0)),
    "DCGM_FI_DEV_MEM_COPY_UTIL": Field(204, _with_work(48, 0)),
    "DCGM_FI_DEV_ENC_UTIL": Field(206, _always(0)),
    "DCGM_FI_DEV_DEC_UTIL": Field(207, _always(0)),
    XID: Field(230, _always(0)),
    "DCGM_FI_DEV_PCIE_MAX_LINK_WIDTH": Field(236, _always(16)),
    "DCGM_FI_DEV_PCIE_LINK_WIDTH": Field(238, _always(16)),
    "DCGM_FI_DEV_POWER_VIOLATION": Field(240, _always(0)),
    "DCGM_FI_DEV_THERMAL_VIOLATION": Field(241, _always(0)),
    "DCGM_FI_DEV_FB_TOTAL": Field(250, _always(81559)),
    "DCGM_FI_DEV_FB_FREE": Field(251, _when_busy(19559, 80999)),
    "DCGM_FI_DEV_FB_USED": Field(252, _when_busy(61440, 0)),
    "DCGM_FI_DEV_FB_RESERVED": Field(253, _always(560)),
    "DCGM_FI_DEV_ECC_SBE_VOL_TOTAL": Field(310, _always(0)),
    "DCGM_FI_DEV_ECC_DBE_VOL_TOTAL": Field(311, _always(0)),
    "DCGM_FI_DEV_RETIRED_PENDING": Field(392, _always(0)),
    "DCGM_FI_DEV_UNCORRECTABLE_REMAPPED_ROWS": Field(393, _always(0)),
    "DCGM_FI_DEV_CORRECTABLE_REMAPPED_ROWS": Field(394, _always(0)),
    "DCGM_FI_DEV_ROW_REMAP_FAILURE": Field(395, _always(0)),
    "DCGM_FI_DEV_ROW_REMAP_PENDING": Field(396, _always(0)),
    "DCGM_FI_DEV_NVLINK_CRC_FLIT_ERROR_COUNT_TOTAL": Field(409, _always(0), HOPPER),
    "DCGM_FI_DEV_NVLINK_REPLAY_ERROR_COUNT_TOTAL": Field(429, _always(0), HOPPER),
    "DCGM_FI_DEV_NVLINK_RECOVERY_ERROR_COUNT_TOTAL": Field(439, _always(0), HOPPER),
    "DCGM_FI_DEV_NVLINK_BANDWIDTH_TOTAL": Field(449, _always(0), HOPPER),
    "DCGM_FI_DEV_VGPU_LICENSE_STATUS": Field(526, _always(0)),
    "DCGM_FI_PROF_GR_ENGINE_ACTIVE": Field(1001, _with_work(1.0, 0.0)),
    "DCGM_FI_PROF_SM_ACTIVE": Field(1002, _with_work(0.91, 0.0)),
    "DCGM_FI_PROF_SM_OCCUPANCY": Field(1003, _with_work(0.34, 0.0)),
    "DCGM_FI_PROF_PIPE_TENSOR_ACTIVE": Field(1004, _with_work(0.52, 0.0)),
    "DCGM_FI_PROF_DRAM_ACTIVE": Field(1005, _with_work(0.44, 0.0)),
    "DCGM_FI_PROF_PIPE_FP64_ACTIVE": Field(1006, _always(0.0)),
    "DCGM_FI_PROF_PIPE_FP32_ACTIVE": Field(1007, _with_work(0.08, 0.0)),
    "DCGM_FI_PROF_PIPE_FP16_ACTIVE": Field(1008, _with_work(0.03, 0.0)),
    "DCGM_FI_PROF_PCIE_TX_BYTES": Field(1009, _with_work(1_500_000_000, 12_000)),
    "DCGM_FI_PROF_PCIE_RX_BYTES": Field(1010, _with_work(2_100_000_000, 15_000)),
    "DCGM_FI_PROF_NVLINK_TX_BYTES": Field(1011, _with_work(180_000_000_000, 0)),
    "DCGM_FI_PROF_NVLINK_RX_BYTES": Field(1012, _with_work(180_000_000_000, 0)),
    "DCGM_FI_DEV_NVLINK_COUNT_LINK_RECOVERY_SUCCESSFUL_EVENTS": Field(1211, _always(0), BLACKWELL),
    "DCGM_FI_DEV_NVLINK_COUNT_LINK_RECOVERY_FAILED_EVENTS": Field(1212, _always(0), BLACKWELL),
    "DCGM_FI_DEV_NVLINK_COUNT_EFFECTIVE_BER_FLOAT": Field(1218, _always(1e-12), BLACKWELL),
}
BY_NUMBER = {field.number: name for name, field in FIELDS.items()}

# DCGM gives none of the second where the first is asked for, too (DCGM issue 265).
SPOILER = "DCGM_FI_DEV_ECC_SBE_VOL_TOTAL"
SPOILT = "DCGM_FI_DEV_NVLINK_COUNT_"
