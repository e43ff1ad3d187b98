"""DCGM 4: what ``dcgmi health --check --json`` prints of the watches of the group of all GPUs.

``body`` has the overall health, and an entry for each kind of entity (GPU, Switch, ConnectX, ...) of which one has a
fault; in it the entities by number, and in each the systems that are at fault, below ``Errors``.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from ..answers import Answer, json_object, mapping, text_of
from ..check import Check, NotInUse, Status, Unreadable

SOURCE = "dcgm"
PROGRAM = "dcgmi"
ARGUMENTS = ("health", "--check", "--json")

_NO_WATCHES = "Health watches not enabled"
_STATUS = {"Healthy": Status.OK, "Warning": Status.WARNING, "Failure": Status.CRITICAL}


def read(answer: Answer) -> Iterator[Check]:
    """Yield the overall health, and each system of an entity that is at fault."""
    if _NO_WATCHES in answer.text:
        raise NotInUse("DCGM has no health watches: node_health_dcgm_watches sets them, or dcgmi health --set")
    if answer.exit_status != 0:
        raise Unreadable(f"dcgmi health ended with exit status {answer.exit_status}: does nvidia-dcgm.service run?")
    body = mapping(json_object(answer.text).get("body"))
    if "Overall Health" not in body:
        raise Unreadable("dcgmi health does not tell the overall health")
    for kind, found in body.items():
        if kind == "Overall Health":
            yield Check("all", "overall", _status(mapping(found)))
            continue
        for number, entity in _children(found):
            for _errors, systems in _children(entity):
                for system, verdict in _children(systems):
                    said = verdict.get("overflow")
                    message = " ".join(map(text_of, said)) if isinstance(said, list) else ""
                    yield Check(f"{kind} {number}", system.removesuffix(" system"), _status(verdict), message)


def _children(value: object) -> Iterator[tuple[str, Mapping[str, object]]]:
    for name, child in mapping(mapping(value).get("children", {})).items():
        yield name, mapping(child)


def _status(fields: Mapping[str, object]) -> Status:
    return _STATUS.get(text_of(fields.get("value")), Status.UNKNOWN)
