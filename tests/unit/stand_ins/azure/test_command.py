"""The stand-in as a process of its own."""

from __future__ import annotations

import os
import shlex
import signal
import subprocess
import sys
from pathlib import Path

from tests.unit.stand_ins.azure.conftest import REPOSITORY

ASK = """
import sys, urllib.error, urllib.request
try:
    urllib.request.urlopen(sys.argv[1], sys.argv[2].encode(), timeout=10)
except urllib.error.HTTPError as error:
    print(error.code, error.read().decode())
"""


def test_it_prints_the_environment_that_leads_to_it(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "tests.stand_ins.azure", "--directory", str(tmp_path)]
    with subprocess.Popen(command, cwd=REPOSITORY, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout
        lines = []
        for line in process.stdout:
            lines.append(line)
            if line.startswith("# workspace"):
                break
        exported = dict(shlex.split(line)[1].split("=", 1) for line in lines if line.startswith("export"))
        body = f"grant_type=client_credentials&client_id={exported['AZURE_CLIENT_ID']}&client_secret=wrong"
        url = f"{exported['AZURE_AUTHORITY_HOST']}/{exported['AZURE_TENANT']}/oauth2/v2.0/token"
        ask = [sys.executable, "-c", ASK, url, body]
        answer = subprocess.run(ask, env={**os.environ, **exported}, capture_output=True, text=True, timeout=20)
        process.send_signal(signal.SIGTERM)
    assert "stand-in" in lines[0].lower()
    assert answer.stdout.startswith("401 ")
    assert "AADSTS7000215" in answer.stdout
    assert process.returncode == 0
