# Copyright: slurm.observability contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the module systemd_unit decides to do, given what systemd says and what is on disk."""

from __future__ import annotations

import os
import time

import pytest
from ansible_collections.slurm.observability.plugins.modules import systemd_unit as module


def microseconds_ago(seconds):
    """Return a systemd monotonic time stamp of some seconds ago."""
    return str(int((time.clock_gettime(time.CLOCK_MONOTONIC) - seconds) * 1e6))


def running(**changes):
    """Return the properties of a service that was started 100 s ago and reloaded 50 s ago."""
    unit = {
        "Id": "demo.service",
        "LoadState": "loaded",
        "ActiveState": "active",
        "UnitFileState": "enabled",
        "NeedDaemonReload": "no",
        "FragmentPath": "",
        "DropInPaths": "",
        "ExecMainStartTimestampMonotonic": microseconds_ago(100),
        "StateChangeTimestampMonotonic": microseconds_ago(50),
    }
    return dict(unit, **changes)


@pytest.fixture
def file_of_age(tmp_path):
    def make(seconds, name="file"):
        path = tmp_path / name
        path.write_text("")
        os.utime(path, (time.time() - seconds,) * 2)
        return str(path)

    return make


def test_leaves_a_service_alone_that_is_younger_than_its_files(file_of_age):
    old = file_of_age(200)
    assert module.actions_to_start(running(FragmentPath=old), [old], [old]) == ([], "")


def test_restarts_after_a_file_that_changed_since_the_start(file_of_age):
    actions, reason = module.actions_to_start(running(), [file_of_age(70)], [])
    assert actions == ["restart"]
    assert "file is younger" in reason


@pytest.mark.parametrize("where", ["FragmentPath", "DropInPaths"])
def test_restarts_after_a_changed_unit_or_drop_in(file_of_age, where):
    unit = running(**{where: file_of_age(70), "NeedDaemonReload": "yes"})
    assert module.actions_to_start(unit, [], [])[0] == ["daemon-reload", "restart"]


@pytest.mark.parametrize(("loaded_before", "loaded_after"), [("", "site.conf"), ("site.conf", "")])
def test_restarts_after_a_drop_in_was_added_or_removed(tmp_path, monkeypatch, loaded_before, loaded_after):
    monkeypatch.setattr(module, "DROP_IN_ROOT", str(tmp_path))
    folder = tmp_path / "demo.service.d"
    folder.mkdir()
    if loaded_after:
        (folder / loaded_after).write_text("")
        os.utime(folder / loaded_after, (0, 0))  # copied with an old time: the directory tells
    os.utime(folder, (time.time() - 70,) * 2)
    before, after = (str(folder / name) if name else "" for name in (loaded_before, loaded_after))
    stale = running(NeedDaemonReload="yes", DropInPaths=before)
    assert module.actions_to_start(stale, [], [])[0] == ["daemon-reload", "restart"]
    # A run that broke off after the daemon-reload is made good by the next one.
    assert module.actions_to_start(running(DropInPaths=after), [], [])[0] == ["restart"]
    restarted = running(DropInPaths=after, ExecMainStartTimestampMonotonic=microseconds_ago(10))
    assert module.actions_to_start(restarted, [], []) == ([], "")


def test_a_timer_has_no_process_but_a_time_since_when_it_is_active(file_of_age):
    timer = running(ActiveEnterTimestampMonotonic=microseconds_ago(100))
    del timer["ExecMainStartTimestampMonotonic"]

    assert module.actions_to_start(timer, [file_of_age(200)], [])[0] == []
    assert module.actions_to_start(timer, [file_of_age(70)], [])[0] == ["restart"]


def test_reloads_only_after_what_changed_since_the_last_reload(file_of_age):
    assert module.actions_to_start(running(), [], [file_of_age(70)])[0] == []
    assert module.actions_to_start(running(), [], [file_of_age(20)])[0] == ["reload"]


def test_a_restart_makes_the_reload_unnecessary(file_of_age):
    young = file_of_age(20)
    assert module.actions_to_start(running(), [young], [young])[0] == ["restart"]


def test_looks_into_directories(file_of_age, tmp_path):
    file_of_age(20)
    os.utime(tmp_path, (0, 0))
    assert module.actions_to_start(running(), [], [str(tmp_path)])[0] == ["reload"]


def test_a_switched_link_counts_and_its_target_does_not(file_of_age, tmp_path):
    link = tmp_path / "link"
    link.symlink_to(file_of_age(200))
    assert module.actions_to_start(running(), [str(link)], [])[0] == ["restart"]
    os.utime(link, (0, 0), follow_symlinks=False)
    assert module.actions_to_start(running(), [str(link)], [])[0] == []


def test_passes_over_missing_files():
    assert module.actions_to_start(running(), ["/nonexistent/a"], ["/nonexistent/b"]) == ([], "")


@pytest.mark.parametrize(
    ("changes", "actions"),
    [
        (
            {"LoadState": "not-found", "ActiveState": "inactive", "UnitFileState": ""},
            ["daemon-reload", "enable", "start"],
        ),
        ({"ActiveState": "failed"}, ["start"]),
        ({"ActiveState": "activating"}, ["start"]),
        ({"UnitFileState": "disabled"}, ["enable"]),
        ({"UnitFileState": "static"}, []),
    ],
)
def test_brings_a_service_up(changes, actions):
    assert module.actions_to_start(running(**changes), [], [])[0] == actions


@pytest.mark.parametrize(
    ("changes", "actions"),
    [
        ({}, ["stop", "disable"]),
        ({"LoadState": "not-found", "ActiveState": "inactive", "UnitFileState": ""}, []),
        ({"ActiveState": "inactive", "UnitFileState": "disabled"}, []),
        ({"ActiveState": "failed"}, ["disable"]),
    ],
)
def test_takes_a_service_down(changes, actions):
    assert module.actions_to_stop(running(**changes)) == actions


def test_reads_what_systemctl_shows():
    text = "LoadState=loaded\nDropInPaths=/a=b /c\n\n"
    assert module.parse_properties(text) == {"LoadState": "loaded", "DropInPaths": "/a=b /c"}
