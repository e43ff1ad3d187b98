"""Metrics of the site: what is understood, what is refused, and what becomes of what commands print."""

from __future__ import annotations

import math
import re
import threading
import time
from pathlib import Path
from types import SimpleNamespace

import pytest
from slurm_observability.exporter import catalogue
from slurm_observability.exporter.custom import parse, schema, topic
from slurm_observability.exporter.custom.schema import read_custom_metrics
from slurm_observability.exporter.topic import Scene
from slurm_observability.metrics.exposition import render
from slurm_observability.settings_file import SettingsFileError
from slurm_observability.slurm.command import SlurmError, SlurmRunner

PAGE = Path(__file__).parents[4] / "docs" / "custom-metrics.md"
RESET_TIME = 1_700_000_000


@pytest.fixture
def read(fake_slurm, tmp_path):
    """Read this text as a file of custom metrics."""

    def write_and_read(text: str) -> tuple[schema.CommandSchema, ...]:
        path = tmp_path / "custom.yml"
        path.write_text(text)
        return read_custom_metrics(path, catalogue.names())

    return write_and_read


def has_partitions(fake_slurm, *names: str) -> None:
    """Let scontrol list these partitions."""
    line = "PartitionName={} MaxTime=UNLIMITED PriorityTier=1 State=UP TotalCPUs=8 TotalNodes=1\n"
    fake_slurm.answers("scontrol", "".join(map(line.format, names)))


@pytest.fixture
def topics(read, fake_slurm):
    """Read this text as a file of custom metrics; returns the topics. There are the partitions htc and hpc."""
    has_partitions(fake_slurm, "htc", "hpc")

    def build(text: str):
        return topic.topics(read(text), SlurmRunner(5.0), RESET_TIME)

    return build


def shown(found: topic.Topic) -> str:
    """Ask once, and return the answer as Prometheus gets it."""
    return render(found.families(found.read().answer, Scene(0.0, ()))).decode()


def one(**more: str) -> str:
    """The text of a file with one metric, with these lines in place of the usual ones."""
    keys = {
        "name": "site_x",
        "description": "x",
        "command": "[squeue]",
        "parse_strategy": "COUNT_LINES",
        **more,
    }
    lines = [f"{key}: {value}" for key, value in keys.items() if value]
    return "metrics:\n  - " + "\n    ".join(lines) + "\n"


def blocks() -> list[list[tuple[str, str]]]:
    """The fenced blocks of the page, language and text, by heading and then by example."""
    examples: list[list[tuple[str, str]]] = []
    current: list[tuple[str, str]] = []
    for language, text in re.findall(r"^```(\w+)\n(.*?)^```$", PAGE.read_text(), re.MULTILINE | re.DOTALL):
        current.append((language, text))
        if language == "prometheus":
            examples.append(current)
            current = []
    assert current == []
    return examples


@pytest.mark.parametrize("example", blocks(), ids=lambda example: re.search(r"name: (\w+)", str(example))[1])
def test_the_examples_of_the_page(topics, fake_slurm, tmp_path, monkeypatch, example):
    texts = dict(example)
    if code := texts.pop("python", None):
        (tmp_path / "site_metrics.py").write_text(code)
        monkeypatch.syspath_prepend(str(tmp_path))
    definition, expected = texts.pop("yaml"), texts.pop("prometheus")
    ((command, output),) = texts.items()
    fake_slurm.answers(command, output)
    (found,) = topics(definition)
    assert shown(found) == expected


def test_the_page_has_an_example_of_each_strategy():
    definitions = [dict(example)["yaml"] for example in blocks()]
    assert all(any(strategy in text for text in definitions) for strategy in schema.STRATEGIES)


def test_every_key_is_on_the_page(read):
    with pytest.raises(SettingsFileError) as raised:
        read(one(zzzzz="1"))
    known = re.search(r"known are (.*)$", str(raised.value))[1].split(", ")
    assert [key for key in known if f"| `{key}` |" not in PAGE.read_text()] == []


def test_without_a_file_there_is_none(topics):
    assert topics("") == topics("metrics:\n") == []


def test_the_command_gets_its_arguments_as_they_are_written(topics, fake_slurm):
    (found,) = topics(
        one(
            command_args='["-S", "{start_time}", "{state}", "$HOME; ls", "{partition}", "{other}"]',
            states="[RUNNING, PENDING]",
            interval="5",
            timeout="2",
        )
    )
    shown(found)
    assert found.name == "custom:site_x" and found.interval == 5
    assert fake_slurm.calls("squeue") == [
        f"-S uts{RESET_TIME} {state} $HOME; ls {partition} {{other}}"
        for state in ("RUNNING", "PENDING")
        for partition in ("hpc", "htc")
    ]


def test_the_partitions_that_there_are_come_from_slurmctld(topics, fake_slurm):
    (found,) = topics(one(command_args='["{partition}"]'))
    assert shown(found).splitlines()[2:] == ['site_x{partition="hpc"} 0.0', 'site_x{partition="htc"} 0.0']
    assert fake_slurm.calls("scontrol") == ["--all --oneliner show partitions"]


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("metric: []\n", "1: metric is unknown in the custom metrics; did you mean metrics?"),
        ("metrics: {}\n", "1: metrics has to be a list"),
        ("metrics: [a]\n", "1: metrics has to be a list of mappings"),
        ("metrics:\n  - {}\n", "2: name is missing in metrics"),
        ("metrics:\n  - {}\n", "2: description is missing in metrics"),
        ("metrics:\n  - {}\n", "2: command is missing in metrics"),
        ("metrics:\n  - {}\n", "2: parse_strategy is missing in metrics"),
        (one(command_arg="[x]"), "6: command_arg is unknown in metrics; did you mean command_args?"),
        (one(name="9x"), "2: '9x' is no name of a metric"),
        (one(name="site:x"), "2: 'site:x' is no name of a metric"),
        (one(name="slurm_nodes"), "2: slurm_nodes is the name of a metric of the exporter itself"),
        (one(name="process_open_fds"), "2: process_open_fds is the name of a metric of the exporter itself"),
        (
            one(name="slurm_jobs_{state}", command_args='["{state}"]', states="[RUNNING]"),
            "2: slurm_jobs_running is the",
        ),
        (one() + one()[9:], "6: site_x is the name of a metric in line 2"),
        (one(name="site_total"), "2: the name of a counter ends in _total, and that of a gauge does not"),
        (one(type="counter"), "2: the name of a counter ends in _total"),
        (one(type="summary"), "6: type has to be one of gauge, counter"),
        (one(command="squeue"), "4: command has to be a list"),
        (one(command="[squeue -h]"), "4: 'squeue -h' is no command in PATH"),
        (one(command="[squeue, 5]", parse_strategy="COUNT"), "5: parse_strategy has to be one of COUNT_LINES, EXTRACT"),
        (one(parse_strategy=""), "2: parse_strategy is missing"),
        (one(command_args='["{state}"]'), "6: {state} stands for each of states, and there are none"),
        (one(states="[RUNNING]"), "6: states are given, and no argument holds {state}"),
        (one(partitions="[hpc]"), "6: partitions are given, and no argument holds {partition}"),
        (one(command_args='["{stat}"]'), "6: command_args holds {stat}; did you mean {state}?"),
        (one(name="site_{partition}"), "2: name holds {partition}; {partition} has no place there"),
        (one(description="in {partition}"), "3: description holds {partition}; {partition} has no place there"),
        (one(labels="{__x: y}"), "2: '__x' is no name of a label"),
        (one(labels="{a-b: y}"), "2: 'a-b' is no name of a label"),
        (one(labels="{partition: y}", command_args='["{partition}"]'), "2: there is more than one label partition"),
        (one(labels="[a]"), "6: labels has to be a mapping"),
        (one(labels="{a: [b]}"), "6: a has to be a single value"),
        (one(interval="0"), "6: interval has to be a number from 1 to 86400"),
        (one(interval="fast"), "6: interval has to be a number from 1 to 86400"),
        (one(timeout="0"), "6: timeout has to be a number from 0.1 to 86400"),
        (one(max_series="0"), "6: max_series has to be a number from 1 to 100000"),
        (one(columns="[a]"), "6: columns is for PARSE_COLUMNS and CUSTOM"),
        (one(after="x"), "6: after is for EXTRACT_NUMBER"),
        (one(parse_strategy="PARSE_COLUMNS"), "2: columns has to name a label for each column"),
        (one(parse_strategy="PARSE_COLUMNS", columns="[value, value]"), "6: columns has to name"),
        (one(parse_strategy="PARSE_COLUMNS", columns="[a, a]"), "2: there is more than one label a"),
        (one(parse_strategy="CUSTOM"), "2: function is missing in metrics"),
        (
            one(parse_strategy="CUSTOM", function="no.such:thing"),
            "6: function: no.such:thing cannot be loaded: No module",
        ),
        (
            one(parse_strategy="CUSTOM", function="math:thing"),
            "6: function: math:thing cannot be loaded: module 'math'",
        ),
        (one(parse_strategy="CUSTOM", function="math:pi"), "6: function: math:pi is no function"),
        (one(parse_strategy="CUSTOM", function="thing"), "6: function: there is no entry point 'thing' in the group"),
        (one(command_args='["{state}"]', states=f"[{', '.join(['A'] * 1001)}]"), "7: this would run 1001 commands"),
        ("metrics:\n" + "  - {}\n" * 101, "2: more than 100 metrics are defined"),
    ],
)
def test_faults_have_file_line_and_reason(read, tmp_path, text, fault):
    with pytest.raises(SettingsFileError) as raised:
        read(text)
    lines = str(raised.value).splitlines()
    assert any(line.startswith(f"{tmp_path}/custom.yml:{fault}") for line in lines), lines


def test_a_file_that_everybody_may_write_to_or_that_is_not_there(read, tmp_path):
    path = tmp_path / "custom.yml"
    path.touch()
    path.chmod(0o666)
    with pytest.raises(SettingsFileError, match="everybody on this host may write to this file"):
        read_custom_metrics(path, ())
    with pytest.raises(SettingsFileError, match=r"none\.yml:1: cannot be read: No such file"):
        read_custom_metrics(tmp_path / "none.yml", ())


def test_names_of_histograms_belong_to_the_exporter(monkeypatch):
    metric = SimpleNamespace(name="slurm_wait_seconds", kind="histogram")
    monkeypatch.setattr(catalogue, "groups", lambda: {"Waiting": [metric]})
    assert {"slurm_wait_seconds_bucket", "slurm_wait_seconds_sum", "slurm_wait_seconds_count"} <= catalogue.names()


@pytest.mark.parametrize(
    ("keys", "output", "value"),
    [
        ({}, "42\n", "42.0"),
        ({}, "load -1.5e3, 7\n", "-1500.0"),
        ({}, "no\nyes .5", "0.5"),
        ({"after": "'b:'"}, "a: 1\nb: 2\nb: 3\n", "2.0"),
        ({"after": "'b:'"}, "1 b: none 3\n", "3.0"),
    ],
)
def test_the_number_that_is_extracted(topics, fake_slurm, keys, output, value):
    fake_slurm.answers("squeue", output)
    (found,) = topics(one(parse_strategy="EXTRACT_NUMBER", **keys))
    assert shown(found).splitlines()[-1] == f"site_x {value}"


@pytest.mark.parametrize(("keys", "output"), [({}, "none\n"), ({}, ""), ({"after": "'b:'"}, "a: 1\nb:\n")])
def test_no_number_is_a_failure(topics, fake_slurm, keys, output):
    fake_slurm.answers("squeue", output)
    (found,) = topics(one(parse_strategy="EXTRACT_NUMBER", **keys))
    with pytest.raises(SlurmError, match="it printed no number"):
        found.read()


def test_columns_with_what_users_type(topics, fake_slurm):
    fake_slurm.answers("squeue", b'a|1|x"|\\y|z\n\nb|1|\xff\x1b[0m  tab\there\nb|n/a|c\nb\n')
    (found,) = topics(one(parse_strategy="PARSE_COLUMNS", columns="[a, value, words]"))
    reading = found.read()
    assert reading.rejected_lines == 2
    text = render(found.families(reading.answer, Scene(0.0, ()))).decode()
    assert text.splitlines()[2:] == [
        'site_x{a="a",words="x\\"|\\\\y|z"} 1.0',
        'site_x{a="b",words="\ufffd [0m tab here"} 1.0',
    ]


def test_labels_are_cut(topics, fake_slurm):
    fake_slurm.answers("squeue", "x" * 1000 + "\n")
    (found,) = topics(one(parse_strategy="PARSE_COLUMNS", columns="[a]"))
    assert "x" * 200 not in shown(found) and "x" * 100 in shown(found)


def test_an_answer_without_a_good_line_is_a_failure_and_an_empty_one_is_none(topics, fake_slurm):
    (found,) = topics(one(parse_strategy="PARSE_COLUMNS", columns="[a, value]"))
    assert shown(found) == "# HELP site_x x\n# TYPE site_x gauge\n"
    fake_slurm.answers("squeue", "a|b\nc\n")
    with pytest.raises(SlurmError, match=r"squeue printed no line that can be read \(2 lines rejected\)"):
        found.read()


def test_too_many_series_are_left_out_and_that_is_said_once(topics, fake_slurm, caplog):
    first, second = topics(one(parse_strategy="PARSE_COLUMNS", columns="[a]", max_series="2") + one(name="site_y")[9:])
    fake_slurm.answers("squeue", "a\nb\nc\na\nd\n")
    for _time in range(2):
        assert shown(first).splitlines()[2:] == ['site_x{a="a"} 2.0', 'site_x{a="b"} 1.0']
    assert caplog.text.count("2 rows were left out, more than max_series: 2") == 1
    text = render(first.status()).decode()
    assert 'slurm_exporter_custom_dropped_rows{source="custom:site_x"} 2' in text
    assert 'slurm_exporter_custom_dropped_rows{source="custom:site_y"} 0' in text
    assert list(second.status()) == []


def test_too_many_partitions_are_refused(topics, fake_slurm):
    (found,) = topics(one(command_args='["{partition}"]'))
    has_partitions(fake_slurm, *map(str, range(1001)))
    with pytest.raises(SlurmError, match="1 states and 1001 partitions are too many commands"):
        found.read()


@pytest.mark.parametrize(
    ("function", "problem"),
    [
        (lambda lines: 1 / 0, "it failed: ZeroDivisionError: division by zero"),
        (lambda lines: "many", r"it returned \(\): 'many', and not a number by 1 strings"),
        (lambda lines: {("a", "b"): 1}, "it returned .*, and not a number by 1 strings"),
        (lambda lines: {"a": 1}, "it returned 'a': 1, and not a number by 1 strings"),
        (lambda lines: {(1,): 1}, "it returned"),
        (lambda lines: {("a",): math.nan}, "it returned"),
    ],
)
def test_a_function_that_fails_or_returns_something_else(function, problem):
    with pytest.raises(SlurmError, match=problem):
        list(parse.Custom(("shell",), function, "it").rows(iter([b"x"])))


def test_a_function_that_returns_a_number():
    assert list(parse.Custom((), len, "len").rows(iter([b"x", b"y"]))) == [((), 2.0)]


def test_an_entry_point(monkeypatch):
    point = SimpleNamespace(name="lines", load=lambda: len)
    monkeypatch.setattr(parse, "entry_points", lambda group: [point] if group == "slurm_observability.parsers" else [])
    assert parse.find_function("lines") is len


def test_a_failing_command_hurts_only_itself(start, cluster, fake_slurm, read, eventually):
    fake_slurm.fails("site-broken", "out of order")
    fake_slurm.hangs("site-hanging")
    fake_slurm.answers("site-good", "7\n")
    schemas = read(
        one(name="site_broken", command="[site-broken]")
        + one(name="site_hanging", command="[site-hanging]")[9:]
        + one(name="site_good", command="[site-good]", parse_strategy="EXTRACT_NUMBER")[9:]
    )
    client = start(custom_metrics=schemas)
    eventually(lambda: client.metrics().get("site_good") == 7 and "slurm_nodes" in client.metrics())
    eventually(lambda: client.metrics()['slurm_exporter_source_errors_total{source="custom:site_broken"}'] > 0)
    metrics = client.metrics()
    assert metrics['slurm_exporter_source_up{source="custom:site_good"}'] == 1
    assert metrics['slurm_exporter_source_up{source="custom:site_broken"}'] == 0
    assert metrics['slurm_exporter_source_up{source="nodes"}'] == 1
    assert "site_broken" not in metrics and "site_hanging" not in metrics


def test_few_commands_run_at_once(topics, fake_slurm, tmp_path):
    fake_slurm.does(
        "site-slow", f'mkdir "{tmp_path}/$$"; ls -d "{tmp_path}"/[0-9]* | wc -l; sleep 0.2; rmdir "{tmp_path}/$$"'
    )
    text = "metrics:\n" + "".join(
        one(name=f"site_{n}", command="[site-slow]", parse_strategy="EXTRACT_NUMBER")[9:] for n in range(6)
    )
    found = topics(text)
    answers: list[str] = []
    threads = [threading.Thread(target=lambda each=each: answers.append(shown(each))) for each in found]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    counts = [float(text.split()[-1]) for text in answers]
    assert len(counts) == 6 and max(counts) <= topic.CONCURRENT


def test_a_metric_has_a_timeout_and_a_bound_of_its_own(topics, fake_slurm, monkeypatch):
    fake_slurm.hangs("site-hanging")
    (found,) = topics(one(command="[site-hanging]", timeout="0.2"))
    began = time.monotonic()
    with pytest.raises(SlurmError, match=r"site-hanging did not answer within 0\.2 seconds"):
        found.read()
    assert time.monotonic() - began < 3
    monkeypatch.setattr(topic, "MAX_OUTPUT_BYTES", 10)
    fake_slurm.answers("squeue", "x" * 100)
    with pytest.raises(SlurmError, match="squeue printed more than 10 bytes"):
        topics(one())[0].read()
