"""Hosts that are made up: the machine's own file system with layers of their own on it, and stand-ins of commands.

What runs on such a host sees the real paths. What it writes below /etc, /opt, /usr/local and /var lands in the layers,
which the tests look into, and which last from one command to the next.
"""

from __future__ import annotations

import json
import os
import re
import shlex
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[3]
LAYERED = ("/etc", "/opt", "/usr/local", "/var")
STAND_INS = Path(__file__).parent / "stand_ins"
PLAY_RECAP = re.compile(r"host\s+: ok=\d+\s+changed=(\d+)\s+unreachable=0\s+failed=(\d+)")


class MadeUpHost:
    """A host of some architecture and size of pages."""

    def __init__(self, home: Path, architecture: str = "aarch64", page_size: int = 65536) -> None:
        self.home = home
        self.services = home / "services"
        self.commands = home / "commands"
        for directory in (self.services, self.commands, *(home / part for part in ("layers", "work"))):
            directory.mkdir(parents=True)
        for path in LAYERED:
            self.layer(path).mkdir(parents=True)
            (home / "work" / path.strip("/")).mkdir(parents=True)
        self.command("uname", f'[ "$1" = -m ] && echo {architecture} || exec /bin/uname "$@"')
        self.command("getconf", f'[ "$1" = PAGESIZE ] && echo {page_size} || exec /usr/bin/getconf "$@"')
        self.command("rpm", "exit 1")
        self.package("")
        for stand_in in STAND_INS.iterdir():
            self.command(stand_in.stem, f'exec {sys.executable} {stand_in} "$@"')
        if self.run("true").returncode:
            pytest.skip("no layers can be mounted here")

    def layer(self, path: str) -> Path:
        """Where a path of the host is, if the host wrote it."""
        top = next(top for top in LAYERED if f"{path}/".startswith(f"{top}/"))
        return self.home / "layers" / top.strip("/") / path[len(top) :].strip("/")

    def command(self, name: str, script: str) -> None:
        """A command of the host, in shell."""
        path = self.commands / name
        path.write_text(f"#!/bin/sh\n{script}\n")
        path.chmod(0o755)

    def package(self, version: str) -> None:
        """The version of the agent's package, or no such package."""
        said = f"install ok installed/{version}"
        self.command("dpkg-query", f"echo '{said}'" if version else "exit 1")

    def write(self, path: str, text: str, mode: int = 0o644) -> Path:
        """A file of the host, replaced as package managers do."""
        file = self.layer(path)
        file.parent.mkdir(parents=True, exist_ok=True)
        scratch = file.with_name(f"{file.name}.unpacked")
        scratch.write_text(text)
        scratch.chmod(mode)
        scratch.replace(file)
        return file

    def run(self, *command: str, **environment: str) -> subprocess.CompletedProcess[str]:
        """Run a command on the host."""
        mounts = [
            f"mount -t overlay overlay -o lowerdir={path},upperdir={self.layer(path)},"
            f"workdir={self.home}/work/{path.strip('/')} {path}"
            for path in LAYERED
        ]
        script = " && ".join([*mounts, f"exec {shlex.join(command)}"])
        apart = ["--mount"] if os.geteuid() == 0 else ["--mount", "--map-root-user"]
        return subprocess.run(
            ["unshare", *apart, "sh", "-c", script],
            env={
                **os.environ,
                "PATH": f"{self.commands}:{os.environ['PATH']}",
                "SERVICES": str(self.services),
                **environment,
            },
            cwd=ROOT,
            capture_output=True,
            text=True,
            check=False,
            timeout=300,
        )

    def restarted(self) -> list[str]:
        """The services that were restarted since this was asked."""
        log = self.services / "restarted"
        names = log.read_text().split() if log.exists() else []
        log.unlink(missing_ok=True)
        return names

    def snapshot(self) -> dict[str, tuple[int, int, bytes]]:
        """Everything that the host wrote: inode, mode, content."""
        return {
            str(path): (path.lstat().st_ino, path.lstat().st_mode, path.read_bytes())
            for path in (self.home / "layers").rglob("*")
            if path.is_file()
        }

    def play(self, role: str, check: bool = False, **variables: Any) -> tuple[int, str]:
        """Run a role; return how many tasks changed something, or -1 where it failed, and what was said."""
        facts = {
            "architecture": "aarch64",
            "distribution": "Debian",
            "distribution_version": "12.1",
            "distribution_major_version": "12",
            "os_family": "Debian",
            "service_mgr": "systemd",
        }
        play = {
            "hosts": "host",
            "connection": "local",
            "gather_facts": False,
            "tasks": [
                {"name": "Know the host", "ansible.builtin.set_fact": {**facts, "cacheable": True}},
                {"name": "Run the role", "ansible.builtin.include_role": {"name": f"slurm.observability.{role}"}},
            ],
        }
        playbook, inventory = self.home / "play.yml", self.home / "hosts.ini"
        playbook.write_text(json.dumps([play]))
        inventory.write_text(f"host ansible_python_interpreter={sys.executable}\n")
        command = ["ansible-playbook", "-i", str(inventory), "-e", json.dumps(variables), str(playbook)]
        done = self.run(
            *command, *(["--check"] if check else []), ANSIBLE_NOCOLOR="1", ANSIBLE_DISPLAY_SKIPPED_HOSTS="0"
        )
        said = done.stdout + done.stderr
        recap = PLAY_RECAP.search(said)
        assert recap, said
        return (-1 if recap[2] != "0" else int(recap[1])), said
