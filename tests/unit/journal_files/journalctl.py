"""A stand-in for journalctl: entries are the lines of the file JOURNAL, each with the cursor of its place.

It knows what the program asks for, follows the file as journalctl does the journal, and refuses anything else.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import time
from pathlib import Path

parser = argparse.ArgumentParser()
for flag in ("--quiet", "--follow", "--no-tail", "--all"):
    parser.add_argument(flag, action="store_true", required=True)
parser.add_argument("--output", choices=["json"], required=True)
parser.add_argument("--output-fields", required=True)
begin = parser.add_mutually_exclusive_group(required=True)
begin.add_argument("--after-cursor")
begin.add_argument("--boot", action="store_true")
parser.add_argument("matches", nargs="*")
options = parser.parse_args()

fields = {"__CURSOR", "__REALTIME_TIMESTAMP", *options.output_fields.split(",")}
wanted = dict(match.split("=", 1) for match in options.matches)
shown = int(options.after_cursor) if options.after_cursor else 0
while os.getppid() != 1:
    lines = Path(os.environ["JOURNAL"]).read_text().splitlines()
    for number, line in enumerate(lines[shown:], shown + 1):
        entry = {"__CURSOR": str(number), **json.loads(line)}
        if wanted.items() <= entry.items():
            print(json.dumps({key: value for key, value in entry.items() if key in fields}), flush=True)
    if lines[shown:] and json.loads(lines[-1]).get("MESSAGE") == "the end":
        sys.exit(3)
    shown = len(lines)
    time.sleep(0.01)
