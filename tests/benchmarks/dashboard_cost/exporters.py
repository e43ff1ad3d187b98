"""The exporters of the cluster, for Prometheus to scrape: one server with a page for each of them."""

from __future__ import annotations

import json
import threading
from collections import defaultdict
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from . import history
from .cluster import Cluster, Labels

# Labels that Prometheus gives to a target, not the exporter.
OF_THE_TARGET = ("job", "instance", "node", "partition")
Target = tuple[str, str]


def pages(cluster: Cluster, names: Iterable[str], now: int) -> tuple[dict[Target, bytes], dict[Target, Labels]]:
    """The page of each target, by scrape job and instance, and its labels."""
    lines: dict[Target, list[str]] = defaultdict(list)
    targets: dict[Target, Labels] = {}
    for name in sorted(names):
        for number, labels in enumerate(cluster.series(name)):
            key = (labels["job"], labels["instance"])
            of_target = key[0] != "slurm"
            targets[key] = {one: labels[one] for one in OF_THE_TARGET if of_target and one in labels}
            own = {one: value for one, value in labels.items() if not (of_target and one in OF_THE_TARGET)}
            own = {one: value for one, value in own.items() if one not in ("job", "instance")}
            lines[key].append(f"{history.text(name, own)} {history.value(name, number % history.PATTERNS)(now)}\n")
    return {key: "".join(found).encode() for key, found in lines.items()}, targets


@contextmanager
def serving(found: dict[Target, bytes]) -> Iterator[str]:
    """The address of the server; the page of a target is /JOB/INSTANCE."""
    by_path = {f"/{job}/{instance}": page for (job, instance), page in found.items()}

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            page = by_path.get(self.path, b"")
            self.send_response(200 if page else 404)
            self.send_header("Content-Type", "text/plain; version=0.0.4")
            self.send_header("Content-Length", str(len(page)))
            self.end_headers()
            self.wfile.write(page)

        def log_message(self, *_arguments: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()


def configuration(folder: Path, address: str, targets: dict[Target, Labels], rules: Path, interval: str) -> str:
    """Settings of a Prometheus that scrapes the targets and has the rules."""
    by_job: dict[str, list[dict[str, object]]] = defaultdict(list)
    for (job, instance), labels in targets.items():
        more = {"instance": instance, "__metrics_path__": f"/{job}/{instance}", **labels}
        by_job[job].append({"targets": [address], "labels": more})
    jobs = []
    for job, entries in by_job.items():
        path = folder / f"{job}.json"
        path.write_text(json.dumps(entries))
        jobs.append({"job_name": job, "file_sd_configs": [{"files": [str(path)]}]})
    return json.dumps(
        {
            "global": {"scrape_interval": interval, "evaluation_interval": interval},
            "rule_files": [str(rules / "*.yml")],
            "scrape_configs": jobs,
        }
    )
