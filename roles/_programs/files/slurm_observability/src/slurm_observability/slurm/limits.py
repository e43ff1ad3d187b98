"""Read limits and what of them is used: one scontrol, from slurmctld's memory and not from the database."""

from __future__ import annotations

import pwd
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import NamedTuple

from .command import SlurmError, SlurmRunner
from .printed import decode

SCONTROL_LIMITS = ("scontrol", "--oneliner", "show", "assoc_mgr", "flags=qos,assoc")

_ASSOCIATION = re.compile(rb"ClusterName=\S* Account=(.+?) UserName=([^(]*?)(?:\(\d+\))? Partition=(\S*) (Priority=.*)")
_QOS = re.compile(rb"QOS=(.+?)\(\d+\) (UsageRaw=.*?) Account Limits=(.*?) User Limits=(.*)")
_MEMBER = re.compile(rb" ([^ {}]+)=\{([^{}]*)\}")
# Slurm 22.05 prints the id of a user, later ones the name and the id.
_USER = re.compile(rb"(?:(.+)\()?(\d{1,10})\)?")

# The limits that jobs share, of a QOS or an association, and those of one account or one user in a QOS. MaxJobs and
# MaxSubmitJobs of an association hold for each of its users. What follows of limits is of single jobs.
# One that is not set has no value.
_FIELD = re.compile(
    rb"(?: |^)((?:Grp|Max)(?:Jobs|SubmitJobs)(?:PA|PU)?|GrpWall|Grp(?:TRES|TRESMins|TRESRunMins)"
    rb"|Max(?:TRES|TRESRunMins)(?:PA|PU))=([^ ]*)(?= |$)"
)
_PLAIN = re.compile(rb"(N|\d{1,20})\((\d{1,20}(?:\.\d{1,9})?)\)")
_RESOURCE = re.compile(rb"([^,=()]+)=(N|\d{1,20})\((\d{1,20})\)")
_PER_USER = ("MaxJobs", "MaxSubmitJobs")
_SECONDS_PER_MINUTE = 60
_BYTES_PER_MEGABYTE = 1 << 20


class Limit(NamedTuple):
    """A limit, and how much of it is used.

    ``name`` is what scontrol calls it: ``GrpTRES``. ``resource`` is the trackable resource, or ``jobs``, or ``wall``
    for time. ``limit`` is None where there is none. Slurm's minutes are seconds here, its megabytes are bytes.
    """

    name: str
    resource: str
    limit: float | None
    used: float


class QosLimits(NamedTuple):
    """Limits of a quality of service (QOS): of all its jobs together, or of those of one account or of one user."""

    qos: str
    account: str
    user: str
    limits: tuple[Limit, ...]


class AssociationLimits(NamedTuple):
    """Limits of an account, or of a user in an account, and perhaps in a partition."""

    account: str
    user: str
    partition: str
    limits: tuple[Limit, ...]


@dataclass(frozen=True)
class Limits:
    """All QOS and associations of the cluster. There are none where slurmctld has never heard from slurmdbd."""

    qos: tuple[QosLimits, ...] = ()
    associations: tuple[AssociationLimits, ...] = ()
    rejected_lines: int = 0


def read_limits(runner: SlurmRunner, users: bool) -> Limits:
    """Run scontrol. Without ``users`` what holds for single users is left out.

    Raises SlurmError when scontrol fails, or prints records of which none can be read.
    """
    return parse_limits((line for chunk in runner.lines(SCONTROL_LIMITS) for line in chunk), users)


def parse_limits(lines: Iterable[bytes], users: bool) -> Limits:
    """Return the limits in scontrol's lines.

    A line that begins like a record and is none, or is a second one of the same, is rejected. Other lines are headings
    or the rest of a comment with a line break in it, and are passed over.
    """
    qos: dict[tuple[str, ...], QosLimits] = {}
    associations: dict[tuple[str, ...], AssociationLimits] = {}
    rejected = 0
    for line in lines:
        if match := _QOS.fullmatch(line):
            for item in _qos(match, users):
                rejected += item[:3] in qos
                qos.setdefault(item[:3], item)
        elif match := _ASSOCIATION.fullmatch(line):
            if users or not match[2]:
                found = _association(match)
                rejected += found[:3] in associations
                associations.setdefault(found[:3], found)
        else:
            rejected += line.startswith((b"QOS=", b"ClusterName="))
    if rejected and not qos and not associations:
        raise SlurmError(f"scontrol printed {rejected} records, and none of them is an association or a QOS")
    return Limits(tuple(qos.values()), tuple(associations.values()), rejected)


def _qos(match: re.Match[bytes], users: bool) -> Iterator[QosLimits]:
    name, shared, of_accounts, of_users = match.groups()
    qos = decode(name)
    yield QosLimits(qos, "", "", _limits(shared))
    for account, limits in _MEMBER.findall(of_accounts):
        yield QosLimits(qos, decode(account), "", _limits(limits))
    if users:
        for user, limits in _MEMBER.findall(of_users):
            yield QosLimits(qos, "", _user_name(user), _limits(limits))


def _association(match: re.Match[bytes]) -> AssociationLimits:
    account, user, partition, rest = match.groups()
    limits = tuple(limit for limit in _limits(rest) if user or limit.name not in _PER_USER)
    return AssociationLimits(decode(account), decode(user), decode(partition), limits)


def _limits(record: bytes) -> tuple[Limit, ...]:
    """Return the limits in a record. The first of a name is the real one: a comment comes after all of them."""
    fields: dict[bytes, bytes] = {}
    for field, value in _FIELD.findall(record):
        fields.setdefault(field, value)
    found: dict[tuple[str, str], Limit] = {}
    for field, value in fields.items():
        for limit in _amounts(decode(field), value):
            found.setdefault((limit.name, limit.resource), limit)
    return tuple(found.values())


def _amounts(name: str, value: bytes) -> Iterator[Limit]:
    if "TRES" in name:
        for resource, limit, used in _RESOURCE.findall(value):
            yield _limit(name, decode(resource), limit, used)
    elif match := _PLAIN.fullmatch(value):
        yield _limit(name, "wall" if name == "GrpWall" else "jobs", match[1], match[2])


def _limit(name: str, resource: str, limit: bytes, used: bytes) -> Limit:
    factor = _SECONDS_PER_MINUTE if "Mins" in name or resource == "wall" else 1
    if resource == "mem":
        factor *= _BYTES_PER_MEGABYTE
    return Limit(name, resource, None if limit == b"N" else int(limit) * factor, float(used) * factor)


def _user_name(text: bytes) -> str:
    match = _USER.fullmatch(text)
    if match is None or match[1]:
        return decode(match[1] if match else text)
    try:
        return pwd.getpwuid(int(match[2])).pw_name
    except (KeyError, OverflowError):
        return decode(match[2])
