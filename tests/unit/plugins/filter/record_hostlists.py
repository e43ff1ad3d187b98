"""Makes hostlists, and records what a real scontrol (23.02 or newer: it knows suffixes) says about them.

tests/unit/plugins/filter/record_hostlists.py > tests/unit/plugins/filter/fixtures/hostlists.json
"""

from __future__ import annotations

import json
import os
import random
import re
import subprocess
import sys
import tempfile
from pathlib import Path


def hostlists(count: int, seed: int) -> list[str]:
    """Return well-formed hostlists: several brackets, padding, suffixes, repeated names; the same for the same seed."""
    chance = random.Random(seed)

    def bracket() -> str:
        ranges = []
        for _each in range(chance.randint(1, 3)):
            low, width = chance.choice([0, 1, 2, 8, 9, 98, 99, 100, 998]), chance.randint(1, 4)
            high = low + chance.choice([0, 0, 1, 2, 5])
            text = f"{low:0{width}d}"
            ranges.append(text if high == low else f"{text}-{high:0{chance.choice([1, width])}d}")
        return f"[{','.join(ranges)}]"

    def name() -> str:
        text = chance.choice(["n", "gpu-", "rack", "c0", "", "a.b-"])
        for _each in range(chance.choice([0, 1, 1, 1, 2, 3, 4])):
            text += bracket() + chance.choice(["", "-ib", "n", "x.y", "0"])
        return text or chance.choice(["login", "7", "n007", "head-1-a"])

    return [
        chance.choice([",", ",", " ", "\n"]).join(name() for _each in range(chance.randint(1, 3)))
        for _n in range(count)
    ]


def host_names(count: int, seed: int) -> list[list[str]]:
    """Return lists of host names: neighbours and gaps, mixed padding and prefixes; the same for the same seed."""
    chance = random.Random(seed)
    lists = []
    for _each in range(count):
        names = []
        for _run in range(chance.randint(1, 4)):
            prefix, suffix = chance.choice(["n", "n", "a1b", "", "gpu-"]), chance.choice(["", "", "", "-ib"])
            start, width = chance.choice([0, 1, 8, 9, 10, 98, 99, 998]), chance.randint(1, 4)
            numbers = [start + step for step in range(chance.randint(1, 4))]
            if chance.random() < 0.2:
                chance.shuffle(numbers)
            names += [f"{prefix}{number:0{width}d}{suffix}" for number in numbers]
        lists.append(names)
    return lists


def scontrol(*words: str) -> subprocess.CompletedProcess:
    """Run scontrol with a configuration of its own; no daemon is asked."""
    with tempfile.TemporaryDirectory() as folder:
        config = Path(folder, "slurm.conf")
        config.write_text("ClusterName=corpus\nSlurmctldHost=localhost\n")
        environment = {**os.environ, "SLURM_CONF": str(config), "LC_ALL": "C.UTF-8"}
        return subprocess.run(["scontrol", *words], env=environment, capture_output=True, text=True, check=True)


def ask_scontrol(word: str, text: str) -> str:
    """Return what ``scontrol show hostnames|hostlist`` prints."""
    return scontrol("show", word, text).stdout.removesuffix("\n")


def scontrol_version() -> tuple[int, int]:
    """Return the year and month of the Slurm release on this machine."""
    year, month = re.search(r"(\d+)\.(\d+)", scontrol("--version").stdout).groups()
    return int(year), int(month)


def main() -> None:
    """Print the recording."""
    hostnames = ((text, ask_scontrol("hostnames", text).split("\n")) for text in hostlists(300, seed=1))
    hostlist = ((names, ask_scontrol("hostlist", ",".join(names))) for names in host_names(60, seed=2))
    recording = {
        "recorded_from": "Slurm {}.{:02d}".format(*scontrol_version()),
        "hostnames": [pair for pair in hostnames if len(pair[1]) <= 24],
        "hostlist": list(hostlist),
    }
    json.dump(recording, sys.stdout, separators=(",", ":"))
    print()


if __name__ == "__main__":
    main()
