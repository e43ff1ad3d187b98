"""The topics that change slowly, and who answers for each."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from functools import partial

from ..slurm.config import weighs_shares
from ..slurm.efficiency import EndedJobReader
from ..slurm.fairshare import FairShares, read_fairshares
from ..slurm.federation import read_federation
from ..slurm.licenses import Licenses, read_licenses
from ..slurm.limits import Limits, read_limits
from ..slurm.reservations import Reservations, read_reservations
from ..slurm.rest import licenses as rest_licenses
from ..slurm.rest import reservations as rest_reservations
from ..slurm.rest import scheduler as rest_scheduler
from ..slurm.scheduler import SchedulerStatistics, StatisticsReader
from .efficiency import EfficiencyReader, Use
from .native_source import read_native_statistics
from .plan import Plan
from .topic import Reading, Size, Topic
from .topics import efficiency, fairshare, federation, licenses, limits, reservations, scheduler


def scheduler_topic(plan: Plan) -> Topic[SchedulerStatistics]:
    """Return slurmctld's statistics."""
    client, endpoint = plan.rest_client(), plan.slurmctld()
    ask: Callable[[], SchedulerStatistics]
    if client is not None:
        ask = partial(rest_scheduler.read_statistics, client)
    elif endpoint is not None:
        ask = partial(read_native_statistics, endpoint)
    else:
        ask = StatisticsReader(plan.runner).read

    def read() -> Reading[SchedulerStatistics]:
        answer = ask()
        return Reading(answer, answer.rejected_lines)

    return Topic(scheduler.NAME, read, scheduler.families, plan.interval)


def reservations_topic(plan: Plan) -> Topic[Reservations]:
    """Return the reservations."""
    client = plan.rest_client()

    def read() -> Reading[Reservations]:
        answer = rest_reservations.read_reservations(client) if client else read_reservations(plan.runner)
        return Reading(answer, answer.rejected_lines)

    def size(answer: Reservations) -> Size:
        return Size(len(answer.reservations), "reservation")

    return Topic(reservations.NAME, read, partial(reservations.families, cap=plan.cap), plan.interval, size=size)


def licenses_topic(plan: Plan) -> Topic[Licenses]:
    """Return the licenses."""
    client = plan.rest_client()

    def read() -> Reading[Licenses]:
        answer = rest_licenses.read_licenses(client) if client else read_licenses(plan.runner)
        return Reading(answer, answer.rejected_lines)

    def size(answer: Licenses) -> Size:
        return Size(len(answer.licenses), "license")

    return Topic(licenses.NAME, read, partial(licenses.families, cap=plan.cap), plan.interval, size=size)


def limits_topic(plan: Plan) -> Topic[Limits]:
    """Return the limits of QOS and associations, from scontrol."""

    def read() -> Reading[Limits]:
        answer = read_limits(plan.runner, users=plan.settings.user_limits)
        return Reading(answer, answer.rejected_lines)

    return Topic(limits.NAME, read, partial(limits.families, cap=plan.cap), plan.interval)


def fairshare_topic(plan: Plan) -> Topic[FairShares]:
    """Return the fair shares, from sshare: none where priorities do not depend on them."""

    def read() -> Reading[FairShares]:
        parameters = plan.configuration.read()
        fair_tree = "NO_FAIR_TREE" not in parameters.get("PriorityFlags", "").split(",")
        answer = read_fairshares(plan.runner, fair_tree) if weighs_shares(parameters) else FairShares()
        return Reading(answer, answer.rejected_lines)

    def size(answer: FairShares) -> Size:
        return Size(len(answer.associations), "association")

    return Topic(fairshare.NAME, read, partial(fairshare.families, cap=plan.cap), plan.interval, size=size)


def efficiency_topic(plan: Plan) -> Topic[Mapping[str, Use]]:
    """Return what ended jobs used, from sacct."""
    reader = EfficiencyReader(EndedJobReader(plan.runner), plan.configuration, time.time)

    def read() -> Reading[Mapping[str, Use]]:
        before = reader.rejected_lines
        answer = reader.read()
        return Reading(answer, reader.rejected_lines - before)

    return Topic(efficiency.NAME, read, efficiency.families, plan.interval, rest=reader.rest)


def federation_topic(plan: Plan) -> Topic[federation.Identity]:
    """Return what slurmctld is and the federation it is in, from scontrol."""

    def read() -> Reading[federation.Identity]:
        answer = federation.Identity(plan.configuration.read(), read_federation(plan.runner))
        return Reading(answer, answer.federation.rejected_lines)

    return Topic(federation.NAME, read, federation.families, plan.interval)
