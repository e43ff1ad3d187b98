"""The command line: what it accepts, and that a mistake costs one sentence."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from lab import cli, completion, host, lifecycle, state

REPOSITORY = Path(__file__).resolve().parents[3]


def run(monkeypatch: pytest.MonkeyPatch, *arguments: str) -> int:
    monkeypatch.setattr("sys.argv", ["bin/lab", *arguments])
    return cli.main()


def test_exec_hands_a_command_on_exactly_as_it_is(paper_lab: state.Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[str] = []
    monkeypatch.setattr(lifecycle.Machine, "running", True)
    monkeypatch.setattr(
        lifecycle.subprocess, "run", lambda argv, check: seen.extend(argv) or subprocess.CompletedProcess(argv, 7)
    )
    command = ["runuser", "-u", "alice", "--", "bash", "-euc", "cd /tmp; echo 'a  b' $HOME"]
    assert run(monkeypatch, "exec", "--name", "paper", "head", "--", *command) == 7
    assert seen[-2:] == ["head", "runuser -u alice -- bash -euc 'cd /tmp; echo '\"'\"'a  b'\"'\"' $HOME'"]


def test_one_word_is_a_line_for_the_shell(paper_lab: state.Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[str] = []
    monkeypatch.setattr(lifecycle.Machine, "running", True)
    monkeypatch.setattr(
        lifecycle.subprocess, "run", lambda argv, check: seen.extend(argv) or subprocess.CompletedProcess(argv, 0)
    )
    run(monkeypatch, "exec", "--name", "paper", "head", "squeue | wc -l")
    assert seen[-2:] == ["head", "squeue | wc -l"]


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("status", "--name", "nowhere"), "There is no lab nowhere"),
        (("inventory", "--name", "nowhere"), "bin/lab up --name nowhere"),
        (("exec", "--name", "paper", "nodeX", "true"), "No machine is called nodeX"),
        (("exec", "--name", "paper", "node1", "true"), "node1 is off"),
        (("bake", "--name", "nowhere", "node1"), "There is no lab nowhere"),
        (("up", "--name", "Bad_Name"), "cannot name a lab"),
    ],
)
def test_mistakes_cost_one_sentence(
    paper_lab: state.Lab,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    arguments: tuple[str, ...],
    sentence: str,
) -> None:
    assert run(monkeypatch, *arguments) == 1
    error = capsys.readouterr().err
    assert sentence in error
    assert error.count("\n") == 1


def test_another_suite_needs_another_name(
    paper_lab: state.Lab, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(host, "require_usable", lambda: None)
    assert run(monkeypatch, "up", "--name", "paper", "--suite", "bookworm") == 1
    assert "runs trixie" in capsys.readouterr().err


def test_a_virtual_machine_is_decided_when_the_lab_is_made(
    paper_lab: state.Lab, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(host, "require_usable", lambda: None)
    assert run(monkeypatch, "up", "--name", "paper", "--vm") == 1
    assert "Lab paper has no virtual machine" in capsys.readouterr().err


def test_a_virtual_machine_takes_a_pc(
    lab_home: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(host, "require_usable", lambda: None)
    monkeypatch.setattr(host.platform, "machine", lambda: "aarch64")
    assert run(monkeypatch, "up", "--vm") == 1
    assert "this host is aarch64" in capsys.readouterr().err
    assert not any(lab_home.iterdir())


@pytest.mark.parametrize(
    ("attribute", "value", "sentence"),
    [
        ("sys.platform", "darwin", "needs Linux"),
        ("os.geteuid", lambda: 1000, "takes root"),
        ("shutil.which", lambda _: None, "apt-get"),
    ],
)
@pytest.mark.parametrize("command", ["up", "down"])
def test_a_host_that_cannot_carry_a_lab_is_refused_before_anything_changes(
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    lab_home: Path,
    command: str,
    attribute: str,
    value: object,
    sentence: str,
) -> None:
    monkeypatch.setattr(host.os, "geteuid", lambda: 0)
    monkeypatch.setattr(f"lab.host.{attribute}", value)
    monkeypatch.setattr(host.subprocess, "run", lambda *_, **__: pytest.fail("a command was run"))
    assert run(monkeypatch, command, "--name", "paper") == 1
    assert sentence in capsys.readouterr().err
    assert not any(lab_home.iterdir())


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (["lab", "st"], {"status"}),
        (["lab", "up", "--suite", "b"], {"bookworm"}),
        (["lab", "exec", "node"], {"node1", "node2"}),
        (["lab", "exec", "v"], {"vm1"}),
        (["lab", "up", "--v"], {"--vm"}),
        (["lab", "down", "--name", "pa"], {"paper"}),
        (["lab", "bake", ""], {"node1", "node2", "--help", "--name"}),
    ],
)
def test_completion_in_a_real_bash(paper_lab: state.Lab, words: list[str], expected: set[str]) -> None:
    script = completion.bash(cli.parser()) + (
        f"COMP_WORDS=({' '.join(repr(word) for word in words)}); COMP_CWORD={len(words) - 1}\n"
        '_slurm_observability_lab; printf "%s\\n" "${COMPREPLY[@]}"\n'
    )
    answer = subprocess.run(["bash"], input=script, text=True, capture_output=True, check=True)
    assert set(answer.stdout.split()) == expected


def test_the_program_starts_from_anywhere(tmp_path: Path) -> None:
    answer = subprocess.run(
        [REPOSITORY / "bin/lab", "--help"], cwd=tmp_path, text=True, capture_output=True, check=True
    )
    assert "exec NODE" in answer.stdout
