"""Reading the federation from what scontrol prints."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from slurm_observability.slurm.command import SlurmError, SlurmRunner
from slurm_observability.slurm.federation import Cluster, Federation, parse_federation, read_federation

LINES = """\
Federation: fed1
Self:       lab:10.213.0.10:6817 ID:1 FedState:ACTIVE Features:
Sibling:    far:10.9.9.9:6817 ID:2 FedState:DRAIN+REMOVE Features:a,b PersistConnSend/Recv:Yes/No Synced:Yes
Sibling:    slow:10.9.9.8:6817 ID:4 FedState:ACTIVE Features: PersistConnSend/Recv:No/Yes Synced:No
Sibling:    lost::0 ID:3 FedState:ACTIVE Features: PersistConnSend/Recv:No/No Synced:No
"""


def test_a_federation():
    assert parse_federation(LINES.encode().splitlines()) == Federation(
        "fed1",
        (
            Cluster("lab", "ACTIVE"),
            Cluster("far", "DRAIN+REMOVE", True, False, True),
            Cluster("slow", "ACTIVE", False, True, False),
            Cluster("lost", "ACTIVE", False, False, False),
        ),
    )


def test_most_clusters_are_in_none():
    assert parse_federation([]) == Federation()


def test_a_line_that_cannot_be_read():
    assert parse_federation([*LINES.encode().splitlines(), b"Cousin: x", b"Cousin: y"]).rejected_lines == 2
    with pytest.raises(SlurmError, match="names a federation"):
        parse_federation([b"Cousin: x"])


def test_scontrol_is_run(fake_slurm):
    fake_slurm.answers("scontrol", LINES)
    assert read_federation(SlurmRunner(10)).name == "fed1"
    assert fake_slurm.calls("scontrol") == ["show federation"]


@given(st.lists(st.binary(max_size=80)))
def test_no_bytes_stop_it(lines):
    assert len(parse_federation([*LINES.encode().splitlines(), *lines]).clusters) >= 3
