"""Every topic of the exporter, over answers that are mangled in every way.

What must hold, whatever a command prints or slurmrestd sends: the topic gives an answer or raises SlurmError; what it
shows can be read back by Prometheus' own parser and is the same; no series is there twice.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from hypothesis import given
from hypothesis import strategies as st
from prometheus_client.parser import text_string_to_metric_families
from slurm_observability.exporter import exporter, wiring
from slurm_observability.exporter.settings import SLURMRESTD, Settings
from slurm_observability.exporter.topic import Scene
from slurm_observability.metrics import exposition
from slurm_observability.metrics.metric import HistogramFamily
from slurm_observability.slurm.command import SlurmError, SlurmRunner
from slurm_observability.slurm.endpoint import Endpoint

from tests.unit.programs.fuzz import answers
from tests.unit.programs.fuzz.hostile import THOROUGH, chunked, mangled


class AnsweringRunner(SlurmRunner):
    """Runs no command: `answer` gives what it would have printed."""

    def __init__(self, answer) -> None:
        super().__init__(10)
        self._answer = answer

    def limited(self, timeout, max_output_bytes=None) -> AnsweringRunner:
        return self

    def lines(self, argv) -> Iterator[list[bytes]]:
        rest = b""
        for chunk in self._answer(list(argv)):
            *complete, rest = (rest + chunk).split(b"\n")
            if complete:
                yield complete
        if rest:
            yield [rest]


class Clock:
    """The time, and how far from it this clock is, in seconds."""

    def __init__(self, true_time) -> None:
        self._true_time = true_time
        self.ahead = 0.0

    def __call__(self) -> float:
        return self._true_time() + self.ahead


class AnsweringEndpoint:
    """Has the shape of an Answer of an Endpoint."""

    status = 200

    def __init__(self, chunks) -> None:
        self._chunks = chunks

    def chunks(self):
        return iter(self._chunks)

    def beginning(self):
        return ""


@pytest.fixture
def ask(monkeypatch, tmp_path):
    """Read a topic from answers that the two functions give, and return what it shows."""

    clock = Clock(time.time)
    monkeypatch.setattr(time, "time", clock)

    def read(name: str, source: str, command, page) -> list:
        @contextmanager
        def get(self, path, headers=None):
            yield AnsweringEndpoint(page(path))

        monkeypatch.setattr(Endpoint, "get", get)
        monkeypatch.setenv("SLURM_JWT", "e30.e30.c2ln")
        monkeypatch.setattr(exporter, "SlurmRunner", lambda timeout: AnsweringRunner(command))
        settings = Settings(
            reset_time=int(time.time()) - 3600,
            intervals=dict.fromkeys(wiring.TOPICS, 60.0),
            source=source,
            slurmrestd_api_version="v0.0.41",
            max_label_values=3,
            node_metrics="all",
        )
        clock.ahead = -900.0
        topic = exporter.Exporter(settings).sources[name].topic
        clock.ahead = 0.0  # a quarter of an hour later: what ended since it began is asked for
        reading = topic.read()
        assert reading.rejected_lines >= 0
        shown = [*topic.families(reading.answer, Scene(time.time(), ["hpc", "htc"])), *topic.status()]
        return [materialised(family) for family in shown]

    return read


def materialised(family):
    """Return the family with its samples as a list: they may be made as they are asked for."""
    return type(family)(family.metric, list(family.samples))


def expected_samples(families) -> list[tuple[str, dict[str, str], float]]:
    """Return every line that Prometheus must read: name, labels, value."""
    lines = []
    for family in families:
        names = family.metric.labels
        if isinstance(family, HistogramFamily):
            for values, buckets, total in family.samples:
                labels = dict(zip(names, values, strict=True))
                for bound, count in buckets:
                    lines.append((f"{family.metric.name}_bucket", {**labels, "le": exposition.number(bound)}, count))
                lines.append((f"{family.metric.name}_sum", labels, total))
                lines.append((f"{family.metric.name}_count", labels, buckets[-1][1]))
        else:
            for values, value in family.samples:
                lines.append((family.metric.name, dict(zip(names, values, strict=True)), value))
    return lines


def assert_readable(families) -> None:
    """Compare what Prometheus' parser reads with what was meant, sample by sample."""
    text = exposition.render(families).decode()
    found = [
        (sample.name, sample.labels, sample.value)
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    ]
    expected = expected_samples(families)
    assert sorted(found, key=repr) == sorted(
        ((name, labels, float(value)) for name, labels, value in expected), key=repr
    )
    series = [(name, tuple(sorted(labels.items()))) for name, labels, _ in found]
    assert len(series) == len(set(series)), "a series is there twice"


def as_recorded(request) -> list[bytes]:
    return [answers.command_answer(request) if isinstance(request, list) else answers.page_answer(request)]


SOURCES = ["cli", SLURMRESTD]


@pytest.mark.parametrize("source", SOURCES)
@pytest.mark.parametrize("name", wiring.TOPICS)
def test_the_answer_that_is_mangled_is_a_good_one(ask, name, source):
    families = ask(name, source, as_recorded, as_recorded)
    assert any(value for family in families for *_, value in family.samples), "nothing follows from it"
    assert_readable(families)


@pytest.mark.parametrize("source", SOURCES)
@pytest.mark.parametrize("name", wiring.TOPICS)
@THOROUGH
@given(data=st.data())
def test_a_mangled_answer_breaks_nothing(ask, name, source, data):
    def hostile(request) -> list[bytes]:
        answer = data.draw(mangled(as_recorded(request)[0]))
        return data.draw(st.composite(chunked)(answer))

    try:
        families = ask(name, source, hostile, hostile)
    except SlurmError as error:
        assert "\n" not in str(error)
    else:
        assert_readable(families)
