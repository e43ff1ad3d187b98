"""The reference page, the catalogue and what the agent serves are one."""

from __future__ import annotations

from pathlib import Path

from slurm_observability.agent.agent import Agent
from slurm_observability.agent.catalogue import groups
from slurm_observability.agent.reference import reference
from slurm_observability.agent.topics import gpus, steps
from slurm_observability.metrics.metric import Metric, scalar
from slurm_observability.metrics.reference import query

PAGE = Path(__file__).parents[4] / "docs" / "job-agent-metrics.md"


def test_the_page_is_that_of_the_program():
    assert PAGE.read_text() == reference(), (
        "run: python -m slurm_observability.agent.reference > docs/job-agent-metrics.md"
    )


def test_every_metric_has_a_query_that_uses_it():
    for metrics in groups().values():
        for metric in metrics:
            assert metric.name in query(metric)


def test_what_is_served_is_what_is_catalogued(make_settings):
    catalogued = {metric.name for metrics in groups().values() for metric in metrics}
    served = {
        line.split()[2] for line in Agent(make_settings()).metrics().decode().splitlines() if line.startswith("# TYPE")
    }
    elsewhere = {metric.name for metric in (*gpus.METRICS, *steps.METRICS)}  # this node has none, or shows none
    assert served <= catalogued
    forwarding = {metric.name for metric in groups()["Forwarding"]}
    assert forwarding <= served
    assert not elsewhere & forwarding


def test_a_part_that_cannot_be_shown_hides_no_other(make_settings, monkeypatch, caplog):
    class Broken:
        def families(self):
            yield scalar(Metric("site_x", "x"), 1)
            raise ValueError

    agent = Agent(make_settings())
    monkeypatch.setattr(agent, "_parts", [Broken(), *agent._parts])
    text = agent.metrics().decode()
    assert "site_x" not in text
    assert "job_agent_events_waiting 0\n" in text
    assert "Broken cannot be shown" in caplog.text
