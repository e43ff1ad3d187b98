"""Try once what the service depends on, and say what works."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping

from ..slurm.command import one_line
from .serve import Prepared

HOUR = 3600

Check = Callable[[], str]


def check(prepared: Prepared) -> bool:
    """Print a line for each thing that the service depends on. Return whether all of them work."""
    results = [_try(name, each) for name, each in _checks(prepared).items()]
    return all(results)


def _checks(prepared: Prepared) -> Mapping[str, Check]:
    """Return what is tried. Each returns a few words, or raises what is wrong."""

    def database() -> str:
        prepared.store.check()
        return str(prepared.store)

    def tokens() -> str:
        if prepared.settings.token_file is None:
            return "none: everybody on this host may read and write"
        return f"{prepared.service.tokens.count} in {prepared.settings.token_file}"

    def tls() -> str:
        return "off" if prepared.certificate is None else str(prepared.settings.tls_certificate)

    def queue() -> str:
        return f"{len(scheduler.active())} runs hold resources" if scheduler else "Slurm is not asked"

    def accounting() -> str:
        if not scheduler or not prepared.settings.accounting:
            return "is not asked"
        now = int(time.time())
        return f"{sum(1 for _run in scheduler.ended(now - HOUR, now))} runs ended in the last hour"

    scheduler = prepared.slurm.scheduler
    return {"database": database, "tokens": tokens, "tls": tls, "queue": queue, "accounting": accounting}


def _try(name: str, tried: Check) -> bool:
    try:
        words = tried()
    except Exception as error:  # whatever it is, it is what does not work
        print(f"{name:<10} failed  {one_line(str(error))}")
        return False
    print(f"{name:<10} ok      {words}")
    return True
