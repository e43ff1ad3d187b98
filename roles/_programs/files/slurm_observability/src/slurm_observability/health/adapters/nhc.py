"""LBNL Node Health Check 1.4.3, and Azure's AzNHC, whose checks run in it: what they print and log.

NHC is run. AzNHC loads the GPUs for minutes: whoever starts it does so between jobs, and its log is read.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from ..answers import Answer
from ..check import Check, Status, Unreadable

SOURCE = "nhc"
PROGRAM = "nhc"
# All checks, named one by one, to standard output. Nothing of the site's settings may make this look drain or resume
# the node, or start in the background.
ARGUMENTS = ("-a", "-v", "-l", "-", "MARK_OFFLINE=0", "OFFLINE_NODE=:", "ONLINE_NODE=:", "DETACHED_MODE=0")

AZNHC = "aznhc"

_RUNNING = re.compile(r'(?:\[\d{1,9}\] - )?Running check:  "(\w{1,80})[ "]')
_SAID = re.compile(
    r"(?:\[\d{1,9}\] - )?(?:(?P<failed>ERROR:  \S+  Health check failed:)"
    r"|(?P<warned>WARNING:  \S+  Nearing a failure threshold:)|SUCCESS:  \S+  Health check passed:)  (?P<message>.*)"
)
_NAME = re.compile(r"(\w{1,80})[: ]")
_AZNHC_BEGINS = "VM Meta Data"
_AZNHC_ENDED = re.compile(r"^Health checks completed with exit code: (\d{1,3})\.$", re.MULTILINE)


def read(answer: Answer) -> Iterator[Check]:
    """Yield the checks that NHC ran. One that is a variable of the configuration, and no check, is left out."""
    failed = ran = False
    current = ""
    for line in answer.text.splitlines():
        if running := _RUNNING.match(line):
            current = running[1] if running[1] != "export" else ""
            if current:
                ran = True
                yield Check(SOURCE, current, Status.OK)
        elif (said := _SAID.fullmatch(line)) and said["failed"]:
            failed = True
            yield Check(SOURCE, current or _name(said["message"]), Status.CRITICAL, said["message"])
    if answer.exit_status != 0 and not failed:
        raise Unreadable(f"nhc ended with exit status {answer.exit_status}, and named no check that failed")
    if not ran and not failed:
        raise Unreadable("nhc ran no check: has it an /etc/nhc/nhc.conf?")


def read_aznhc(log: str) -> Iterator[Check]:
    """Yield the checks of AzNHC's last run, out of its log. Raises Unreadable for a run that has not ended."""
    last = log.rpartition(_AZNHC_BEGINS)[2]
    ended = _AZNHC_ENDED.search(last)
    if ended is None:
        raise Unreadable("the last run in AzNHC's log has no end: it runs, or was killed")
    found = [said for line in last.splitlines() if (said := _SAID.fullmatch(line))]
    failed = any(said["failed"] for said in found)
    if not found or failed != (int(ended[1]) != 0):
        raise Unreadable(f"AzNHC ended with exit code {ended[1]}, and its log does not say why")
    for said in found:
        status = Status.CRITICAL if said["failed"] else Status.WARNING if said["warned"] else Status.OK
        yield Check(AZNHC, _name(said["message"]), status, said["message"])


def _name(message: str) -> str:
    """Return the check's name, with which its message begins."""
    name = _NAME.match(message)
    return name[1] if name else "unnamed"
