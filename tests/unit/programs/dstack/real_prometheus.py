"""A real Prometheus on loopback, of a program that is named."""

from __future__ import annotations

import json
import socket
import subprocess
import urllib.parse
import urllib.request
from pathlib import Path
from typing import Any


class RealPrometheus:
    """Scrapes and evaluates once a second, within a ``with`` block. Its files lie in ``directory``."""

    def __init__(self, program: Path, directory: Path, jobs: list[dict[str, Any]], rules: dict[str, Any]) -> None:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self._address = f"127.0.0.1:{probe.getsockname()[1]}"
        self._program, self._directory = program, directory
        (directory / "rules.yml").write_text(json.dumps(rules))
        configuration = {
            "global": {"scrape_interval": "1s", "evaluation_interval": "1s"},
            "rule_files": ["rules.yml"],
            "scrape_configs": jobs,
        }
        (directory / "prometheus.yml").write_text(json.dumps(configuration))

    def __enter__(self) -> RealPrometheus:
        options = {"config.file": "prometheus.yml", "web.listen-address": self._address, "storage.tsdb.path": "data"}
        with (self._directory / "prometheus.log").open("wb") as log:
            self._process = subprocess.Popen(
                [self._program, *(f"--{name}={value}" for name, value in options.items())],
                cwd=self._directory,
                stdout=log,
                stderr=subprocess.STDOUT,
            )
        return self

    def __exit__(self, *exception: object) -> None:
        self._process.terminate()
        self._process.wait(30)

    def ask(self, query: str) -> dict[tuple[str, ...], float]:
        """Return the values of a query by the values of their labels; none while Prometheus does not answer yet."""
        url = f"http://{self._address}/api/v1/query?{urllib.parse.urlencode({'query': query})}"
        try:
            with urllib.request.urlopen(url, timeout=10) as answer:
                result = json.load(answer)["data"]["result"]
        except OSError:
            return {}
        return {tuple(one["metric"].values()): float(one["value"][1]) for one in result}
