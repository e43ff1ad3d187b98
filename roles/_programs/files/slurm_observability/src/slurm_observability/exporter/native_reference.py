"""Print the page about slurmctld's own metrics: ``python -m slurm_observability.exporter.native_reference``."""

from __future__ import annotations

from itertools import groupby

from .native import DIFFERENCES, MIB, SCOPES, Difference

_INTRODUCTION = """\
# slurmctld's own metrics and ours

Since Slurm 25.11 slurmctld has metrics of its own (`MetricsType=metrics/openmetrics`), at `/metrics/jobs` and so on of
its port 6817. Where they mean what ours mean, ours have their names, on every version of Slurm. Scrape only one of the
two, or select by `job`: the same name with another meaning is easily overlooked.

slurmctld writes accounts as users typed them: where slurmdbd does not know a user, a line break in `sbatch --account`
makes its page `jobs-users-accts` unreadable (26.05.5), until that job is gone.

A metric of theirs that is not in the table has the same name and value here. Users and accounts have no series here for
what they have none of, where that is mostly 0; `--queue-labels` and `--max-label-values` leave out more. `bin/test`
compares every name with a running slurmctld 26.05, by this table, which is made from the program's own; a test holds
both together. There `…` stands for the beginnings `slurm_jobs`, `slurm_partition_jobs`, `slurm_user_jobs` and
`slurm_account_jobs`.

| theirs | ours | what differs |
|---|---|---|
"""


def reference() -> str:
    """Return the page as Markdown."""
    return _INTRODUCTION + "".join(f"{_row(difference)}\n" for difference in DIFFERENCES)


def _row(difference: Difference) -> str:
    name = f"`{'`, `'.join(_shortened(difference.names))}`"
    ours = difference.ours.replace("{jobs}", "…").replace("{name}", "the same name")
    if ours and ours != "the same name":
        ours = f"`{ours}`"
    if difference.factor == MIB:
        ours += " / 1048576"
    unless = f" The numbers differ only {difference.unless}." if difference.unless else ""
    return f"| {name} | {ours or 'none'} | {difference.why}{unless} |"


def _shortened(names: tuple[str, ...]) -> list[str]:
    """Return the names, with … for the beginning where there is one for each scope."""
    ends = [end for end, _group in groupby(names, _end) if end]
    if len(ends) * len(SCOPES) == len(names):
        return [f"…{end}" for end in ends]
    return list(names)


def _end(name: str) -> str:
    return next((name.removeprefix(scope) for scope in SCOPES if name.startswith(f"{scope}_")), "")


if __name__ == "__main__":
    print(reference(), end="")
