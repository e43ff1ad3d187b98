"""Who held GPUs, and who left them idle."""

from __future__ import annotations

import argparse
import csv
import io
import json
import time

import pytest
from slurm_observability.jobs.sample import GpuSample, JobSample
from slurm_observability.service import cli
from slurm_observability.service.report import api
from slurm_observability.service.report.forms import Report, as_csv, as_json, as_table, shown
from slurm_observability.service.report.period import moment
from slurm_observability.service.report.usage import by_groups, total
from slurm_observability.service.run import RunRecord
from slurm_observability.service.store.store import Store
from slurm_observability.service.store.usage import UsageRow

HOUR = 3600.0


def row(user="alice", account="research", partition="gpu", **more):
    hours = {"held": 10, "sampled": 8, "busy": 2, "cpu_held": 100, "cpu_sampled": 80, "cpu_used": 40, **more}
    return UsageRow(
        user=user,
        account=account,
        partition=partition,
        runs=3,
        failed=1,
        cpu_seconds_held=hours["cpu_held"] * HOUR,
        cpu_seconds_sampled=hours["cpu_sampled"] * HOUR,
        cpu_seconds_used=hours["cpu_used"] * HOUR,
        gpu_seconds_held=hours["held"] * HOUR,
        gpu_seconds_sampled=hours["sampled"] * HOUR,
        gpu_seconds_busy=hours["busy"] * HOUR,
    )


def test_gpu_hours_are_busy_idle_or_unmeasured():
    usage = total([row()])
    assert (usage.gpu_hours_held, usage.gpu_hours_busy, usage.gpu_hours_idle, usage.gpu_hours_unmeasured) == (
        10,
        2,
        6,
        2,
    )
    assert (usage.cpu_hours_held, usage.cpu_hours_measured, usage.cpu_hours_used) == (100, 80, 40)
    assert (usage.runs, usage.failed) == (3, 1)


def test_nothing_is_negative():
    usage = total([row(held=5, sampled=6, busy=7)])
    assert (usage.gpu_hours_busy, usage.gpu_hours_idle, usage.gpu_hours_unmeasured) == (6, 0, 0)


def test_the_most_idle_come_first():
    rows = [row("alice", busy=8), row("bob", busy=0), row("carol", held=0, sampled=0, busy=0, cpu_held=1)]
    rows += [row("dave", held=0, sampled=0, busy=0, cpu_held=9), row("bob", "other", busy=8)]
    assert [usage.names for usage in by_groups(rows, ("user",))] == [("bob",), ("alice",), ("dave",), ("carol",)]
    assert by_groups(rows, ("user",))[0].runs == 6
    assert len(by_groups(rows, ("user", "account"))) == 5
    assert [usage.names for usage in by_groups(rows, ("partition",))] == [("gpu",)]


def report(*rows, groups=("user", "account")):
    return Report(1_795_000_000, 1_795_604_800, groups, by_groups(rows, groups), total(rows))


def test_a_table():
    lines = as_table(report(row(), row("bob", busy=0, cpu_sampled=0))).splitlines()
    assert lines[2].split() == [
        *("USER", "ACCOUNT", "RUNS", "FAILED", "GPU-HOURS", "BUSY", "IDLE", "UNMEASURED", "CPU-HOURS", "USED", "CPU%")
    ]
    assert lines[3].split() == ["bob", "research", "3", "1", "10.00", "0.00", "8.00", "2.00", "100.00", "40.00", "-"]
    assert lines[4].split()[-1] == "50"
    assert lines[5].split() == ["total", "6", "2", "20.00", "2.00", "14.00", "4.00", "200.00", "80.00", "100"]
    assert len({len(line) for line in lines[2:]}) == 1
    assert as_table(report()).splitlines()[-1].split()[:3] == ["total", "0", "0"]


def test_no_name_acts_on_a_terminal():
    assert shown("a\x1b[31mb\nc\u202e") == r"a\x1b[31mb\nc\u202e"
    assert shown("") == "-"
    assert shown("é") == "é"
    assert "\x1b" not in as_table(report(row("\x1b]0;x\x07", "a\nb")))


def test_json():
    document = json.loads(as_json(report(row("a\nb", busy=1 / 3))))
    assert document["usage"][0]["user"] == "a\nb"
    assert document["usage"][0]["gpu_hours_busy"] == 0.3333
    assert document["total"]["runs"] == 3
    assert "user" not in document["total"]


def test_csv():
    text = as_csv(report(row('a,"b\n'), groups=("user",)))
    (line,) = csv.DictReader(io.StringIO(text))
    assert (line["user"], line["runs"], line["gpu_hours_idle"]) == ('a,"b\n', "3", "6.0")


@pytest.mark.parametrize(
    ("text", "seconds"), [("7days", 7 * 86400), ("24 hours ago", 86400), ("1week", 604800), ("0hours", 0)]
)
def test_times_that_go_back(text, seconds):
    assert moment(text) == pytest.approx(time.time() - seconds, abs=60)


def test_dates():
    assert moment("2026-01-26T12:00:00+00:00") == 1769428800
    assert moment("2026-01-26") == pytest.approx(1769385600, abs=86400)


@pytest.mark.parametrize("text", ["", "yesterday", "7", "2026-13-01", "7 fortnights", "9999-12-31T23:59:59-23:59"])
def test_what_is_no_time(text):
    with pytest.raises(argparse.ArgumentTypeError, match="is no time"):
        moment(text)


@pytest.fixture
def database(tmp_path, monkeypatch):
    """A database with a run of an hour that held two GPUs, one of them idle."""
    now = int(time.time())
    store = Store(f"sqlite:///{tmp_path}/jobs.db")
    store.migrate()
    told = {"user": "alice", "account": "research", "partition": "gpu", "cpus": 4, "gpus": 2, "nodes": "n1"}
    times = {"submit_time": now - 7200, "start_time": now - 7200, "end_time": now - 3600}
    store.add_records([RunRecord(cluster="lab", job_id=1, state="failed", restart=0, **told, **times)], now)
    gpus = [GpuSample(gpu_id=str(n), vendor="nvidia", held_seconds=3600.0, busy_seconds=3600.0 * n) for n in (0, 1)]
    sample = JobSample(
        job_id=1,
        cluster="lab",
        node="n1",
        time=now - 3600.0,
        restart=0,
        cpu_seconds=7200.0,
        gpus=tuple(gpus),
        final=True,
    )
    store.add_samples([sample], [])
    store.close()
    monkeypatch.setenv("JOB_OBSERVABILITY_STATE_DIRECTORY", str(tmp_path))
    return tmp_path


def test_the_command(database, capsys):
    assert cli.main(["report"]) == 0
    assert capsys.readouterr().out.splitlines()[3].split() == [
        *("alice", "research", "1", "1", "2.00", "1.00", "1.00", "0.00", "4.00", "2.00", "50")
    ]
    assert cli.main(["report", "--by", "partition", "--json", "--since", "1hours"]) == 0
    assert json.loads(capsys.readouterr().out)["usage"] == []
    assert cli.main(["report", "--by", "partition,user", "--csv"]) == 0
    assert capsys.readouterr().out.startswith("user,partition,runs,")


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        (["--by", ""], "names nothing"),
        (["--by", "node"], "none of user, account, partition"),
        (["--since", "1hours", "--until", "2hours"], "not after"),
        (["--json", "--csv"], "not allowed with"),
        (["--database-url", "postgres://u:secret@h/d"], "seen by everybody"),
        (["--url", "nowhere"], "is no URL"),
        (["--url", "http://localhost:1", "--reader-token-file", "/nowhere"], "cannot be read"),
    ],
)
def test_what_the_command_refuses(database, capsys, arguments, reason):
    assert cli.main(["report", *arguments]) == 2
    error = capsys.readouterr().err
    assert reason in error
    assert "secret" not in error


def test_a_database_that_is_not_there(database, capsys):
    assert cli.main(["report", "--database-url", f"sqlite:///{database}/no/jobs.db"]) == 1
    assert "cannot be used" in capsys.readouterr().err


def test_the_service_is_asked(web_server, tmp_path, capsys):
    def usage(handler):
        assert handler.headers["Authorization"] == "Bearer secret"
        body = json.dumps({"usage": [row().__dict__]}).encode()
        handler.send_response(200)
        handler.send_header("Content-Length", str(len(body)))
        handler.end_headers()
        handler.wfile.write(body)

    web_server.pages["/v1/usage?since=1767225600.0&until=1767312000.0"] = usage
    token = tmp_path / "token"
    token.write_text("secret\n")
    token.chmod(0o600)
    times = ["--since", "2026-01-01T00:00:00+00:00", "--until", "2026-01-02T00:00:00+00:00"]
    assert cli.main(["report", "--url", web_server.url, "--reader-token-file", str(token), *times]) == 0
    assert capsys.readouterr().out.splitlines()[3].split()[:4] == ["alice", "research", "3", "1"]


@pytest.mark.parametrize(
    ("status", "body", "reason"),
    [(401, b"no", "answers 401"), (200, b"[]", "no usable answer"), (200, b"{", "no usable answer")],
)
def test_a_service_that_does_not_answer(web_server, status, body, reason):
    web_server.pages["/v1/usage?since=1.0&until=2.0"] = (status, body)
    with pytest.raises(api.ApiError, match=reason):
        api.ask(web_server.url, "", 1.0, 2.0)
