"""playbooks/remove.yml takes away what site.yml brought, and nothing else. Runs last: molecule then ends the lab."""

from __future__ import annotations

import subprocess
from pathlib import Path

from tests.integration.lab.support import ROOT, Lab, lab_name

MACHINES = ("head", "node1", "node2")
UNITS = (
    *("prometheus", "alertmanager", "azslurm-exporter", "node_exporter", "job-observability", "job-agent"),
    *("nvidia-dcgm-exporter", "grafana-server", "node-health.timer"),
)
# Everything but directories in the places that the documentation names.
LEFT = """
find /opt /usr/local/bin /etc/prometheus /etc/alertmanager /etc/node_exporter /var/lib/node_exporter \\
     /etc/grafana /etc/job-observability /etc/job-agent /etc/dcgm-exporter /etc/slurm-observability \\
     /var/lib/job-agent /etc/node-health /var/lib/node-health ! -type d 2>/dev/null
find /etc/systemd/system /etc/default -name 'prometheus*' -o -name 'alertmanager*' -o -name 'azslurm*' \\
     -o -name 'node_exporter*' -o -name 'job-*' -o -name 'nvidia-dcgm-exporter*' -o -name 'grafana*' \\
     -o -name 'node-health*'
find /etc/slurm -name '*observability*'
"""


def test_everything_goes_but_what_was_measured_and_what_the_site_had(tmp_path: Path) -> None:
    lab = Lab(lab_name())
    inventory = tmp_path / "inventory.yml"
    inventory.write_text(lab.lab("inventory"))
    lab.run("node1", "mkdir -p /srv/textfiles && touch /srv/textfiles/of_the_site.prom")

    command = ["ansible-playbook", "-i", str(inventory), "playbooks/remove.yml"]
    command += ["-e", "node_exporter_textfile_directory=/srv/textfiles"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=600)
    assert done.returncode == 0, done.stdout

    left = {machine: lab.run(machine, LEFT).split() for machine in MACHINES}
    of_head = {"/opt/azurehpc/slurm/cluster_deploy_time", "/etc/grafana/secrets/secret_key"}
    assert (set(left["head"]), left["node1"], left["node2"]) == (of_head, [], [])
    for machine in MACHINES:
        running = lab.run(machine, f"systemctl is-active {' '.join(UNITS)} || true")
        assert set(running.split()) == {"inactive"}, (machine, running)
    assert lab.run("head", "ls /var/lib/prometheus/wal /var/lib/alertmanager").split()
    assert lab.run("head", "ls /var/lib/job-observability /var/lib/grafana/grafana.db").split()
    assert "observability" not in lab.run("head", "scontrol show config")
    assert lab.run("node1", "ls /srv/textfiles").split() == ["of_the_site.prom"]
