"""scontrol ping, as Slurm 22.05, 24.11 and 26.05 print it."""

from __future__ import annotations

import pytest
from slurm_observability.slurm.command import SlurmError, SlurmRunner
from slurm_observability.slurm.controllers import Controller, read_controllers

BANNER = (
    "*****************************************\n"
    "** RESTORE SLURMCTLD DAEMON TO SERVICE **\n"
    "*****************************************\n"
)


def read(fake_slurm, text, status=0, timeout=5.0):
    fake_slurm.does("scontrol", f"cat <<'EOT'\n{text}EOT\nexit {status}")
    return read_controllers(SlurmRunner(timeout))


def test_one_controller(fake_slurm):
    found = read(fake_slurm, "Slurmctld(primary) at head is UP\n")
    assert found.controllers == (Controller("head", "primary", True),)
    assert found.in_control == found.controllers[0]
    assert fake_slurm.calls("scontrol") == ["ping"]


def test_with_one_backup_the_first_that_answers_is_in_control(fake_slurm):
    text = f"Slurmctld(primary) at head.example is DOWN\nSlurmctld(backup) at spare is UP\n{BANNER}"
    assert read(fake_slurm, text).in_control == Controller("spare", "backup", True)


def test_a_controller_that_is_there_twice_counts_once(fake_slurm):
    text = "Slurmctld(primary) at head is UP\nSlurmctld(primary) at head is DOWN\n"
    assert read(fake_slurm, text).controllers == (Controller("head", "primary", True),)


def test_with_more_backups(fake_slurm):
    text = (
        "Slurmctld(primary) at a is DOWN\nSlurmctld(backup1) at b is DOWN\n"
        "Slurmctld(backup2) at c is UP\nSlurmctld(backup3) at d is UP\n"
    )
    found = read(fake_slurm, text)
    assert [each.role for each in found.controllers] == ["primary", "backup1", "backup2", "backup3"]
    assert found.in_control.name == "c"


def test_nobody_up_is_an_answer_although_scontrol_fails(fake_slurm):
    found = read(fake_slurm, f"Slurmctld(primary) at head is DOWN\nSlurmctld(backup) at spare is DOWN\n{BANNER}", 1)
    assert len(found.controllers) == 2 and found.in_control is None


def test_a_failure_without_controllers_is_told(fake_slurm):
    with pytest.raises(SlurmError, match="exit status 1: it gave no reason"):
        read(fake_slurm, "", 1)
    with pytest.raises(SlurmError, match="names no controller"):
        read(fake_slurm, "Slurmctld(other) at head is UP\nsomething else\n")


def test_a_ping_that_was_cut_short_is_no_answer(fake_slurm):
    fake_slurm.does("scontrol", "echo 'Slurmctld(primary) at a is UP'; exec sleep 600")
    with pytest.raises(SlurmError, match="did not answer"):
        read_controllers(SlurmRunner(0.3))
