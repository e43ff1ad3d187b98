"""The stand-in as a process of its own."""

from __future__ import annotations

import json
import os
import shlex
import signal
import subprocess
import sys
import urllib.request
from pathlib import Path

REPOSITORY = Path(__file__).parents[4]


def test_it_prints_the_environment_that_leads_to_it() -> None:
    command = [sys.executable, "-m", "tests.stand_ins.grafana", "--version", "11"]
    with subprocess.Popen(command, cwd=REPOSITORY, stdout=subprocess.PIPE, text=True, env=os.environ) as process:
        assert process.stdout
        lines = [process.stdout.readline() for _line in range(4)]
        exported = dict(shlex.split(line)[1].split("=", 1) for line in lines if line.startswith("export"))
        with urllib.request.urlopen(f"{exported['GRAFANA_URL']}/api/health", timeout=10) as response:
            health = json.load(response)
            server = response.headers["Server"]
        process.send_signal(signal.SIGTERM)
    assert "it is not Grafana" in lines[0] and "not Grafana" in server
    assert health["version"].startswith("11.")
    assert exported["GRAFANA_TOKEN"].startswith("glsa_")
    assert process.returncode == 0
