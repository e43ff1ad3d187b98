"""The command line of dstack-poller, as a program of its own."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import urllib.request
from pathlib import Path

import pytest
import slurm_observability
from slurm_observability.dstack.reference import reference

from tests.stand_ins.dstack import fleet, instance

SOURCE = Path(slurm_observability.__file__).parents[1]
COMMAND = [sys.executable, "-m", "slurm_observability.dstack"]
PAGE = Path(__file__).parents[4] / "docs" / "dstack.md"


def environment(**more: str) -> dict[str, str]:
    ours = ("DSTACK_POLLER_", "CREDENTIALS_DIRECTORY")
    kept = {name: value for name, value in os.environ.items() if not name.startswith(ours)}
    return {**kept, "PYTHONPATH": str(SOURCE), **more}


def run(*arguments: str, **more: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*COMMAND, *arguments], env=environment(**more), capture_output=True, text=True, timeout=60, check=False
    )


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ([], "dstack answers nobody without a token; name the file of one with --token-file"),
        (["--token-file", "/no/such"], "/no/such cannot be read: No such file or directory"),
        (["--url", "dstack:3000"], "'dstack:3000' is no URL of a server"),
        (["--url", "https://u:p@dstack"], "holds no user and no password"),
        (["--interval", "0"], "'0' is no time in seconds"),
        (["--no-such-option"], "unrecognized arguments: --no-such-option"),
    ],
)
def test_bad_input_gets_one_sentence_and_status_2(arguments, words):
    result = run(*arguments)
    assert result.returncode == 2
    assert words in result.stderr
    assert result.stderr.startswith("dstack-poller: ") and result.stderr.count("\n") == 1


def test_a_token_that_everybody_can_read_is_refused_and_not_shown(token_file):
    token_file.chmod(0o644)
    result = run("--token-file", str(token_file))
    assert result.returncode == 2
    assert "everybody can read or write" in result.stderr
    assert token_file.read_text().strip() not in result.stderr


def test_the_settings_can_be_looked_at_by_whom_the_token_is_not_for():
    assert run("--check-config").returncode == 0
    assert run("--check-config", "--web-config", "/no/such").returncode == 2


def test_asked_once_it_prints_the_metrics(dstack, token_file):
    dstack.fleets = [fleet("h100", instance("h100-0"))]
    result = run("--once", "--url", dstack.url, CREDENTIALS_DIRECTORY=str(token_file.parent))
    assert (result.returncode, result.stderr) == (0, "")
    assert 'dstack_instance_name="h100-0"' in result.stdout


def test_asked_once_it_says_what_is_wrong(dstack, token_file):
    dstack.answers(403, b"no")
    result = run("--once", "--url", dstack.url, "--token-file", str(token_file))
    assert (result.returncode, result.stdout) == (1, "")
    assert result.stderr == f"dstack-poller: {dstack.url} answers 403: no\n"


def test_it_serves_its_pages_until_it_is_ended(dstack, token_file, eventually):
    dstack.fleets = [fleet("h100", instance("h100-0"))]
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]

    def page(path: str) -> str:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=5) as answer:
                return answer.read().decode()
        except OSError:
            return ""

    arguments = ["--port", str(port), "--url", dstack.url, "--token-file", str(token_file)]
    process = subprocess.Popen([*COMMAND, *arguments], env=environment(), stderr=subprocess.DEVNULL)
    try:
        eventually(lambda: page("/-/healthy") == "healthy\n")
        eventually(lambda: "dstack_instance_unreachable{" in page("/metrics"))
        assert "/metrics" in page("/")
        assert page("/no/such") == ""
    finally:
        process.terminate()
        assert process.wait(30) == 0


def test_the_table_in_the_page_is_that_of_the_program():
    assert reference() in PAGE.read_text(), "python -m slurm_observability.dstack.reference prints the table"
