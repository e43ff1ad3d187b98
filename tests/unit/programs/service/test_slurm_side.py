"""The service and Slurm: what is done as the settings say, and that it shows."""

from __future__ import annotations

import threading

import pytest
from slurm_observability.service import cli
from slurm_observability.service.scheduler.command_line import CommandLine
from slurm_observability.service.scheduler.rest import Slurmrestd
from slurm_observability.service.settings import Settings
from slurm_observability.service.slurm_side import SlurmSide
from slurm_observability.service.store.store import Store


@pytest.fixture
def make(tmp_path):
    stores = []

    def make(**more):
        settings = Settings(database_url=f"sqlite:///{tmp_path}/jobs.db", **more)
        stores.append(Store(settings.database_url))
        return SlurmSide(settings, stores[-1])

    yield make
    for store in stores:
        store.close()


def names(side):
    return [task.name for task in side.tasks(threading.Event())]


def test_tasks(make):
    reconciling, usage = ["queue", "accounting", "missing-runs"], ["usage-running", "usage-ended"]
    assert names(make()) == [*reconciling, *usage, "summaries"]
    assert names(make(admin_comment=True)) == [*reconciling, *usage, "summaries", "comments"]
    assert names(make(accounting=False)) == [*reconciling, "usage-running", "summaries"]
    assert names(make(slurm_base_url="http://slurm:6820")) == [*reconciling, "summaries"]
    assert names(make(scheduler_backend="none", admin_comment=True)) == ["summaries"]


def test_intervals_are_those_of_the_settings(make):
    tasks = list(make(queue_interval=5.0, accounting_interval=7.0, usage_interval=9.0).tasks(threading.Event()))
    assert [task.interval for task in tasks[:5]] == [5.0, 7.0, 60.0, 9.0, 9.0]


def test_who_is_asked(make):
    assert isinstance(make().scheduler, CommandLine)
    assert isinstance(make(slurm_base_url="http://slurm:6820").scheduler, Slurmrestd)
    assert make(scheduler_backend="none").scheduler is None


def test_metrics(make):
    found = {family.metric.name for family in make(admin_comment=True).families()}
    assert {"job_observability_accounting_lag_seconds", "job_observability_admin_comments_total"} <= found
    assert [family.metric.name for family in make(scheduler_backend="none").families()] == [
        "job_observability_summaries_total"
    ]


def test_nothing_is_run_after_the_end(make, fake_slurm):
    side = make()
    side.close()
    with pytest.raises(Exception, match="stopping"):
        side.scheduler.active()


def test_check(fake_slurm, tmp_path, capsys):
    fake_slurm.answers("scontrol", "ClusterName = lab\n")
    arguments = ["check", "--database-url", f"sqlite:///{tmp_path}/jobs.db"]
    assert cli.main(["migrate", *arguments[1:]]) == 0
    assert cli.main(arguments) == 0
    assert "0 runs hold resources" in (out := capsys.readouterr().out)
    assert "0 runs ended in the last hour" in out
    assert cli.main([*arguments, "--accounting", "no", "--scheduler-backend", "none"]) == 0
    assert "Slurm is not asked" in capsys.readouterr().out
    fake_slurm.fails("squeue", "slurm_load_jobs error: Unable to contact slurm controller")
    assert cli.main(arguments) == 1
    assert "Unable to contact" in capsys.readouterr().out


@pytest.mark.parametrize("url", ["slurm:6820", "http://user:secret@slurm:6820"])
def test_a_url_that_is_none(monkeypatch, tmp_path, capsys, url):
    monkeypatch.setenv("SLURM_BASE_URL", url)
    assert cli.main(["--check-config", "--database-url", f"sqlite:///{tmp_path}/jobs.db"]) == 2
    assert "URL" in capsys.readouterr().err
