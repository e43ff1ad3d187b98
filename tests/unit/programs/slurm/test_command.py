"""Running Slurm's commands: time limits, floods, exit statuses, clean ends."""

from __future__ import annotations

import os
import subprocess
import threading
import time
from contextlib import suppress
from pathlib import Path

import pytest
from slurm_observability.slurm.command import SlurmError, SlurmRunner, Stopping, one_line, slurm_environment


def run(fake_slurm, timeout=10.0, **more):
    return [line for chunk in SlurmRunner(timeout, **more).lines(["squeue", "-h"]) for line in chunk]


def alive(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except FileNotFoundError:
        return False
    return state != "Z"


def test_lines_come_whole_however_they_are_cut(fake_slurm):
    fake_slurm.does("squeue", "printf 'one\\ntw'; sleep 0.1; printf 'o\\n\\nlast'")
    assert run(fake_slurm) == [b"one", b"two", b"", b"last"]


def test_an_answer_of_megabytes_is_read_while_errors_are_written(fake_slurm):
    fake_slurm.does("squeue", "yes error | head -c 300000 >&2; yes line | head -c 3000000")
    assert len(run(fake_slurm)) == 600000


def test_a_hanging_command_is_ended_with_its_children(fake_slurm, tmp_path, eventually):
    fake_slurm.does("squeue", f'sleep 600 & echo $! > "{tmp_path}/child"; wait')
    began = time.monotonic()
    with pytest.raises(SlurmError, match=r"squeue did not answer within 0\.5 seconds"):
        run(fake_slurm, timeout=0.5)
    assert time.monotonic() - began < 3
    child = int((tmp_path / "child").read_text())
    eventually(lambda: not alive(child))


def test_a_stopped_command_is_ended_too(fake_slurm):
    fake_slurm.does("squeue", "kill -STOP $$")
    with pytest.raises(SlurmError, match="did not answer"):
        run(fake_slurm, timeout=0.5)


def test_a_command_that_closes_its_output_and_stays_is_ended(fake_slurm):
    fake_slurm.does("squeue", "exec >&- 2>&-; exec sleep 600")
    with pytest.raises(SlurmError, match="did not end"):
        run(fake_slurm, timeout=0.5)


def test_a_flood_is_cut(fake_slurm):
    fake_slurm.does("squeue", "exec yes")
    with pytest.raises(SlurmError, match="more than 100000 bytes"):
        run(fake_slurm, max_output_bytes=100000)


def test_a_failure_says_why_in_one_line(fake_slurm):
    fake_slurm.does("squeue", "printf 'squeue: error:\\n\\033[1mno\\000 \\377 answer\\n' >&2; exit 3")
    with pytest.raises(SlurmError) as caught:
        run(fake_slurm)
    assert (
        str(caught.value) == "squeue failed with exit status 3: squeue: error: [1mno \N{REPLACEMENT CHARACTER} answer"
    )


def test_a_failure_does_not_say_what_was_loaded_before_it(fake_slurm):
    fake_slurm.does(
        "squeue",
        "echo 'squeue: select/linear: init: Linear node selection plugin loaded with argument 1' >&2\n"
        "echo 'slurm_load_jobs error: Unable to contact slurm controller' >&2; exit 1",
    )
    with pytest.raises(SlurmError, match="exit status 1: slurm_load_jobs error: Unable"):
        run(fake_slurm)


def test_a_silent_failure_and_a_signal_are_named(fake_slurm):
    fake_slurm.does("squeue", "exit 1")
    with pytest.raises(SlurmError, match="exit status 1: it gave no reason"):
        run(fake_slurm)
    fake_slurm.does("squeue", "kill -9 $$")
    with pytest.raises(SlurmError, match="ended by signal 9"):
        run(fake_slurm)


def test_output_before_a_failure_is_not_the_whole_answer(fake_slurm):
    fake_slurm.does("squeue", "echo RUNNING; exit 1")
    with pytest.raises(SlurmError):
        run(fake_slurm)


def test_a_command_that_is_not_there_is_named(fake_slurm):
    with pytest.raises(SlurmError, match="no-such-slurm cannot be run: No such file"):
        list(SlurmRunner(1).lines(["no-such-slurm"]))


def test_no_process_and_no_descriptor_is_left(fake_slurm):
    fake_slurm.answers("squeue", "x\n")
    run(fake_slurm)
    before = len(list(Path("/proc/self/fd").iterdir()))
    for script in ("echo x", "exit 1", "exec sleep 600", "exec yes"):
        fake_slurm.does("squeue", script)
        with suppress(SlurmError):
            run(fake_slurm, timeout=0.3, max_output_bytes=1000)
    assert len(list(Path("/proc/self/fd").iterdir())) == before
    with pytest.raises(ChildProcessError):
        os.waitpid(-1, os.WNOHANG)


def test_leaving_early_ends_the_command(fake_slurm):
    fake_slurm.does("squeue", "exec yes")
    lines = SlurmRunner(10).lines(["squeue"])
    next(lines)
    lines.close()
    with pytest.raises(ChildProcessError):
        os.waitpid(-1, os.WNOHANG)


def test_close_ends_what_runs_and_starts_no_more(fake_slurm, eventually):
    fake_slurm.hangs("squeue")
    runner = SlurmRunner(60)
    errors = []

    def ask():
        try:
            list(runner.lines(["squeue"]))
        except SlurmError as error:
            errors.append(str(error))

    thread = threading.Thread(target=ask)
    thread.start()
    eventually(lambda: fake_slurm.calls("squeue") and runner.commands_started)
    runner.close()
    thread.join(5)
    assert errors == ["squeue was ended because the program is stopping"]
    with pytest.raises(Stopping, match="stopping"):
        list(runner.lines(["squeue"]))


@pytest.mark.parametrize(
    "script",
    [
        "echo 'scontrol: RPC rate limited 1 time(s). Sleeping then trying again.' >&2; exec sleep 600",
        "echo 'slurm_load_jobs error: Rate limit exceeded, please retry later' >&2; exit 1",
    ],
)
def test_a_command_that_meets_the_rate_limit_is_given_up_and_says_so(fake_slurm, script):
    fake_slurm.does("squeue", script)
    began = time.monotonic()
    with pytest.raises(SlurmError, match=r"squeue met slurmctld's rate limit for this user \(rl_enable\)") as caught:
        run(fake_slurm)
    assert caught.value.retry_after == 30
    assert time.monotonic() - began < 5


def test_an_ordinary_failure_asks_for_no_pause(fake_slurm):
    fake_slurm.fails("squeue", "Unable to contact slurm controller")
    with pytest.raises(SlurmError) as caught:
        run(fake_slurm)
    assert caught.value.retry_after is None


def test_runners_of_one_kind_have_their_own_timeout_and_share_their_counts_and_their_end(fake_slurm):
    fake_slurm.hangs("squeue")
    runner = SlurmRunner(60)
    impatient = runner.limited(0.2)
    with pytest.raises(SlurmError, match=r"did not answer within 0\.2 seconds"):
        list(impatient.lines(["squeue"]))
    fake_slurm.answers("scontrol", "")
    list(runner.lines(["scontrol"]))
    assert runner.commands_started == impatient.commands_started == {"squeue": 1, "scontrol": 1}
    runner.close()
    with pytest.raises(SlurmError, match="stopping"):
        list(impatient.lines(["scontrol"]))


def test_a_command_that_is_slow_to_begin_holds_up_neither_the_counts_nor_the_end(fake_slurm, monkeypatch, eventually):
    fake_slurm.hangs("squeue")
    begun, go_on = threading.Event(), threading.Event()
    popen = subprocess.Popen
    started, errors = [], []

    def slow(*arguments, **more):
        begun.set()
        go_on.wait(10)
        started.append(popen(*arguments, **more))
        return started[0]

    monkeypatch.setattr(subprocess, "Popen", slow)
    runner = SlurmRunner(60)

    def ask():
        try:
            list(runner.lines(["squeue"]))
        except Stopping as error:
            errors.append(str(error))

    thread = threading.Thread(target=ask, daemon=True)
    thread.start()
    assert begun.wait(5)
    assert runner.commands_started == {}
    runner.close()
    go_on.set()
    thread.join(5)
    assert errors == ["squeue was not run because the program is stopping"]
    eventually(lambda: not alive(started[0].pid))


def test_hidden_options_do_not_pass():
    environ = {
        "PATH": "/bin",
        "SQUEUE_STATES": "RUNNING",
        "SACCT_FORMAT": "x",
        "SLURM_CLUSTERS": "y",
        "LC_ALL": "de_DE",
    }
    assert slurm_environment({**environ, "SLURM_CONF": "/etc/x", "SLURM_JWT": "t"}) == {
        "PATH": "/bin",
        "SLURM_CONF": "/etc/x",
        "SLURM_JWT": "t",
        "LC_ALL": "C",
        "SLURM_TIME_FORMAT": "%s",
    }


def test_one_line_cuts_long_text():
    assert one_line("a\r\n\tb\u2028c") == "a b c"
    assert one_line("x" * 400) == "x" * 297 + "..."
