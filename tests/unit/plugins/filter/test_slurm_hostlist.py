"""The hostlist filters say what scontrol says, and refuse what would hurt."""

from __future__ import annotations

import json
import re
import shutil
import time
from pathlib import Path

import pytest
from ansible.errors import AnsibleFilterError
from ansible_collections.slurm.observability.plugins.filter.slurm_hostlist import (
    slurm_hostlist_compress as compress,
)
from ansible_collections.slurm.observability.plugins.filter.slurm_hostlist import (
    slurm_hostlist_expand as expand,
)
from ansible_collections.slurm.observability.tests.unit.plugins.filter.record_hostlists import (
    ask_scontrol,
    host_names,
    hostlists,
    scontrol_version,
)

RECORDED = json.loads(Path(__file__).with_name("fixtures").joinpath("hostlists.json").read_text(encoding="utf-8"))
needs_scontrol = pytest.mark.skipif(not shutil.which("scontrol"), reason="no scontrol on this machine")


@pytest.mark.parametrize(("text", "names"), RECORDED["hostnames"])
def test_expands_as_scontrol_did(text, names):
    assert expand(text) == names


@pytest.mark.parametrize(("names", "text"), RECORDED["hostlist"])
def test_compresses_as_scontrol_did(names, text):
    assert compress(names) == text


@needs_scontrol
def test_expands_as_the_scontrol_of_this_machine_does():
    texts = hostlists(200, seed=3)
    if scontrol_version() < (23, 2):  # such a scontrol misreads suffixes and line breaks
        texts = [text for text in texts if not re.search(r"\n|\][^\[,\s]+(?:[,\s]|$)", text)]
    assert len(texts) > 20
    for text in texts:
        assert "\n".join(expand(text)) == ask_scontrol("hostnames", text)


@needs_scontrol
def test_compresses_as_the_scontrol_of_this_machine_does():
    for names in host_names(200, seed=4):
        assert compress(names) == ask_scontrol("hostlist", ",".join(names))


@pytest.mark.parametrize("names", host_names(50, seed=5))
def test_expanding_a_compressed_list_gives_the_list_back(names):
    assert expand(compress(names)) == names


def test_takes_lists_of_hostlists_and_empty_ones():
    assert expand(["n[1-2]", "", "login"]) == ["n1", "n2", "login"]
    assert expand("") == []
    assert compress([]) == ""


@pytest.mark.parametrize(
    "text",
    ["n[1", "n1]", "n[]", "n[a]", "n[1-]", "n[-1]", "n[1,]", "n[3-1]", "n[1-2-3]", "n[[1-2]]", "n[ 1-2]", "n[0x1]",
     "n[\uff11-2]", "n\x00", "n[1-9999999999999999999]"],
)  # fmt: skip
def test_refuses_what_is_no_hostlist(text):
    with pytest.raises(AnsibleFilterError, match="is not a hostlist"):
        expand(text)


@pytest.mark.parametrize("name", ["", "a,b", "a b", "n[1]", "a\nb", "a\x00"])
def test_refuses_what_is_no_host_name(name):
    with pytest.raises(AnsibleFilterError, match="is not a host name"):
        compress([name])


@pytest.mark.parametrize("wrong", [None, 7, {"a": 1}, [1], ["a", None]])
def test_refuses_other_types(wrong):
    with pytest.raises(AnsibleFilterError, match="give it a"):
        expand(wrong)
    with pytest.raises(AnsibleFilterError, match="give it a"):
        compress(wrong)


def test_compress_refuses_a_text_because_it_is_no_list():
    with pytest.raises(AnsibleFilterError, match="give it a list"):
        compress("n1")


@pytest.mark.parametrize("limit", [0, -1, True, "many"])
def test_refuses_a_senseless_limit(limit):
    with pytest.raises(AnsibleFilterError, match="limit must be"):
        expand("a", limit)


@pytest.mark.parametrize(
    "text",
    ["n[1-65537]", "n[0-999999999]", "a[0-9999]b[0-9999]c[0-9999]d[0-9999]", "n[" + ",".join(["0-9999"] * 50) + "]",
     ",".join(["n[1-60000]"] * 2)],
)  # fmt: skip
def test_an_explosion_is_refused_before_it_happens(text):
    began = time.process_time()
    with pytest.raises(AnsibleFilterError, match="stands for more than the 65536 hosts allowed"):
        expand(text)
    assert time.process_time() - began < 1


def test_the_limit_counts_all_hosts():
    assert expand("a[1-2],b[1-2]", limit=4) == ["a1", "a2", "b1", "b2"]
    with pytest.raises(AnsibleFilterError, match="more than the 3 hosts"):
        expand("a[1-2],b[1-2]", limit=3)
    with pytest.raises(AnsibleFilterError, match="more than the 1 hosts"):
        expand("a,b", limit=1)


@pytest.mark.parametrize("text", ["a" * 200_000 + "[", "[1]" * 50_000 + "]", "[" * 100_000, "1-" * 100_000 + "["])
def test_long_nonsense_is_refused_quickly(text):
    began = time.process_time()
    with pytest.raises(AnsibleFilterError) as refused:
        expand(text)
    assert time.process_time() - began < 2
    assert len(str(refused.value)) < 400
