"""Topics of a site's own metrics. Each is a source of its own: one that fails hurts no other."""

from __future__ import annotations

import logging
import threading
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from itertools import chain

from ...metrics.metric import AnyFamily, Family, Metric
from ...slurm.command import SlurmError, SlurmRunner
from ...slurm.partitions import read_partitions
from ..topic import Reading, Scene, Topic
from .schema import MAX_COMMANDS, CommandSchema

log = logging.getLogger(__name__)

# So many commands of a site run at once, so that they take neither the processors nor slurmctld's threads.
# What the names of these topics begin with.
PREFIX = "custom:"
CONCURRENT = 2
MAX_OUTPUT_BYTES = 1 << 24

DROPPED = Metric(
    "slurm_exporter_custom_dropped_rows",
    "Rows of a custom metric's last answer that max_series left out.",
    ("source",),
    query="slurm_exporter_custom_dropped_rows > 0",
)
METRICS = (DROPPED,)

Series = dict[tuple[str, ...], float]


@dataclass
class Answer:
    """The series of each metric by name, and how many rows were left out because there were too many series."""

    series: dict[str, Series] = field(default_factory=dict)
    dropped: int = 0


def topics(schemas: Sequence[CommandSchema], runner: SlurmRunner, reset_time: int) -> list[Topic[Answer]]:
    """Return a topic for each schema. ``reset_time`` is in seconds since 1970."""
    turn = threading.BoundedSemaphore(CONCURRENT)
    readers = [
        _Reader(schema, runner.limited(schema.timeout, MAX_OUTPUT_BYTES), reset_time, turn) for schema in schemas
    ]
    found = [Topic(reader.name, reader.read, reader.families, reader.schema.interval) for reader in readers]
    # A family is served in one piece, so the first topic shows what concerns all of them.
    return [replace(topic, status=lambda: _status(readers)) if topic is found[0] else topic for topic in found]


def _status(readers: Iterable[_Reader]) -> Iterator[AnyFamily]:
    yield Family(DROPPED, [((reader.name,), reader.dropped) for reader in readers])


@dataclass
class _Reader:
    schema: CommandSchema
    runner: SlurmRunner
    reset_time: int
    turn: threading.BoundedSemaphore
    dropped: int = 0

    @property
    def name(self) -> str:
        return f"{PREFIX}{self.schema.name}"

    def families(self, answer: Answer, scene: Scene) -> Iterator[AnyFamily]:
        """Yield each metric with its series."""
        for metric in self.schema.metrics:
            yield Family(metric, answer.series.get(metric.name, {}).items())

    def read(self) -> Reading[Answer]:
        """Run the command for each state and partition. Raises SlurmError."""
        schema = self.schema
        partitions, states = self._partitions(), schema.states or ("",)
        if len(states) * len(partitions) > MAX_COMMANDS:
            raise SlurmError(f"{len(states)} states and {len(partitions)} partitions are too many commands; name some")
        answer = Answer()
        rejected = 0
        for state in states:
            for partition in partitions:
                rejected += self._ask(state, partition, answer)
        if answer.dropped and not self.dropped:
            log.warning(
                "%s: %d rows were left out, more than max_series: %d", self.name, answer.dropped, schema.max_series
            )
        self.dropped = answer.dropped
        return Reading(answer, rejected)

    def _partitions(self) -> Sequence[str]:
        """Return the partitions to ask about; one without a name where the command is not about partitions."""
        if not self.schema.per_partition:
            return ("",)
        if self.schema.partitions is not None:
            return self.schema.partitions
        return sorted(partition.name for partition in read_partitions(self.runner).partitions)

    def _ask(self, state: str, partition: str, answer: Answer) -> int:
        """Add what one command says; return how many lines could not be read."""
        schema = self.schema
        start_time = f"uts{self.reset_time}"
        argv = [
            word.replace("{state}", state).replace("{partition}", partition).replace("{start_time}", start_time)
            for word in schema.command
        ]
        asked = (state,) * schema.state_is_label + (partition,) * schema.per_partition + tuple(schema.labels.values())
        series = answer.series.setdefault(schema.metric(state).name, {})
        good = rejected = 0
        with self.turn:
            lines = chain.from_iterable(self.runner.lines(argv))
            for row in schema.parser.rows(lines):
                if row is None:
                    rejected += 1
                    continue
                good += 1
                key = (*asked, *row[0])
                if key in series or len(series) < schema.max_series:
                    series[key] = series.get(key, 0.0) + row[1]
                else:
                    answer.dropped += 1
        if rejected and not good:
            raise SlurmError(f"{argv[0]} printed no line that can be read ({rejected} lines rejected)")
        return rejected
