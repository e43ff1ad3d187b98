"""What bash offers behind azslurm-exporter."""

from __future__ import annotations

import subprocess

import pytest
from slurm_observability.exporter import options


@pytest.fixture(scope="module")
def script(tmp_path_factory):
    """The script as the program prints it."""
    path = tmp_path_factory.mktemp("completion") / "azslurm-exporter"
    with pytest.raises(SystemExit) as ended, pytest.MonkeyPatch.context() as patch:
        printed: list[str] = []
        patch.setattr("builtins.print", lambda text, end: printed.append(text))
        options.parser().parse_args(["--completion", "bash"])
    assert ended.value.code == 0
    path.write_text(printed[0])
    return path


def offered(script, *words: str) -> set[str]:
    """What bash offers for the last of these words."""
    line = " ".join(f"'{word}'" for word in words)
    program = (
        f'source "$0"; COMP_WORDS=(azslurm-exporter {line}); COMP_CWORD={len(words)}; _azslurm_exporter; '
        'printf "%s\\n" "${COMPREPLY[@]}"'
    )
    result = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", program, str(script)],
        cwd=script.parent,
        capture_output=True,
        text=True,
        timeout=30,
        check=True,
    )
    return set(result.stdout.split())


def test_every_option_is_offered(script):
    known = {name for action in options.parser()._actions for name in action.option_strings}
    assert offered(script, "-") == known


def test_options_that_begin_so(script):
    assert offered(script, "--we") == {"--web-config"}


@pytest.mark.parametrize("words", [["--log-level", ""], ["--log-level", "="], ["--log-level", "=", ""]])
def test_words_that_an_option_takes(script, words):
    assert offered(script, *words) == {"DEBUG", "INFO", "WARNING", "ERROR"}
    assert offered(script, "--accounting", "y") == {"yes"}
    assert offered(script, "--high-availability", "") == {"yes", "no"}
    assert "slurmrestd" in offered(script, "--source", "")


def test_files_and_what_nobody_can_guess(script):
    assert offered(script, "--web-config", "az") == {"azslurm-exporter"}
    assert offered(script, "--port", "") == set()


def test_commands(script):
    assert offered(script, "c") == {"check"}


def test_it_is_loaded_without_a_word(script):
    result = subprocess.run(["bash", "-n", str(script)], capture_output=True, text=True, timeout=30, check=True)
    assert result.stderr == ""
