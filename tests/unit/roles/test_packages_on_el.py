"""Packages on EL: by dnf's own command, since Ansible's module needs a Python that EL 8 has not."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

TASKS = Path(__file__).parents[3] / "roles/_common/tasks"


def played(tmp_path: Path, tasks: str, *installed: str, **more: object) -> tuple[int, list[str]]:
    """Play tasks on a host with these packages; return how many changed something, and what dnf was told."""
    commands, log = tmp_path / "commands", tmp_path / "dnf.log"
    commands.mkdir()
    log.touch()
    known = " ".join(["", *installed, ""])
    scripts = {
        "rpm": f'shift; for name; do case "{known}" in *" $name "*) ;; *) exit 1 ;; esac; done',
        "dnf": f'echo "$*" >>{log}; case "$*" in *" /old.rpm") echo "Nothing to do." ;; esac',
    }
    for name, script in scripts.items():
        (commands / name).write_text(f"#!/bin/sh\n{script}\n")
        (commands / name).chmod(0o755)
    play = {
        "hosts": "localhost",
        "gather_facts": False,
        "vars": {
            "ansible_python_interpreter": sys.executable,
            "_common_packages": ["exporter", "core"],
            "_common_packages_are_files": False,
            "_common_package": {"RedHat": "exporter"},
            **more,
        },
        "tasks": [
            {"ansible.builtin.set_fact": {"os_family": "RedHat", "cacheable": True}},
            {"ansible.builtin.import_tasks": str(TASKS / tasks)},
        ],
    }
    (tmp_path / "play.yml").write_text(json.dumps([play]))
    done = subprocess.run(
        ["ansible-playbook", "-i", "localhost,", "-c", "local", tmp_path / "play.yml"],
        cwd=tmp_path,
        env={"PATH": f"{commands}:{Path(sys.executable).parent}:{os.environ['PATH']}", "HOME": str(tmp_path)},
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stdout
    return int(done.stdout.rpartition("changed=")[2].split()[0]), log.read_text().splitlines()


@pytest.mark.parametrize(
    ("tasks", "installed", "told"),
    [
        ("package.yml", ["core"], ["--assumeyes --setopt=install_weak_deps=False install exporter core"]),
        ("package.yml", ["core", "exporter"], []),
        ("remove_package.yml", ["core", "exporter"], ["--assumeyes --noautoremove remove exporter"]),
        ("remove_package.yml", ["core"], []),
    ],
)
def test_dnf_is_told_what_is_to_do_and_no_more(
    tmp_path: Path, tasks: str, installed: list[str], told: list[str]
) -> None:
    assert played(tmp_path, tasks, *installed) == (len(told), told)


@pytest.mark.parametrize(("path", "changed"), [("/new.rpm", 1), ("/old.rpm", 0)])
def test_a_file_that_is_installed_already_changes_nothing(tmp_path: Path, path: str, changed: int) -> None:
    told = [f"--assumeyes --setopt=install_weak_deps=False --nogpgcheck install {path}"]
    assert played(tmp_path, "package.yml", _common_packages=[path], _common_packages_are_files=True) == (changed, told)
