"""The configuration that the role prometheus writes, of its own template and variables."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).parents[3]
ROLE = ROOT / "roles/prometheus"


def scrape_jobs(directory: Path, inventory: dict[str, Any] | None = None, **variables: Any) -> dict[str, Any]:
    """Return the scrape jobs by name, for the host ``head`` and a site's variables."""
    written = directory / "prometheus.yml"
    playbook = [
        {
            "hosts": "head",
            "gather_facts": False,
            "vars_files": [str(ROLE / "defaults/main.yml"), *map(str, sorted((ROLE / "vars/main").glob("*.yml")))],
            "tasks": [
                {"ansible.builtin.template": {"src": str(ROLE / "templates/prometheus.yml.j2"), "dest": str(written)}}
            ],
        }
    ]
    groups = inventory or {"slurm_controller": {"hosts": {"head": {}}}}
    here = {"ansible_connection": "local", "ansible_python_interpreter": sys.executable}
    (directory / "play.yml").write_text(json.dumps(playbook))
    (directory / "inventory.yml").write_text(json.dumps({"all": {"children": groups, "vars": here}}))
    done = subprocess.run(
        [
            "ansible-playbook",
            "-i",
            str(directory / "inventory.yml"),
            "-e",
            json.dumps(variables),
            directory / "play.yml",
        ],
        cwd=ROOT,
        env={"PATH": os.environ["PATH"], "HOME": str(directory)},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return {job["job_name"]: job for job in yaml.safe_load(written.read_text())["scrape_configs"]}
