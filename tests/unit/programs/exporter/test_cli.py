"""The command line, as a program of its own."""

from __future__ import annotations

import os
import re
import signal
import socket
import subprocess
import sys
import time
from http.client import HTTPConnection
from pathlib import Path

import pytest
import slurm_observability
from slurm_observability.exporter.options import ENVIRONMENT_PREFIX, parser
from slurm_observability.exporter.settings import Settings
from slurm_observability.exporter.wiring import OFTEN, intervals

SOURCE = Path(slurm_observability.__file__).parents[1]


def command(*arguments: str) -> list[str]:
    return [sys.executable, "-m", "slurm_observability.exporter", *arguments]


def environment(**more: str) -> dict[str, str]:
    return {**os.environ, "PYTHONPATH": str(SOURCE), **more}


def run(*arguments: str, **more: str) -> subprocess.CompletedProcess:
    return subprocess.run(
        command(*arguments), env=environment(**more), capture_output=True, text=True, timeout=30, check=False
    )


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def test_version_and_help():
    assert run("--version").stdout == f"azslurm-exporter {slurm_observability.__version__}\n"
    text = run("--help").stdout
    for option in ("--port", "--reset-time", "--timeout", "--log-level", "--listen-address", "--file-sd-directory"):
        assert option in text


def test_the_version_is_that_of_the_project():
    project = (SOURCE.parent / "pyproject.toml").read_text()
    assert re.search(r'^version = "(.*)"$', project, re.MULTILINE)[1] == slurm_observability.__version__


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--no-such-option"], "unrecognized arguments: --no-such-option"),
        (["--port", "http"], "'http' is no port; give a number from 1 to 65535"),
        (["--port", "70000"], "'70000' is no port"),
        (["--timeout", "soon"], "'soon' is no time in seconds"),
        (["--interval", "0"], "'0' is no time in seconds"),
        (["--interval", "nan"], "'nan' is no time in seconds"),
        (["--intervals", "jobs"], "'' is no time in seconds"),
        (["--intervals", "jobs=soon"], "'soon' is no time in seconds"),
        (["--intervals", "queue=5"], "'queue=5' names no topic; give jobs=VALUE, nodes=VALUE, history=VALUE"),
        (["--intervals", "history=off,nodes=off"], "'nodes=off': the nodes cannot be off"),
        (["--timeouts", "history=off"], "'off' is no time in seconds"),
        (
            ["--high-availability", "yes", "--intervals", "controllers=off"],
            "--high-availability needs the topic 'controllers'",
        ),
        (["--max-commands", "3"], "'3' is too few or no number; give 4 or more"),
        (["--max-commands", "many"], "'many' is too few or no number"),
        (["--log-level", "LOUD"], "give one of DEBUG, INFO, WARNING, ERROR"),
        (["--accounting", "maybe"], "'maybe' is neither 'yes' nor 'no'"),
        (["--reset-time", "yesterday"], "write it like '24 hours ago'"),
        (["--reset-time", ""], "write it like '24 hours ago'"),
        (["--file-sd-directory", "/no/such"], "'/no/such' is no directory"),
        (["--max-label-values", "many"], "'many' is no number"),
        (["--queue-labels", "user,job"], "'job' is none of account, user"),
        (["--source", "sinfo"], "invalid choice: 'sinfo'"),
        (["--slurmrestd-url", "head:6820"], "'head:6820' is no URL of a server; give http://HOST:PORT"),
        (["--slurmrestd-api-version", "41"], "'41' is no version of the API; give auto or v0.0.45"),
        (["--sd-ports", "grafana=3000"], "'grafana=3000' names no scrape job"),
        (["--sd-ports", "job_agent=x"], "'x' is no port"),
        (["--listen-address", "no.such.host.invalid"], "cannot listen on no.such.host.invalid port 9500"),
        (["--listen-address", "256.1.1.1"], "choose others with --listen-address and --port"),
    ],
)
def test_bad_input_gets_one_sentence_and_status_2(cluster, arguments, words):
    result = run(*arguments)
    assert result.returncode == 2
    assert words in result.stderr
    assert result.stderr.startswith("azslurm-exporter: ") and result.stderr.count("\n") == 1


def test_faults_in_files_are_told_all_at_once_with_file_and_line(cluster, tmp_path):
    path = tmp_path / "settings.yml"
    path.write_text("nonsense: 1\nother: 2\n")
    for option in ("--web-config", "--custom-metrics"):
        result = run(option, str(path))
        assert result.returncode == 2
        assert [line.split(" is unknown")[0] for line in result.stderr.splitlines()] == [
            f"azslurm-exporter: {path}:1: nonsense",
            f"azslurm-exporter: {path}:2: other",
        ]


def test_the_page_of_the_exporter_has_every_option_with_its_default(monkeypatch):
    for variable in [name for name in os.environ if name.startswith(ENVIRONMENT_PREFIX)]:
        monkeypatch.delenv(variable)
    page = (Path(__file__).parents[4] / "docs" / "exporter.md").read_text()
    described = dict(re.findall(r"^\| `(--[a-z-]+)` \| (.+?) \| ", page, re.MULTILINE))
    options = {
        action.option_strings[-1]: action.default
        for action in parser()._actions
        if action.option_strings and action.dest not in ("help", "version")
    }
    assert described.keys() == options.keys()
    assert {name: described[name] for name, default in options.items() if default} == {
        name: default for name, default in options.items() if default
    }


def test_the_settings_can_be_looked_at_without_anything_else(cluster, fake_slurm, tmp_path):
    path = tmp_path / "custom.yml"
    path.write_text("metrics:\n  - {name: site_x, description: x, command: [squeue], parse_strategy: COUNT_LINES}\n")
    with socket.socket() as other:  # the port of the service that runs
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = str(other.getsockname()[1])
        result = run("--check-config", "--port", port, "--custom-metrics", str(path))
    assert (result.returncode, result.stderr, fake_slurm.calls("squeue")) == (0, "", [])
    assert run("--check-config", "--custom-metrics", str(tmp_path / "none.yml")).returncode == 2


def test_the_page_of_sources_has_every_topic_with_its_interval():
    page = (Path(__file__).parents[4] / "docs" / "exporter-sources.md").read_text().split("## What is asked")[1]
    described = dict(re.findall(r"^\| `([a-z_]+)` \| (`--interval`|\d+ s|\[off\])", page, re.MULTILINE))
    told = {
        name: "[off]" if seconds is None else f"{seconds:g} s"
        for name, seconds in intervals(Settings(reset_time=0)).items()
    }
    assert described == {**told, **dict.fromkeys(OFTEN, "`--interval`")}


def test_a_variable_of_the_environment_is_checked_too(cluster):
    result = run(AZSLURM_EXPORTER_PORT="x")
    assert (result.returncode, "'x' is no port" in result.stderr) == (2, True)


def test_a_port_in_use_is_refused(cluster):
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        result = run("--port", str(other.getsockname()[1]))
    assert result.returncode == 2
    assert "Address already in use" in result.stderr and result.stderr.count("\n") == 1


def test_missing_commands_are_named(tmp_path):
    result = run(PATH=str(tmp_path))
    assert result.returncode == 2
    assert result.stderr == (
        "azslurm-exporter: squeue, scontrol, sacct not found; run it on a host with Slurm's commands, "
        "or put their directory in PATH\n"
    )


def test_slurmrestd_needs_no_commands_but_sacct(tmp_path):
    result = run("--source", "slurmrestd", PATH=str(tmp_path))
    assert result.stderr.startswith("azslurm-exporter: sacct not found")


def test_it_serves_and_ends_at_once_on_sigterm_even_while_slurm_hangs(cluster, fake_slurm, tmp_path, eventually):
    fake_slurm.does("sacct", f'echo $$ > "{tmp_path}/pid"; exec sleep 600')
    port = free_port()
    process = subprocess.Popen(
        command("--port", str(port), "--interval", "1"),
        env=environment(AZSLURM_EXPORTER_RESET_TIME="7 days ago", AZSLURM_EXPORTER_FILE_SD_DIRECTORY=str(tmp_path)),
        stderr=subprocess.PIPE,
        text=True,
    )
    try:

        def page() -> str:
            try:
                connection = HTTPConnection("127.0.0.1", port, timeout=5)
                connection.request("GET", "/metrics")
                return connection.getresponse().read().decode()
            except OSError:
                return ""

        eventually(lambda: "slurm_jobs_running 1\n" in page() and "slurm_nodes 7\n" in page())
        assert not re.search("^slurm_jobs_total_", page(), re.MULTILINE), "sacct has not answered yet"
        eventually(lambda: (tmp_path / "pid").exists())
        began = time.monotonic()
        process.send_signal(signal.SIGTERM)
        _, log = process.communicate(timeout=10)
        assert time.monotonic() - began < 5
    finally:
        process.kill()
        process.wait()
    assert process.returncode == 0
    assert (tmp_path / "node_exporter.json").exists()
    assert re.fullmatch(r"(INFO [^\n]+\n)+", log), log
    assert "INFO stopped\n" in log and f"port {port}" in log
    child = int((tmp_path / "pid").read_text())
    eventually(lambda: not Path(f"/proc/{child}").exists() or "Z" in Path(f"/proc/{child}/stat").read_text())


SIGNALLED_ELSEWHERE = """
import signal, threading, time
from types import SimpleNamespace
from slurm_observability.command_line import serving

def signal_this_thread():
    time.sleep(0.3)
    signal.pthread_kill(threading.get_ident(), signal.SIGTERM)

server = SimpleNamespace(name="x", serve_forever=lambda: None, server_address=("127.0.0.1", 1))
exporter = SimpleNamespace(start=threading.Thread(target=signal_this_thread).start, stop=lambda: print("stopped"))
serving.serve(server, exporter)
"""


def test_a_signal_that_another_thread_gets_ends_it_too():
    result = subprocess.run(
        [sys.executable, "-c", SIGNALLED_ELSEWHERE],
        env=environment(),
        capture_output=True,
        text=True,
        timeout=20,
        check=False,
    )
    assert (result.returncode, result.stdout) == (0, "stopped\n"), result.stderr
