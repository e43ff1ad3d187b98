"""Says whether the Azure Monitor Agent works on this host.

    python3 probe.py SETTINGS

SETTINGS is a JSON object: "services", "journal_services", "files" (patterns by source of the log catalogue) and
"rules_expected". Prints a JSON object of two lists of sentences: "problems", and "notes" on what may be in order.
Python 3.6 and its standard library are enough.
"""

import datetime
import glob
import json
import os
import re
import subprocess
import sys
import time
from pathlib import Path

ERROR_LOG = Path("/var/opt/microsoft/azuremonitoragent/log/mdsd.err")
FLUENT_BIT_CONFIGURATION = Path("/etc/opt/microsoft/azuremonitoragent/config-cache/fluentbit/td-agent.conf")
MAIN_SERVICE, LAUNCHER = "azuremonitoragent", "azuremonitor-agentlauncher"
# Errors pass: an upload fails and is tried again. These have not.
RECENT_SECONDS = 600
DATED = re.compile(r"(\d{4}-\d\d-\d\d)[T ](\d\d:\d\d:\d\d)")


def show(service, name):
    """A property of a service."""
    command = ["systemctl", "show", f"--property={name}", service]
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, check=False)
    return done.stdout.decode().strip().partition("=")[2]


def started(service):
    """When a service was started, in seconds since the epoch."""
    monotonic = show(service, "ActiveEnterTimestampMonotonic") or "0"
    return time.time() - time.clock_gettime(time.CLOCK_MONOTONIC) + int(monotonic) / 1e6


def of_services(services):
    """Services that do not run."""
    for service in services:
        state = show(service, "ActiveState")
        if state != "active":
            yield f"{service}.service is {state or 'unknown'}, see journalctl -u {service}"


def errors_since(path, moment):
    """The lines of the agent's error log since a moment. A line without a date belongs to the one before it."""
    lines, counts = [], False
    try:
        with path.open(errors="replace") as file:
            for line in file:
                date = DATED.match(line)
                if date:
                    told = datetime.datetime.strptime(" ".join(date.groups()), "%Y-%m-%d %H:%M:%S")
                    counts = told.replace(tzinfo=datetime.timezone.utc).timestamp() >= moment
                # The agent notes its own starts and ends here, too.
                if counts and line.strip() and "[DAEMON]" not in line:
                    lines.append(line.strip())
    except FileNotFoundError:
        pass
    return lines


def of_errors():
    """How much the agent wrote into its error log since its start, and the last of it; and whether it is recent."""
    since = started(MAIN_SERVICE)
    lines = errors_since(ERROR_LOG, since)
    if lines:
        recent = bool(errors_since(ERROR_LOG, max(since, time.time() - RECENT_SECONDS)))
        yield recent, f"{len(lines)} lines in {ERROR_LOG} since the agent's start, the last: {lines[-1][:300]}"


def followed():
    """The patterns that the agent's fluent-bit was given."""
    try:
        text = FLUENT_BIT_CONFIGURATION.read_text(errors="replace")
    except FileNotFoundError:
        return set()
    paths = re.findall(r"^\s*Path\s+(\S.*?)\s*$", text, re.MULTILINE | re.IGNORECASE)
    return {part.strip() for path in paths for part in path.split(",")}


def of_rules(files):
    """Sources that the agent was not told to read."""
    known = followed()
    for source, patterns in files.items():
        if not known.intersection(patterns):
            yield f"the agent has no rule for {source} (yet): look at the host's associations"


def readable(path, user):
    """Whether a user may read a file."""
    if user in ("", "root"):
        return os.access(path, os.R_OK)
    return subprocess.run(["runuser", "-u", user, "--", "test", "-r", path], check=False).returncode == 0


def of_files(files):
    """Files that the agent cannot read, and sources that have none: whether that is a problem, and what it is."""
    user = show(LAUNCHER, "User")
    for source, patterns in files.items():
        found = [path for pattern in patterns for path in glob.glob(pattern) if os.path.isfile(path)]  # noqa: PTH113, PTH207
        if not found:
            yield False, f"{source} has no file here ({', '.join(patterns)})"
        for path in found:
            if not readable(path, user):
                yield True, f"{path} cannot be read by the agent's user {user or 'root'}"


def main(settings):
    """Look at everything; print what was found."""
    findings = [(True, text) for text in of_services([*settings["services"], *settings["journal_services"]])]
    findings += of_errors()
    findings += [(settings["rules_expected"], text) for text in of_rules(settings["files"])]
    findings += of_files(settings["files"])
    report = {"problems": [text for bad, text in findings if bad], "notes": [text for bad, text in findings if not bad]}
    print(json.dumps(report))


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    main(json.loads(sys.argv[1]))
