"""What is wrong with GPUs and nodes, over time: the same panel on the pages of a job and of a node."""

from __future__ import annotations

from grafana_foundation_sdk.builders.statetimeline import Panel as StateTimeline
from grafana_foundation_sdk.models import units

from . import links, panels, style
from .queries import Query

# A band that says so where nothing is wrong: an empty panel could as well be a broken one.
NOTHING = 'label_replace(vector(0), "problem", "no problem", "", "")'
# What a health checker says of a check.
CHECKED = style.names(
    {
        "-1": ("no checker", style.OFF),
        "0": ("well", style.GOOD),
        "1": ("warning", style.NOTICE),
        "2": ("critical", style.BAD),
        "3": ("unknown", style.NEUTRAL),
    }
)
_NAMES = style.names({"0": ("none", style.GOOD), "1": ("problem", style.BAD)})


def of_gpus(title: str, description: str, gpus: str) -> StateTimeline:
    """A band for each problem of the GPUs that the expression names by `node` and `gpu`; 50 at most."""
    of_these = f"topk(50, max by (node, gpu, problem) (gpu:problem:bool{gpus}))"
    return panels.statetimeline(
        title,
        f"{description} XIDs last ten minutes, uncorrectable errors until the driver is loaded again.",
        units.Short,
        Query(
            f'label_replace({of_these}, "gpu", "GPU $1", "gpu", "(.+)") or on () {NOTHING}',
            "{{node}} {{gpu}} {{problem}}",
        ),
        height=6,
        link=links.NODE,
    ).mappings([_NAMES])
