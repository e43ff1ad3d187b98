"""Every query about GPUs, jobs, nodes and links gives data, and every variable a value, by the rules that ship.

promtool evaluates the rules and asks the queries; without one the test is skipped.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from dashboards.house import build, uids
from tests.unit.dashboards import cluster, known
from tests.unit.dashboards.document import Json, expressions, values_found

ROOT = Path(__file__).parents[3]
ASKED = (uids.GPUS, uids.GPU_HEALTH, uids.HEALTH_CHECKS, uids.JOB, uids.NODE, uids.FABRIC, uids.WASTE)
VALUES = {
    "__rate_interval": "2m",
    "__range": cluster.END,
    "partition": ".*",
    "job_id": "7",
    "node": "n2",
    "price": "2",
}


def _promtool() -> str | None:
    named = os.environ.get("PROMTOOL", "").split()[:1]
    unpacked = [str(path) for path in [ROOT / ".cache/promtool/usr/bin/promtool"] if path.exists()]
    return next(iter([*named, *filter(None, [shutil.which("promtool")]), *unpacked]), None)


@pytest.mark.skipif(_promtool() is None, reason="there is no promtool; tests/rules/run fetches one")
def test_every_query_gives_data(tmp_path: Path) -> None:
    documents = build.documents()
    asked = sorted({query for uid in ASKED for query in _asked(documents[uid])})
    test = {
        "rule_files": [str(path) for path in sorted(known.RULES.glob("*.yml"))],
        "evaluation_interval": "30s",
        "tests": [
            {
                "interval": "30s",
                "input_series": list(cluster.series()),
                "promql_expr_test": [
                    {
                        # 1 where there is any: how much it is does not matter here.
                        "expr": f"count({query}) > bool 0",
                        "eval_time": cluster.END,
                        "exp_samples": [{"labels": "{}", "value": 1}],
                    }
                    for query in asked
                ],
            }
        ],
    }
    path = tmp_path / "answers.yml"
    path.write_text(json.dumps(test))  # JSON is YAML
    ran = subprocess.run([str(_promtool()), "test", "rules", str(path)], capture_output=True, text=True, check=False)
    assert ran.returncode == 0, ran.stdout + ran.stderr
    assert asked


def _asked(document: Json) -> list[str]:
    queries = [query for _, query in expressions(document)]
    queries += [f'{metric}{{{label}!=""}}' for _, metric, label in values_found(document)]
    return [
        re.sub(r"\$\{?(\w+)\}?", lambda found: VALUES[found[1]] if found[1] in VALUES else found[0], query)
        for query in queries
    ]
