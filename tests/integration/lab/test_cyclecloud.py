"""CycleCloud's exporter lives under the very names that ours is promised under.

A look-alike stands in for it: the files that azure-slurm-exporter 0.2.0 leaves, where it leaves them, with a program
that answers on its port.
"""

from __future__ import annotations

import subprocess
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.integration.lab.support import ROOT, Lab, wait_until

Play = Callable[..., subprocess.CompletedProcess[str]]

LOOK_ALIKE = r"""
set -e
venv=/opt/azurehpc/slurm/venv
python3 -m venv $venv
package=$($venv/bin/python -c 'import site; print(site.getsitepackages()[0])')/exporter
mkdir -p $package
touch $package/__init__.py
cat >$package/main.py <<'PYTHON'
import http.server


class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        self.end_headers()
        self.wfile.write(b"azslurm_partition_info 1\n")


def main():
    http.server.HTTPServer(("0.0.0.0", 9101), Handler).serve_forever()
PYTHON
cat >$venv/bin/azslurm-exporter <<PYTHON
#!$venv/bin/python
import sys
from exporter.main import main
if __name__ == "__main__":
    sys.exit(main())
PYTHON
chmod 755 $venv/bin/azslurm-exporter
cat >/etc/systemd/system/azslurm-exporter.service <<UNIT
[Unit]
Description=AzSlurm Exporter Daemon
After=network.target

[Service]
ExecStart=$venv/bin/azslurm-exporter
Restart=always
User=root
Group=root
Environment="PATH=$venv/bin:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
Environment="AZSLURM_EXPORTER_PORT=9101"

[Install]
WantedBy=multi-user.target
UNIT
systemctl daemon-reload
systemctl enable --quiet --now azslurm-exporter
"""
REMOVE_LOOK_ALIKE = """
systemctl disable --quiet --now azslurm-exporter
rm -rf /etc/systemd/system/azslurm-exporter.service /opt/azurehpc/slurm/venv
systemctl daemon-reload
"""
# Everything of CycleCloud's: the unit and the whole environment. Python's own caches come and go.
FINGERPRINT = """
find /etc/systemd/system/azslurm-exporter.service /opt/azurehpc/slurm/venv ! -xtype d ! -name '*.pyc' -print0 |
  sort -z | xargs -0 -n 1 sh -c 'echo "$0 $(readlink "$0") $(stat -L -c %a "$0") $(sha256sum <"$0")"'
"""
PLAYBOOK = """
- name: Run the exporter's role alone
  hosts: slurm_controller
  gather_facts: false
  become: true
  roles:
    - role: slurm.observability.slurm_exporter
"""


@pytest.fixture
def play(lab: Lab) -> Iterator[Play]:
    """Runs the role with the given variables."""
    with tempfile.TemporaryDirectory() as folder:
        inventory, playbook = Path(folder, "inventory.yml"), Path(folder, "playbook.yml")
        inventory.write_text(lab.lab("inventory"))
        playbook.write_text(PLAYBOOK)

        def run(**variables: str) -> subprocess.CompletedProcess[str]:
            extra = [f"--extra-vars={name}={value}" for name, value in variables.items()]
            return subprocess.run(
                ["ansible-playbook", "--inventory", str(inventory), str(playbook), *extra],
                cwd=ROOT,
                capture_output=True,
                text=True,
                timeout=300,
            )

        yield run


@pytest.fixture
def look_alike(lab: Lab, play: Play) -> Iterator[None]:
    """CycleCloud's exporter in the place of ours; afterwards ours again."""
    assert play(slurm_exporter_state="absent").returncode == 0
    lab.run("head", LOOK_ALIKE)
    yield
    play(slurm_exporter_state="absent")
    lab.run("head", REMOVE_LOOK_ALIKE)
    assert play().returncode == 0


def answers(lab: Lab, url: str) -> bool:
    return lab.run("head", f"curl --silent --fail {url} >/dev/null && echo yes || echo no").strip() == "yes"


@pytest.mark.usefixtures("look_alike")
def test_cyclecloud_s_exporter_is_left_alone_replaced_when_told_to_and_put_back(lab: Lab, play: Play) -> None:
    before = lab.run("head", FINGERPRINT)

    refused = play()
    assert refused.returncode != 0
    assert "another exporter, most likely that of Azure CycleCloud (port 9101), owns" in refused.stdout + refused.stderr
    assert "changed=0" in refused.stdout
    assert lab.run("head", FINGERPRINT) == before

    replaced = play(slurm_exporter_replace_cyclecloud="true")
    assert replaced.returncode == 0, replaced.stdout
    assert answers(lab, "http://localhost:9500/-/healthy")
    assert not answers(lab, "http://localhost:9101/")
    again = play(slurm_exporter_replace_cyclecloud="true")
    assert "changed=0" in again.stdout, again.stdout

    removed = play(slurm_exporter_state="absent")
    assert removed.returncode == 0, removed.stdout
    assert lab.run("head", FINGERPRINT) == before
    wait_until("CycleCloud's exporter answers again", lambda: answers(lab, "http://localhost:9101/"), 20)
