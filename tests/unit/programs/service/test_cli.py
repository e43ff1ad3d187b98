"""The command line, as a program of its own."""

from __future__ import annotations

import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import slurm_observability
from slurm_observability.service.cli import main
from slurm_observability.service.options import ENVIRONMENT_PREFIX, parser
from slurm_observability.service.serve import exposures
from slurm_observability.service.settings import Settings
from slurm_observability.service.tokens import Tokens

from tests.unit.programs.service.api.conftest import Client, end, event

SOURCE = Path(slurm_observability.__file__).parents[1]
OWN_VARIABLES = ("DATABASE_URL", "SCHEDULER_BACKEND", "SLURM_BASE_URL", "SLURM_API_VERSION")


@pytest.fixture(autouse=True)
def without_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in (*OWN_VARIABLES, "STATE_DIRECTORY"):
        monkeypatch.delenv(name, raising=False)


def command(*arguments: str) -> list[str]:
    return [sys.executable, "-m", "slurm_observability.service", *arguments]


def environment(**more: str) -> dict[str, str]:
    return {**os.environ, "PYTHONPATH": str(SOURCE), "SCHEDULER_BACKEND": "none", **more}


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def running(directory: Path, *arguments: str) -> Iterator[tuple[subprocess.Popen[str], Client]]:
    """Run the service until it is ready."""
    port = free_port()
    given = ("--state-directory", str(directory), "--port", str(port), *arguments)
    with (directory / "log").open("a") as log:
        process = subprocess.Popen(command(*given), env=environment(), stderr=log, text=True)
    client = Client(port)
    try:
        deadline = time.monotonic() + 120
        while not ready(client):
            assert process.poll() is None, (directory / "log").read_text()
            assert time.monotonic() < deadline, (directory / "log").read_text()
            time.sleep(0.05)
        yield process, client
    finally:
        process.kill()
        process.wait()


def ready(client: Client) -> bool:
    try:
        return client.get("/v1/health").status == 200
    except OSError:
        return False


def test_what_others_can_read_is_said() -> None:
    def said(**given: object) -> list[str]:
        settings = Settings(database_url="sqlite:///jobs.db", metrics_of_jobs=True, **given)
        return [exposure.split()[0] for exposure in exposures(settings)]

    assert said() == []
    assert said(listen_address="0.0.0.0") == ["tokens", "/metrics"]
    assert said(listen_address="0.0.0.0", tls_certificate=Path("c"), metrics_token=True) == []


def test_what_was_acknowledged_survives_a_kill(tmp_path: Path) -> None:
    for number in (1, 2):
        with running(tmp_path, "--metrics-of-jobs", "yes") as (process, client):
            assert client.post("/v1/events", {"events": [event(number)]}).body["stored"] == 1
            metrics = client.get("/metrics").body.decode()
            process.send_signal(signal.SIGKILL)
            process.wait()
    with running(tmp_path) as (process, client):
        assert [run["id"] for run in client.get("/v1/jobs").body["jobs"]] == ["slurm-2", "slurm-1"]
        assert client.post("/v1/events/job-finished", end(1)).status == 201
        process.send_signal(signal.SIGTERM)
        assert process.wait(60) == 0
    for line in (
        "job_observability_database_up 1",
        'job_observability_events_total{outcome="stored"} 1',
        "# TYPE process_resident_memory_bytes gauge",
        "# TYPE hpc_job_runtime_seconds gauge",
    ):
        assert f"{line}\n" in metrics
    log = (tmp_path / "log").read_text()
    assert re.search(r"^INFO job-observability \S+ listens on 127.0.0.1 port \d+, with sqlite:///", log, re.MULTILINE)
    assert log.splitlines()[-1] == "INFO stopped"
    assert [json.loads(line)["event_id"] for line in log.splitlines() if line.startswith("{")] == [
        "n1-1-started",
        "n1-2-started",
        "n1-1-finished",
    ]


def test_a_port_that_is_taken(tmp_path: Path, capsys) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = str(taken.getsockname()[1])
        assert main(["--state-directory", str(tmp_path), "--port", port]) == 2
    assert (
        f"job-observability: cannot listen on 127.0.0.1 port {port} (Address already in use" in capsys.readouterr().err
    )


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ([], "there is no place for the database; give --state-directory, or DATABASE_URL"),
        (["--port", "x", "--state-directory", "."], "'x' is no port"),
        (["--state-directory", ".", "--retention-runs", "0"], "'0' is no number of days; give one from 1 to 36500"),
        (["--state-directory", ".", "--slurm-api-version", "v1"], "'v1' is no version of the API"),
        (["--state-directory", ".", "--listen-address", "0.0.0.0"], "without tokens everybody who reaches 0.0.0.0"),
        (["--state-directory", ".", "--token-file", "/none"], "/none:1: cannot be read"),
        (["--state-directory", ".", "--tls-key", "/none"], "--tls-certificate and --tls-key go together"),
        (["--state-directory", ".", "--tls-client-ca", "/none"], "--tls-client-ca needs --tls-certificate"),
        (["--state-directory", ".", "--audit-log", "/none/x"], "--audit-log /none/x cannot be written: No such file"),
        (["--database-url-file", "/none"], "/none cannot be read"),
        (["--database-url", "mysql://a@b/c"], "the URL of the database has to begin with"),
        (["--database-url", "postgres://a:b@c/d"], "a password on the command line is seen by everybody"),
        (["--database-url=postgres://c/d?password=b"], "a password on the command line is seen by everybody"),
        (["token"], "the command is 'token new'"),
        (["check", "new"], "the command is 'token new'"),
        (["token", "new"], "'' is no name for a token"),
    ],
)
def test_what_has_to_be_repaired(arguments: list[str], words: str, capsys) -> None:
    assert main([*arguments, "--check-config"]) == 2
    printed = capsys.readouterr().err
    assert printed.startswith("job-observability: ")
    assert words in printed


def test_check_config(tmp_path: Path, capsys) -> None:
    assert main(["--state-directory", str(tmp_path), "--check-config"]) == 0
    assert capsys.readouterr() == ("", "")


def test_a_password_stays_unseen(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys) -> None:
    """Not in what the service prints of a database that does not answer."""
    path = tmp_path / "url"
    path.write_text("postgres://hpc:secret@127.0.0.1:1/jobs\n")
    path.chmod(0o600)
    assert main(["check", "--database-url-file", str(path)]) == 1
    printed = capsys.readouterr()
    assert "database   failed" in printed.out
    assert "secret" not in printed.out + printed.err
    monkeypatch.setenv("DATABASE_URL", path.read_text().strip())
    assert main(["check"]) == 1
    assert capsys.readouterr().out == printed.out


def test_migrate_and_check(tmp_path: Path, capsys) -> None:
    given = ["--state-directory", str(tmp_path), "--scheduler-backend", "none"]
    assert main(["check", *given]) == 1
    assert main(["migrate", *given]) == 0
    assert main(["check", *given]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[-5:-2] == [
        f"database   ok      sqlite:///{tmp_path}/jobs.db",
        "tokens     ok      none: everybody on this host may read and write",
        "tls        ok      off",
    ]
    assert main(["migrate", "--database-url", "postgres://hpc@127.0.0.1:1/jobs"]) == 1
    assert "cannot be used" in capsys.readouterr().err


def test_a_new_token(tmp_path: Path, capsys) -> None:
    assert main(["token", "new", "--name", "agents"]) == 0
    lines = capsys.readouterr().out.splitlines()
    path = tmp_path / "tokens"
    path.write_text(f"tokens:\n{lines[-1]}\n")
    path.chmod(0o600)
    sender = Tokens(path).sender(f"Bearer {lines[0]}")
    assert (sender.name, sender.role) == ("agents", "writer")
    assert main(["check", "--state-directory", str(tmp_path), "--token-file", str(path)]) == 1
    assert f"tokens     ok      1 in {path}" in capsys.readouterr().out


def test_every_option_has_a_name_in_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(f"{ENVIRONMENT_PREFIX}PORT", "8081")
    monkeypatch.setenv("DATABASE_URL", "postgres://a:b@c/d")
    monkeypatch.setenv("SCHEDULER_BACKEND", "none")
    monkeypatch.setenv("SLURM_BASE_URL", "http://slurm:6820")
    monkeypatch.setenv("SLURM_API_VERSION", "v0.0.37")
    options = parser().parse_args([])
    assert (options.port, options.database_url) == (8081, "postgres://a:b@c/d")
    assert (options.scheduler_backend, options.slurm_base_url) == ("none", "http://slurm:6820")
    assert options.slurm_api_version == "v0.0.37"
