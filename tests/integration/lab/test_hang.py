"""A daemon of Slurm that hangs costs freshness, never the scrape."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.integration.lab.support import Exporter, Lab, wait_until

FROZEN_SECONDS = 25
# A scrape that asked the frozen daemon would wait for the command's timeout, 10 s and more. How fast one is in
# milliseconds is measured by bin/bench exporter: here the lab shares its processors with everything else that runs.
BAR_SECONDS = 2.0


@pytest.fixture
def frozen(lab: Lab, request: pytest.FixtureRequest) -> Iterator[str]:
    """A daemon on head, stopped by a signal that it cannot notice."""
    daemon: str = request.param
    lab.run("head", f"systemctl kill --signal=STOP {daemon}")
    yield daemon
    lab.run("head", f"systemctl kill --signal=CONT {daemon}")


def age(exporter: Exporter, source: str) -> float:
    return exporter.metrics()[f'slurm_exporter_source_age_seconds{{source="{source}"}}']


@pytest.mark.parametrize(
    ("frozen", "silent", "heard"),
    [("slurmctld", ["jobs", "nodes"], ["history"]), ("slurmdbd", ["history"], ["jobs", "nodes"])],
    indirect=["frozen"],
)
def test_scrapes_stay_fast_and_the_exporter_recovers(
    lab: Lab, exporter: Exporter, frozen: str, silent: list[str], heard: list[str]
) -> None:
    main_process = lab.run("head", "systemctl show --property MainPID azslurm-exporter")
    latencies = exporter.latencies(scrapes=FROZEN_SECONDS, pause=1)
    ages = {source: age(exporter, source) for source in (*silent, *heard)}
    lab.run("head", f"systemctl kill --signal=CONT {frozen}")

    assert max(latencies) < BAR_SECONDS
    assert {source: ages[source] >= FROZEN_SECONDS - 1 for source in ages} == (
        dict.fromkeys(silent, True) | dict.fromkeys(heard, False)
    )
    # slurmctld may need a moment for what has piled up, sacct up to its timeout of 30 s.
    for source in silent:
        wait_until(f"{source} answers again", lambda source=source: age(exporter, source) < 20, 90)
    assert lab.run("head", "systemctl show --property MainPID azslurm-exporter") == main_process
