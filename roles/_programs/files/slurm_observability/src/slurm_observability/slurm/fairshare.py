"""Read fair shares: one sshare, what each association may use and has used."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import NamedTuple

from .command import SlurmError, SlurmRunner
from .printed import decode

# Administrators name the accounts: they come last, so that no character in one can shift another field.
SSHARE = (
    "sshare",
    "--all",
    "--parsable2",
    "--noheader",
    "--format=RawShares,NormShares,RawUsage,NormUsage,EffectvUsage,FairShare,LevelFS,Partition,User,Account",
)

# RawShares is "parent" where the users of an account are treated as one. LevelFS is "inf" where nothing was used yet.
_LINE = re.compile(
    rb"(\d{1,10}|parent)?\|(\d+\.\d+)?\|(\d{1,20})?\|(\d+\.\d+)?\|(\d+\.\d+)?\|(\d+\.\d+)?\|(\d+\.\d+|inf|nan)?"
    rb"\|([^|]*)\|([^|]*)\| *(.+)"
)


class Association(NamedTuple):
    """An account, or a user in an account, and perhaps in a partition: ``user`` and ``partition`` may be empty.

    A number that Slurm does not have is None, which depends on the algorithm (PriorityFlags): with the fair tree an
    account has no factor of its own. ``raw_usage`` is in TRES-seconds and decays with time.
    """

    account: str
    user: str
    partition: str
    raw_shares: int | None
    norm_shares: float | None
    raw_usage: int | None
    norm_usage: float | None
    effective_usage: float | None
    fairshare: float | None
    level_fairshare: float | None


@dataclass(frozen=True)
class FairShares:
    """All associations of the cluster, in sshare's order: an account before its users and the accounts below it."""

    associations: tuple[Association, ...] = ()
    rejected_lines: int = 0


def read_fairshares(runner: SlurmRunner, fair_tree: bool) -> FairShares:
    """Run sshare. Without ``fair_tree`` (PriorityFlags=NO_FAIR_TREE) the level that it prints as 0 is left out.

    Raises SlurmError when it fails, or prints lines of which none is an association.
    """
    return parse_fairshares((line for chunk in runner.lines(SSHARE) for line in chunk), fair_tree)


def parse_fairshares(lines: Iterable[bytes], fair_tree: bool = True) -> FairShares:
    """Return the associations in sshare's lines. A line that is none, or a second one of the same, is rejected."""
    found: dict[tuple[str, str, str], Association] = {}
    rejected = 0
    for line in lines:
        association = parse_association(line)
        if association is None or association[:3] in found:
            rejected += 1
        else:
            found[association[:3]] = association if fair_tree else association._replace(level_fairshare=None)
    if rejected and not found:
        raise SlurmError(f"sshare printed {rejected} lines, and none of them is an association")
    return FairShares(tuple(found.values()), rejected)


def parse_association(line: bytes) -> Association | None:
    """Return the association in one line of sshare, or None when it is not one."""
    match = _LINE.fullmatch(line)
    if match is None:
        return None
    raw_shares, norm_shares, raw_usage, norm_usage, effective, factor, level, partition, user, account = match.groups()
    return Association(
        account=decode(account),
        user=decode(user),
        partition=decode(partition),
        raw_shares=int(raw_shares) if raw_shares and raw_shares != b"parent" else None,
        norm_shares=_number(norm_shares),
        raw_usage=int(raw_usage) if raw_usage else None,
        norm_usage=_number(norm_usage),
        effective_usage=_number(effective),
        fairshare=_number(factor),
        level_fairshare=_number(level),
    )


def _number(text: bytes | None) -> float | None:
    return float(text) if text else None
