"""The environment of a job, from slurmctld's file to the lines of the archive."""

from __future__ import annotations

import re
import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st
from slurm_observability.archive.environment import CUT_SHORT, as_text, escape, of_run, read_environment
from slurm_observability.archive.masking import MASK, Masks

from tests.unit.programs.archive.conftest import environment_file, started

NO_MASKS = Masks(["!*"])


def unescape(text: str) -> bytes:
    """What a reader of the archive does to get a value back."""
    short = {"t": "\t", "n": "\n", "r": "\r", "\\": "\\"}

    def of(match: re.Match[str]) -> str:
        code = match[1]
        if code[0] == "u":
            return chr(int(code[1:], 16))
        return (
            chr(0xDC00 + int(code[1:], 16))
            if code[0] == "x" and int(code[1:], 16) >= 0x80
            else (chr(int(code[1:], 16)) if code[0] == "x" else short[code])
        )

    return re.sub(r"\\(x[0-9a-f]{2}|u[0-9a-f]{4}|.)", of, text).encode("utf-8", "surrogateescape")


def test_a_line_for_each_variable() -> None:
    content = environment_file(b"HOME=/home/alice", b"EMPTY=", "GREETING=ol\u00e1".encode())

    variables, complete = read_environment(content)

    assert complete
    assert as_text(variables, {"SLURM_JOB_ID": "7"}, Masks()).decode() == (
        "HOME=/home/alice\nEMPTY=\nGREETING=olá\nSLURM_JOB_ID=7\n"
    )


@given(st.binary().map(lambda value: value.replace(b"\0", b"")))
def test_a_value_has_one_line_and_can_be_read_back(value: bytes) -> None:
    line = escape(value)

    assert len(f"{line}x".splitlines()) == 1
    assert unescape(line) == value


def test_a_value_forges_no_variable() -> None:
    text = as_text([b"A=1\nSLURM_JOB_ID=8", b"BASH_FUNC_f%%=() { :\n}"], {"SLURM_JOB_ID": "7"}, Masks()).decode()

    assert text.splitlines() == [r"A=1\nSLURM_JOB_ID=8", r"BASH_FUNC_f%%=() { :\n}", "SLURM_JOB_ID=7"]


def test_what_the_job_has_itself_is_not_added() -> None:
    assert as_text([b"SLURM_JOB_NAME=mine"], {"SLURM_JOB_NAME": "theirs"}, Masks()) == b"SLURM_JOB_NAME=mine\n"


@pytest.mark.parametrize(
    ("content", "count"),
    [
        (b"", 0),
        (b"\1", 0),
        (struct.pack("=I", 2) + b"A=1\0", 1),
        (struct.pack("=I", 2) + b"A=1\0B=", 1),
        (struct.pack("=I", 0xFFFFFFFF) + b"A=1\0", 1),
    ],
)
def test_of_a_file_that_was_cut_short_the_whole_variables_stay(content: bytes, count: int) -> None:
    variables, complete = read_environment(content)

    assert (len(variables), complete) == (count, False)
    assert as_text(variables, {}, Masks(), complete).decode().splitlines()[-1] == CUT_SHORT


def test_what_follows_the_last_variable_does_not_count() -> None:
    assert read_environment(struct.pack("=I", 1) + b"A=1\0B=2\0rest") == ([b"A=1"], True)
    assert read_environment(environment_file()) == ([], True)


def test_many_variables() -> None:
    variables = [b"V%d=%d" % (number, number) for number in range(100_000)]

    assert read_environment(environment_file(*variables)) == (variables, True)
    assert as_text(variables, {}, NO_MASKS) == b"\n".join(variables) + b"\n"


def test_a_name_is_masked_and_escaped_like_a_value() -> None:
    assert as_text([b"A\nB_TOKEN=x", b"no equals sign"], {}, Masks()) == b"A\\nB_TOKEN=" + MASK + b"\nno equals sign=\n"


def test_what_slurm_adds_at_the_start_of_a_run() -> None:
    added = of_run(started(8, array_job_id=7, array_task_id=0, restart=1))

    assert added["SLURM_JOB_ID"] == "8"
    assert added["SLURM_NNODES"] == added["SLURM_JOB_NUM_NODES"] == "2"
    assert (added["SLURM_ARRAY_JOB_ID"], added["SLURM_ARRAY_TASK_ID"]) == ("7", "0")
    assert added["SLURM_RESTART_COUNT"] == "1"
    assert added["SLURM_JOB_START_TIME"] == "1795278744"
    assert "SLURM_JOB_QOS" not in added
    assert "SLURM_JOB_START_TIME" not in of_run(started(start_time=None))
