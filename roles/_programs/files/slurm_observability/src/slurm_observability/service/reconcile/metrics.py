"""How the reconciliation with Slurm fares, as metrics."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Iterator, Mapping

from ...metrics.metric import AnyFamily, Family, Metric, scalar
from ..metrics import PREFIX
from ..store.ingest import Reconciled

QUEUE, ENDED, KNOWN = "queue", "ended", "known"
QUESTIONS = (QUEUE, ENDED, KNOWN)

LAST_SUCCESS = Metric(
    f"{PREFIX}_slurm_last_success_timestamp_seconds",
    "When Slurm last answered what runs (queue), what has ended (ended), what is missing (known). Absent before.",
    ("question",),
    query=f'time() - {PREFIX}_slurm_last_success_timestamp_seconds{{question!="known"}} > 600',
)
ERRORS = Metric(
    f"{PREFIX}_slurm_errors_total",
    "Questions to Slurm that had no answer.",
    ("question",),
    "counter",
    f"increase({PREFIX}_slurm_errors_total[1h]) > 0",
)
REJECTED = Metric(
    f"{PREFIX}_slurm_rejected_rows_total",
    "Rows of Slurm's answers that could not be read and were passed over.",
    kind="counter",
    query=f"increase({PREFIX}_slurm_rejected_rows_total[1h]) > 0",
)
LAG = Metric(
    f"{PREFIX}_accounting_lag_seconds",
    "Time since the moment up to which ended runs were read from Slurm. Absent before the first reading.",
    query=f"{PREFIX}_accounting_lag_seconds > 600",
)
RECORDS = Metric(
    f"{PREFIX}_slurm_records_total",
    "Runs as Slurm told them, by what they were to the database: new, changed, the same, or refused.",
    ("outcome",),
    "counter",
    f'increase({PREFIX}_slurm_records_total{{outcome="new"}}[1h])',
)
LOST = Metric(
    f"{PREFIX}_runs_lost_total",
    "Runs that were marked as unknown: nobody reported their end, and Slurm has none.",
    kind="counter",
    query=f"increase({PREFIX}_runs_lost_total[1h]) > 0",
)
MISSING = Metric(
    f"{PREFIX}_runs_missing",
    "Runs for which Slurm was asked by number in the last turn: they are not in its queue, and it told no end of them.",
    query=f"{PREFIX}_runs_missing",
)
METRICS = (LAST_SUCCESS, ERRORS, REJECTED, LAG, RECORDS, LOST, MISSING)


class Counts:
    """What was counted since the service started. Safe to use from several threads."""

    def __init__(self) -> None:
        self.lost = 0
        self.missing = 0
        self._lock = threading.Lock()
        self._outcomes = Counter(dict.fromkeys(Reconciled._fields, 0))
        self._answered: dict[str, float] = {}

    def stored(self, reconciled: Reconciled) -> None:
        """Count records that were stored."""
        with self._lock:
            self._outcomes.update(reconciled._asdict())

    def answered(self, question: str, when: float) -> None:
        """Note that a question was answered."""
        with self._lock:
            self._answered[question] = when

    def families(self, errors: Mapping[str, int], lag: float | None, rejected: int) -> Iterator[AnyFamily]:
        """Yield what was counted, and what the reconciler tells beside it."""
        with self._lock:
            outcomes, answered = dict(self._outcomes), dict(self._answered)
        yield Family(LAST_SUCCESS, [((question,), when) for question, when in answered.items()])
        yield Family(ERRORS, [((question,), count) for question, count in errors.items()])
        yield scalar(REJECTED, rejected)
        yield Family(LAG, [] if lag is None else [((), lag)])
        yield Family(RECORDS, [((outcome,), count) for outcome, count in outcomes.items()])
        yield scalar(LOST, self.lost)
        yield scalar(MISSING, self.missing)
