"""What cannot work is refused in one sentence, before anything on a host was changed."""

from __future__ import annotations

import json
import os
import subprocess
import threading
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
import yaml

from tests.integration.lab.support import ROOT, Lab

# Which files there are and when each was written. A directory's own time says only that a scratch file came and went.
FINGERPRINT = """
find /opt /etc/systemd/system /etc/prometheus /usr/local/bin \\( -type f -printf '%p %T@\\n' \\) -o -printf '%p %l\\n' |
sort | sha256sum
"""
# The facts that the roles ask for.
DEBIAN = {
    "architecture": "x86_64",
    "distribution": "Debian",
    "distribution_version": "13.1",
    "distribution_major_version": "13",
    "os_family": "Debian",
    "service_mgr": "systemd",
}


class Playbook:
    """Runs playbooks of this clone on the lab, with facts of its own choosing where a test needs other hosts."""

    def __init__(self, inventory: Path, facts: Path) -> None:
        self._inventory = inventory
        self._facts = facts

    def pretend(self, host: str, **facts: str) -> None:
        """Make Ansible believe that a host is like node1 but for these facts. Facts that are known are not gathered."""
        known = {f"ansible_{name}": fact for name, fact in (DEBIAN | facts).items()}
        # The form in which ansible-core 2.19 keeps a cached fact.
        (self._facts / f"s1_{host}").write_text(json.dumps({"__payload__": json.dumps(known)}))

    def run(self, name: str, extra_vars: Mapping[str, object] | None = None, inventory: Path | None = None) -> str:
        """Run a playbook that has to fail; return what it printed."""
        command = ["ansible-playbook", "-i", str(inventory or self._inventory), name]
        command += ["-e", json.dumps({"enable_observability": True, **(extra_vars or {})})]
        environment = os.environ | {
            "ANSIBLE_FORCE_COLOR": "false",  # molecule asks for colours, which stand inside sentences
            "ANSIBLE_CACHE_PLUGIN": "jsonfile",
            "ANSIBLE_CACHE_PLUGIN_CONNECTION": str(self._facts),
        }
        done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=300)
        assert done.returncode != 0, f"{name} was not refused:\n{done.stdout}"
        return " ".join(done.stdout.split())


@pytest.fixture
def playbook(lab: Lab, tmp_path: Path) -> Playbook:
    inventory = tmp_path / "inventory.yml"
    inventory.write_text(lab.lab("inventory"))
    (tmp_path / "facts").mkdir()
    return Playbook(inventory, tmp_path / "facts")


@pytest.fixture(autouse=True)
def nothing_changes(lab: Lab) -> Iterator[None]:
    """No test here may leave a trace on a machine."""
    before = {machine: lab.run(machine, FINGERPRINT) for machine in ("head", "node1", "node2")}
    yield
    assert before == {machine: lab.run(machine, FINGERPRINT) for machine in before}


@pytest.fixture
def tampering_mirror(lab: Lab, playbook: Playbook) -> Iterator[str]:
    """The lab's release mirror with one byte of each arm64 tarball changed; its list of checksums is left as it is."""
    variables = yaml.safe_load(lab.lab("inventory"))["all"]["vars"]
    mirror = variables["observability_mirror_url"]

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            try:
                with urllib.request.urlopen(mirror + self.path, timeout=30) as answer:
                    content = bytearray(answer.read())
            except urllib.error.HTTPError as error:
                self.send_error(error.code)
                return
            if self.path.endswith("linux-arm64.tar.gz"):
                content[len(content) // 2] ^= 1
            self.send_response(200)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *arguments: object) -> None:
            """Stay silent."""

    server = ThreadingHTTPServer((mirror.split("//")[1].split(":")[0], 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://{server.server_address[0]}:{server.server_port}"
    server.shutdown()
    server.server_close()


def test_a_changed_byte_is_seen_on_the_one_host_of_another_architecture(
    playbook: Playbook, tampering_mirror: str
) -> None:
    playbook.pretend("node2", architecture="aarch64")
    output = playbook.run("playbooks/compute.yml", {"observability_mirror_url": tampering_mirror})
    assert "(for aarch64) has the checksum" in output
    assert "nothing was installed" in output
    assert "node1 : ok=" in output and "failed=0" in output.split("node1 : ok=")[1].split("node2")[0]


def test_a_distribution_that_is_not_supported(playbook: Playbook) -> None:
    playbook.pretend(
        "node2", distribution="Gentoo", distribution_version="2.17", distribution_major_version="2", os_family="Gentoo"
    )
    output = playbook.run("site.yml")
    assert "Gentoo 2.17 is not supported (Debian 12 and 13, Ubuntu 22.04 and 24.04" in output


def test_a_mirror_in_a_file_system_is_looked_into(playbook: Playbook) -> None:
    mirror = {"observability_mirror_url": "file:///nowhere", "node_exporter_version": "9.9.9"}
    release = "file:///nowhere/prometheus/node_exporter/releases/download/v9.9.9"
    assert f"{release}/sha256sums.txt cannot be downloaded" in playbook.run("site.yml", mirror)


def test_an_inventory_without_a_controller(playbook: Playbook, tmp_path: Path) -> None:
    inventory = tmp_path / "no-controller.yml"
    inventory.write_text("slurm_cluster: {children: {slurm_compute: {hosts: {node1: }}}}\n")
    assert "The inventory has no controller: put the machine that runs slurmctld into the group slurm_controller" in (
        playbook.run("site.yml", inventory=inventory)
    )


@pytest.mark.parametrize(
    ("variable", "value", "sentence"),
    [
        ("enable_observability", "perhaps", "enable_observability is perhaps; it has to be true or false"),
        ("observability_mirror_url", "mirror.example", "an address that begins with https://, http:// or file://"),
        ("slurm_exporter_interval", 100000, "have to be from 1 to 86400 seconds"),
        ("prometheus_external_labels", "cluster", "'prometheus_external_labels' is of type str"),
        ("node_exporter_install_method", "magic", "value of node_exporter_install_method must be one of"),
    ],
)
def test_a_setting_of_the_wrong_kind(playbook: Playbook, variable: str, value: object, sentence: str) -> None:
    assert sentence in playbook.run("site.yml", {variable: value})
