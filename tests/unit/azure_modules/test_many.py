"""Work on many resources."""

from __future__ import annotations

import threading

import pytest
from ansible_collections.slurm.observability.plugins.module_utils.azure import many
from ansible_collections.slurm.observability.plugins.module_utils.azure.errors import AzureError

MODULES = (
    "data_collection_rule_association",
    "data_collection_rule_association_info",
    "vm_extension",
    "vm_extension_info",
)


def test_so_many_are_under_way_at_a_time_and_no_more():
    meeting = threading.Barrier(3, timeout=10)
    assert many.each(range(6), lambda item: (meeting.wait(), item)[1], parallel=3) == [0, 1, 2, 3, 4, 5]
    with pytest.raises(threading.BrokenBarrierError):
        lonely = threading.Barrier(3)
        many.each(range(6), lambda item: lonely.wait(0.2), parallel=2)


def test_nothing_is_begun_after_a_failure():
    begun = []

    def work(item):
        begun.append(item)
        if item == 2:
            raise AzureError("no")

    with pytest.raises(AzureError, match=r"no \(2 of 5 were done; the next run goes on from there\)"):
        many.each(range(5), work, parallel=1)
    assert begun == [0, 1, 2]


def test_one_alone_fails_in_its_own_words():
    def work(item):
        raise AzureError("no")

    with pytest.raises(AzureError, match=r"^no$"):
        many.each([1], work, parallel=8)


def test_nothing_to_do_is_no_error():
    assert many.each([], print, parallel=0) == []


@pytest.mark.parametrize("module", MODULES)
def test_the_modules_heed_the_option(azure, monkeypatch, module):
    chosen = []

    def each(items, work, parallel):
        chosen.append(parallel)
        return [work(item) for item in items]

    monkeypatch.setattr(many, "each", each)
    azure.furniture.machine("scheduler")
    rule = azure.id("Microsoft.Insights/dataCollectionRules", "r")
    azure.stand_in.services.put(rule, {"location": "eastus", "properties": {"description": "r"}})
    where = {"virtual_machines": ["scheduler"], "target_resource_group": "hpc"}
    azure.run(module, **where, parallel=3, **({"rules": [rule]} if "association" in module else {}))
    assert set(chosen) == {3}
