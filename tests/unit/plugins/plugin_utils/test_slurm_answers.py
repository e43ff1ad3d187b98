"""What real Slurm releases answered is read alike, and nobody's free text becomes a field.

The recordings are of one cluster (n1 to n4, three powered-down CLOUD nodes, a node without a partition) whose reasons,
comments and extra texts try to forge nodes and fields.
"""

from __future__ import annotations

import json
import time
from pathlib import Path

import pytest
from ansible_collections.slurm.observability.plugins.plugin_utils import _slurm_answers as answers

FIXTURES = Path(__file__).parent.parent / "inventory" / "fixtures"
PARTITIONS = {"hpc": "n[1-4]", "gpu": "c[1-3]", "empty": "", "hidden": "n[1-2]"}
# An aarch64 node as slurmd 22.05 registers it.
REGISTERED = (
    "NodeName=gb1 Arch=aarch64 CoresPerSocket=72  CPUAlloc=0 CPUEfctv=144 CPUTot=144 CPULoad=0.01"
    " AvailableFeatures=GB200,ib ActiveFeatures=GB200,ib Gres=gpu:gb200:4(S:0,1),nvme:1 NodeAddr=10.0.0.9"
    " NodeHostName=gb1 Version=22.05.8 OS=Linux 6.8.0-1 #1 SMP Partitions=evil RealMemory=900000 AllocMem=0"
    " FreeMem=1 Sockets=2 Boards=1 State=MIXED+CLOUD ThreadsPerCore=1 TmpDisk=0 Weight=1 Owner=N/A MCS_label=N/A"
    " Partitions=gpu  BootTime=None"
)


def read(name: str) -> str:
    return (FIXTURES / name).read_text(encoding="utf-8")


def read_text(release: str) -> tuple[list[dict], list[str]]:
    return answers.nodes_from_text(
        read(f"{release}-nodes.txt"), answers.partitions_from_text(read(f"{release}-partitions.txt"))
    )


def read_json(release: str) -> list[dict]:
    return answers.nodes_from_json(json.loads(read(f"{release}-nodes.json")))


@pytest.mark.parametrize("release", ["22.05", "24.11"])
def test_partitions_of_the_text_output(release):
    assert answers.partitions_from_text(read(f"{release}-partitions.txt")) == PARTITIONS


@pytest.mark.parametrize("release", ["24.11", "26.05", "v0.0.38"])
def test_partitions_of_the_json_output(release):
    assert answers.partitions_from_json(json.loads(read(f"{release}-partitions.json"))) == PARTITIONS


@pytest.mark.parametrize("release", ["22.05", "24.11"])
def test_text_and_json_tell_the_same(release):
    nodes, left_out = read_text(release)
    assert left_out == ["lonely", "evil"]
    known_to_json = [node for node in read_json("v0.0.38" if release == "22.05" else release) if node["partitions"]]
    for node in known_to_json:
        node["instance_type"] = ""  # the text output has it behind the free text
    assert nodes == known_to_json


@pytest.mark.parametrize("release", ["24.11", "26.05", "v0.0.38"])
def test_json_has_the_node_without_a_partition_and_no_forged_one(release):
    assert [node["name"] for node in read_json(release)] == ["c1", "c2", "c3", "lonely", "n1", "n2", "n3", "n4"]


def test_the_fields_of_a_node():
    nodes = {node["name"]: node for node in read_json("24.11")}
    assert nodes["n1"] | {"flags": []} == {
        "name": "n1",
        "address": "127.0.0.1",
        "hostname": "n1",
        "architecture": "",
        "gres": "gpu:a100:4",
        "instance_type": "Standard_ND96isr_H100_v5",
        "state": "UNKNOWN",
        "flags": [],
        "features": ["a100", "ib"],
        "partitions": ["hpc", "hidden"],
    }
    assert "DRAIN" in nodes["n3"]["flags"]
    assert (nodes["c1"]["state"], nodes["c1"]["flags"]) == ("IDLE", ["CLOUD", "POWERED_DOWN"])


def test_a_registered_node_in_text():
    assert answers.nodes_from_text(REGISTERED, {"gpu": "gb1"}) == (
        [
            {
                "name": "gb1",
                "address": "10.0.0.9",
                "hostname": "gb1",
                "architecture": "aarch64",
                "gres": "gpu:gb200:4(S:0,1),nvme:1",
                "instance_type": "",
                "state": "MIXED",
                "flags": ["CLOUD"],
                "features": ["GB200", "ib"],
                "partitions": ["gpu"],
            }
        ],
        [],
    )


def test_a_node_that_stands_there_twice_is_refused():
    with pytest.raises(answers.AnswerError, match="node gb1 twice"):
        answers.nodes_from_text(f"{REGISTERED} Comment=x\n{REGISTERED}", {"gpu": "gb1"})


@pytest.mark.parametrize(
    "field", ["Arch=aarch64", "NodeAddr=6.6.6.6", "State=IDLE", "Gres=gpu:9", "ActiveFeatures=evil"]
)
@pytest.mark.parametrize("free_text", ["Reason", "Comment", "Extra"])
def test_free_text_forges_no_field(field, free_text):
    honest = REGISTERED.replace("Arch=aarch64 ", "")
    (expected, _nobody) = answers.nodes_from_text(honest, {"gpu": "gb1"})
    assert answers.nodes_from_text(f"{honest} {free_text}=x {field} y [root@now]", {"gpu": "gb1"}) == (expected, [])


@pytest.mark.parametrize("line", ["NodeName=gb1", "NodeName=gb1 State=IDLE", "NodeName=", "NodeName= " * 9, "=" * 99])
def test_a_line_that_is_no_node_is_left_out(line):
    assert answers.nodes_from_text(line, {"gpu": "gb1"})[0] == []


def test_long_nonsense_is_read_in_no_time():
    began = time.process_time()
    line = "NodeName=gb1 " + "CoresPerSocket=1 ActiveFeatures=x Gres=x NodeAddr=x NodeHostName=x State=x " * 20_000
    assert answers.nodes_from_text(line, {"gpu": "gb1"}) == ([], ["gb1"])
    assert time.process_time() - began < 1


@pytest.mark.parametrize(
    ("text", "state", "flags"),
    [
        ("IDLE", "IDLE", []),
        ("idle", "IDLE", []),
        ("IDLE+CLOUD+POWERED_DOWN", "IDLE", ["CLOUD", "POWERED_DOWN"]),
        ("DOWN*+DRAIN", "DOWN", ["NOT_RESPONDING", "DRAIN"]),
        ("MIXED#+CLOUD", "MIXED", ["POWERING_UP", "CLOUD"]),
        ("DYNAMIC_NORM+IDLE", "IDLE", ["DYNAMIC_NORM"]),
        ("", "UNKNOWN", []),
        ("SOMETHING_NEW", "UNKNOWN", ["SOMETHING_NEW"]),
    ],
)
def test_states(text, state, flags):
    node = {"name": "n1", "state": text.split("+")}
    assert [(n["state"], n["flags"]) for n in answers.nodes_from_json({"nodes": [node]})] == [(state, flags)]


def test_controllers():
    assert answers.controllers_from_text(read("ping.txt"), read("config.txt")) == (
        [
            {"name": "head", "role": "primary", "up": True, "address": "10.9.0.1"},
            {"name": "head2", "role": "backup", "up": False, "address": "10.9.0.2"},
        ],
        "bench",
    )
    controllers, cluster_name = answers.controllers_from_json(json.loads(read("v0.0.38-ping.json")))
    assert [(c["name"], c["role"], c["up"]) for c in controllers] == [
        ("head", "primary", True),
        ("head2", "backup", False),
    ]
    assert cluster_name == ""


@pytest.mark.parametrize("answer", [None, [], "x", 7, {}, {"nodes": None}, {"nodes": {}}])
def test_an_answer_of_another_shape_is_refused(answer):
    with pytest.raises(answers.AnswerError, match="no list of nodes"):
        answers.nodes_from_json(answer)


@pytest.mark.parametrize("value", [None, 7, True, [], {}, ["x", None], {"a": 1}])
@pytest.mark.parametrize(
    "field", ["address", "gres", "state", "state_flags", "active_features", "partitions", "architecture"]
)
def test_a_field_of_another_type_counts_as_empty(field, value):
    ((node,)) = answers.nodes_from_json({"nodes": [{"name": "n1", field: value}, None, "x"]})
    assert node["name"] == "n1"
    assert all(
        isinstance(item, str) for values in node.values() for item in ([values] if isinstance(values, str) else values)
    )


def test_gres_entries_are_split_outside_brackets():
    assert answers.gres_entries("gpu:a100:4(S:0,1),nvme:1") == ["gpu:a100:4(S:0,1)", "nvme:1"]
    assert answers.gres_entries("") == []


def test_an_unreadable_partition_is_named():
    with pytest.raises(answers.AnswerError, match="partition hpc cannot be read"):
        answers.nodes_from_text("", {"hpc": "n["})
