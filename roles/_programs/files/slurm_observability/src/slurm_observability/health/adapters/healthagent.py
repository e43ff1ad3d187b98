"""Azure's healthagent 2.0: what ``health -s`` prints.

The agent checks by itself, once a minute; ``health -s`` only says what it found last. It prints JSON: modules, in each
its checks, in each a ``status`` with ``message`` or ``description``. ``health -b`` has the same without the checks.
"""

from __future__ import annotations

from collections.abc import Iterator

from ..answers import Answer, json_object, mapping, text_of
from ..check import Check, Status, Unreadable

SOURCE = "healthagent"
PROGRAM = "/usr/bin/health"
ARGUMENTS = ("-s",)
# /usr/bin/health may be anybody's: this is the agent's own.
BELONGS_TO = "/opt/healthagent"

_STATUS = {"OK": Status.OK, "Warning": Status.WARNING, "Error": Status.CRITICAL}


def read(answer: Answer) -> Iterator[Check]:
    """Yield the checks of all modules."""
    if answer.exit_status != 0:
        raise Unreadable(f"health ended with exit status {answer.exit_status}: does healthagent.service run?")
    modules = json_object(answer.text)
    if not modules:
        raise Unreadable("healthagent has no check")
    for module, checks in modules.items():
        for name, check in mapping(checks).items():
            fields = mapping(check)
            said = text_of(fields.get("message")) or text_of(fields.get("description"))
            yield Check(module, name, _STATUS.get(text_of(fields.get("status")), Status.UNKNOWN), said)
