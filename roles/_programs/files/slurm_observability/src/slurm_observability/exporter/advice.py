"""Why Slurm does not answer, or not with everything, and what to do about it: for the person who installs this."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence

from ..slurm.config import measures_jobs, weighs_shares
from .topics import (
    efficiency,
    fairshare,
    history,
    jobs,
    limits,
    nodes,
    partitions,
    reservations,
    running_jobs,
)

RIGHTS = "run the exporter as SlurmUser, or give its user rights: sacctmgr modify user USER set adminlevel=operator"

RATE_LIMIT = "run the exporter as SlurmUser, which is exempt from rl_enable, or give it longer --intervals"
SLOW = "too slow: is slurmctld busy (sdiag)? If it is only large, raise --timeout, or --timeouts of this topic"
SLOW_METRIC = "too slow: raise the timeout of this metric in the file, or choose a cheaper command"
SLURMCTLD = "slurmctld does not answer: scontrol ping; systemctl status slurmctld on the controller"

# What a failure says, in Slurm's words or ours, and what to do. The first that matches counts.
_REMEDIES: Sequence[tuple[re.Pattern[str], str]] = tuple(
    (re.compile(pattern, re.IGNORECASE), text)
    for pattern, text in (
        (
            r"cannot be run: No such file",
            "install Slurm's client commands here, or put their directory in PATH",
        ),
        (r"cannot be run: Permission denied", "let this user run the command: chmod a+rx"),
        (r"rate limit", RATE_LIMIT),
        (
            r"accounting storage is disabled|not running a supported accounting_storage",
            "this cluster keeps no accounting: start with --accounting no",
        ),
        (
            r"token",
            "make a token, 'scontrol token username=USER lifespan=SECONDS', and name its file with --slurm-jwt-file",
        ),
        (
            r"authentication|munge|invalid credential",
            "munged has to run here, with the key and the clock of the controller: munge -n | ssh CONTROLLER unmunge",
        ),
        (
            r"establish a configuration source|Unable to process configuration|Unable to determine.*slurm\.conf",
            "no slurm.conf: put one into /etc/slurm, set SLURM_CONF, or run sackd or slurmd for a configless cluster",
        ),
        (r"permission denied|access denied|not authorized", RIGHTS),
        (
            r"slurmdbd|database|persist",
            "slurmdbd or its database does not answer: systemctl status slurmdbd, sacctmgr show cluster. On a cluster "
            "without it: --accounting no",
        ),
        (
            r"slurmctld (at \S+ cannot be asked|answers \d)",
            "has slurmctld metrics of its own, and is --openmetrics-url right? They need Slurm 25.11.5 and "
            "MetricsType=metrics/openmetrics. Else: --source cli",
        ),
        (r"slurmrestd", "is slurmrestd running, and is --slurmrestd-url right? systemctl status slurmrestd"),
        (r"did not (answer|end) within|printed more than", SLOW),
        (r"contact slurm controller|connection refused|socket timed out|communication", SLURMCTLD),
        (r"fault of the program", "please report this, with the lines that --log-level DEBUG prints"),
    )
)

# What PrivateData hides from users who are neither SlurmUser nor operators, by topic.
_HIDDEN: Mapping[str, Collection[str]] = {
    "jobs": (jobs.NAME, history.NAME, efficiency.NAME, running_jobs.NAME),
    "nodes": (nodes.NAME,),
    "partitions": (partitions.NAME,),
    "reservations": (reservations.NAME,),
    "usage": (history.NAME, efficiency.NAME, fairshare.NAME),
    "users": (fairshare.NAME, limits.NAME),
    "accounts": (fairshare.NAME, limits.NAME),
}


def remedy(failure: str) -> str:
    """Return what to do about a failure of this text; empty where nothing better is known than the text itself."""
    return next((text for pattern, text in _REMEDIES if pattern.search(failure)), "")


def hidden(topic: str, configuration: Mapping[str, str], user: str) -> str:
    """Return why a user without special rights does not see everything of a topic; empty when nothing is hidden."""
    private = configuration.get("PrivateData", "").lower().split(",")
    words = [word for word in private if topic in _HIDDEN.get(word, ())]
    return f"PrivateData={','.join(words)} hides what belongs to others from {user}" if words else ""


def reason_for_nothing(topic: str, configuration: Mapping[str, str]) -> str:
    """Return why a topic has nothing to tell where the configuration says so; else empty."""
    if not configuration:
        return ""
    if topic == efficiency.NAME and not measures_jobs(configuration):
        return "JobAcctGatherType is none: Slurm does not measure what jobs use"
    if topic == fairshare.NAME and not weighs_shares(configuration):
        return "PriorityType is not priority/multifactor: there are no fair shares"
    return ""
