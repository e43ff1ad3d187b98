"""A run that is killed, wherever that is, is made good by the next."""

from __future__ import annotations

import signal

from .conftest import Site, kill

# Every request that changes something, in the order of the journey, of a site with one log and the scheduler alone.
CHANGES = [
    "PUT tables",
    "PUT dataCollectionRules",
    "PUT userAssignedIdentities",
    "PUT roleAssignments",
    "PATCH virtualMachines",
    "PUT extensions",
    "PUT dataCollectionRuleAssociations",
    "PUT savedSearches",
]


def test_killed_at_every_change_in_turn(site: Site) -> None:
    """Each run is killed when its first change has taken effect, before it hears of it; so the next begins there."""
    settings = {
        "azure_logs_catalogue": site.only("syslog"),
        "azure_logs_compute": {},
        "azure_logs_identity": "agent",
    }
    faults = site.stand_in.estate.faults
    for kills in range(1, len(CHANGES) + 1):
        process = site.start(**settings)
        faults.on_write = lambda _count, victim=process: kill(victim)
        output, _none = process.communicate(timeout=600)
        assert process.returncode == -signal.SIGKILL, output
        assert site.writes() == dict.fromkeys(CHANGES[:kills], 1)
    faults.clear()

    last = site.run(**settings)
    assert (last.status, last.changed) == (0, 0), last.output
    assert len(site.made()) == len(CHANGES) - 1, "all but the identity of the machine is a resource of its own"
