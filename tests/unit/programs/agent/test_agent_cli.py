"""The command line of job-agent, as a program of its own."""

from __future__ import annotations

import os
import re
import socket
from pathlib import Path

import pytest
import slurm_observability
from slurm_observability.agent.options import ENVIRONMENT_PREFIX, parser

from tests.unit.programs.agent.program import Program, run
from tests.unit.programs.agent.service import answers
from tests.unit.programs.jobs.events import event

PAGE = Path(__file__).parents[4] / "docs" / "job-agent.md"


@pytest.fixture
def make_program(tmp_path, spool, service):
    programs = []

    def make(*arguments, **more):
        programs.append(
            Program(*("--spool", str(spool.directory), "--url", service.url, *arguments), log=tmp_path / "log", **more)
        )
        return programs[-1]

    yield make
    for program in programs:
        program.close()


def test_version_and_help():
    assert run("--version").stdout == f"job-agent {slurm_observability.__version__}\n"
    text = run("--help").stdout
    for option in ("--port", "--url", "--spool", "--token-file", "--mode"):
        assert option in text


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--no-such-option"], "unrecognized arguments: --no-such-option"),
        (["--port", "http"], "'http' is no port"),
        (["--url", "service:8080"], "'service:8080' is no URL of a server; give http://HOST:PORT or https://HOST:PORT"),
        (["--url", "http://u:p@service"], "holds no user and no password"),
        (["--url", "http://service:x"], "is no URL of a server"),
        (["--mode", "both"], "invalid choice: 'both'"),
        (["--max-spool-events", "-1"], "'-1' is no number"),
        (["--max-spool-bytes", "much"], "'much' is no size; give a number of bytes, or one with K, M or G"),
        (["--max-spool-bytes", "G"], "'G' is no size"),
        (["--interval", "0"], "'0' is no time in seconds"),
        (["--state-directory", "/no/such"], "'/no/such' is no directory"),
        (["--token-file", "/no/such"], "/no/such cannot be read: No such file or directory"),
        (["--listen-address", "256.1.1.1"], "choose others with --listen-address and --port"),
    ],
)
def test_bad_input_gets_one_sentence_and_status_2(arguments, words):
    result = run(*arguments)
    assert result.returncode == 2
    assert words in result.stderr
    assert result.stderr.startswith("job-agent: ") and result.stderr.count("\n") == 1


def test_faults_in_the_web_configuration_are_told_with_file_and_line(tmp_path):
    path = tmp_path / "web.yml"
    path.write_text("nonsense: 1\n")
    assert run("--web-config", str(path)).stderr.startswith(f"job-agent: {path}:1: nonsense is unknown")


def test_the_settings_can_be_looked_at_without_anything_else(tmp_path):
    with socket.socket() as other:  # the port of the agent that runs
        other.bind(("127.0.0.1", 0))
        other.listen()
        result = run("--check-config", "--port", str(other.getsockname()[1]))
    assert (result.returncode, result.stderr, result.stdout) == (0, "", "")


def test_options_come_from_the_environment_too():
    assert "'x' is no port" in run("--check-config", JOB_AGENT_PORT="x").stderr
    assert "'x' is no URL" in run("--check-config", OBSERVABILITY_URL="x").stderr


def test_the_options_of_the_service_come_from_its_file(tmp_path):
    path = tmp_path / "options"
    path.write_text("# Those of the service.\n--port=x\n\n--cluster=a b\n")
    assert "'x' is no port" in run("--check-config", f"@{path}").stderr
    path.write_text("--port=9501\n--cluster=a b\n")
    assert run("--check-config", f"@{path}").returncode == 0
    assert parser().parse_args([f"@{path}"]).cluster == "a b"
    missing = run("check", f"@{tmp_path / 'none'}")
    assert (missing.returncode, missing.stderr.count("\n")) == (2, 1)
    assert "No such file or directory" in missing.stderr


def test_the_node_is_named_as_slurm_names_it(monkeypatch):
    monkeypatch.setattr(socket, "gethostname", lambda: "host.example.org")
    monkeypatch.delenv("SLURMD_NODENAME", raising=False)
    assert parser().parse_args([]).node == "host"
    monkeypatch.setenv("SLURMD_NODENAME", "n7")
    assert parser().parse_args([]).node == "n7"


@pytest.mark.parametrize(("text", "size"), [("4096", 4096), ("64K", 1 << 16), ("256M", 256 << 20), ("2G", 2 << 30)])
def test_sizes(text, size):
    assert parser().parse_args(["--max-spool-bytes", text]).max_spool_bytes == size


def test_it_forwards_serves_and_ends(make_program, spool, service, tmp_path, eventually):
    program = make_program()
    spool.put(event(7))
    eventually(lambda: service.order == [event(7).event_id])
    eventually(lambda: not spool.look(9).events)
    assert program.page("/-/healthy") == (200, "healthy\n")
    eventually(lambda: program.page("/-/ready") == (200, "ready\n"))
    status, text = program.page("/metrics")
    assert status == 200
    assert 'job_agent_events_total{outcome="stored"} 1\n' in text
    assert "job_agent_service_up 1\n" in text
    assert f'job_agent_build_info{{version="{slurm_observability.__version__}"' in text
    assert "/metrics" in program.page("/")[1]
    assert program.page("/no/such")[0] == 404
    assert program.end() == 0
    assert re.fullmatch(r"(INFO [^\n]+\n)+", (tmp_path / "log").read_text())


def test_a_spool_that_is_not_there_is_waited_for(make_program, spool, service, eventually):
    spool.directory.rmdir()
    program = make_program()
    eventually(lambda: program.page("/-/ready") == (503, "the spool has not been read\n"))
    assert "job_agent_spool_up 0\n" in program.page("/metrics")[1]
    spool.directory.mkdir()
    spool.put(event(7))
    eventually(lambda: len(service.order) == 1)
    assert program.page("/-/ready")[0] == 200


def test_it_ends_at_once_while_the_service_is_down(make_program, spool, service, eventually):
    service.always = answers(503, Retry_After="300")
    program = make_program()
    spool.put(event(7))
    eventually(lambda: "job_agent_service_up 0\n" in program.page("/metrics")[1] and service.always)
    assert program.end() == 0
    assert len(spool.look(9).events) == 1


def test_a_node_observes_its_jobs_too(make_program, spool, service, eventually):
    program = make_program("--node", "n1", mode="node")
    eventually(lambda: 'hpc_node_job_count{node="n1"} 0\n' in program.page("/metrics")[1])


def test_the_page_of_the_agent_has_every_option_with_its_default(monkeypatch):
    for variable in [name for name in os.environ if name.startswith(ENVIRONMENT_PREFIX)]:
        monkeypatch.delenv(variable)
    monkeypatch.delenv("OBSERVABILITY_URL", raising=False)
    described = dict(re.findall(r"^\| `(--[a-z-]+)` \| (.+?) \| ", PAGE.read_text(), re.MULTILINE))
    options = {
        action.option_strings[-1]: str(action.default)
        for action in parser()._actions
        if action.option_strings and action.dest not in ("help", "version", "node")
    }
    assert described.keys() == {*options, "--node"}
    given = {name: default for name, default in options.items() if default not in ("", "None", "False", "==SUPPRESS==")}
    assert {name: described[name] for name in given} == given
