"""Reading what slurmctld itself exposes."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from slurm_observability.slurm.command import SlurmError
from slurm_observability.slurm.endpoint import Endpoint
from slurm_observability.slurm.openmetrics import parse, read_page

# Recorded from Slurm 26.05.5.
NODES = """\
# HELP slurm_node_memory_bytes Total memory in bytes of the node
# TYPE slurm_node_memory_bytes gauge
slurm_node_memory_bytes{node="cloud1"} 8000
slurm_node_memory_bytes{node="node1"} 8000
# HELP slurm_nodes Total number of nodes
# TYPE slurm_nodes gauge
slurm_nodes 12
"""


def read(server, page="nodes"):
    return read_page(Endpoint("slurmctld", server.url, 10.0), page)


def test_a_page(web_server):
    web_server.pages["/metrics/nodes"] = (200, NODES.encode())
    assert read(web_server) == {
        "slurm_node_memory_bytes": {"cloud1": 8000, "node1": 8000},
        "slurm_nodes": {"": 12},
    }


@pytest.mark.parametrize("value", ['a"b', "a\\b", 'x"} 7', "{", "é", ""])
def test_slurmctld_escapes_nothing(value):
    assert parse(f'slurm_account_jobs{{account="{value}"}} 3') == {"slurm_account_jobs": {value: 3}}


@pytest.mark.parametrize(
    "line", ["slurm_jobs", "slurm_jobs x", "slurm_jobs NaN", "other 1", "slurm_jobs{x} 1", "# slurm_jobs 1"]
)
def test_what_is_no_sample_is_passed_over(line):
    assert parse(f"{line}\nslurm_nodes -1.5\n") == {"slurm_nodes": {"": -1.5}}


@given(st.text(max_size=200))
def test_any_text_has_an_answer(text):
    parse(text)


@pytest.mark.parametrize(
    ("status", "reason"),
    [
        (401, "slurmctld answers 401 Unauthorized: it refuses to tell; see PrivateData, MetricsAuthUsers"),
        (404, "slurmctld answers 404 Not Found: it has no metrics; they need Slurm 25.11 and MetricsType="),
        (303, "slurmctld answers 303 See Other: it is a backup; ask the primary slurmctld"),
        (500, "slurmctld answers 500 Internal Server Error: out of order"),
        (299, "slurmctld answers 299"),
    ],
)
def test_a_refusal_says_what_to_do(web_server, status, reason):
    web_server.pages["/metrics/nodes"] = (status, b"out of order")
    with pytest.raises(SlurmError) as error:
        read(web_server)
    assert str(error.value).startswith(reason)


def test_a_page_without_a_metric_is_no_answer(web_server):
    web_server.pages["/metrics/nodes"] = (200, b"# nothing\n")
    with pytest.raises(SlurmError, match="shows no metric of the page 'nodes'"):
        read(web_server)
