"""What is served is what Prometheus' own client reads back, whatever the labels hold."""

from __future__ import annotations

import math

from hypothesis import given
from hypothesis import strategies as st
from prometheus_client.parser import text_string_to_metric_families
from slurm_observability.metrics.exposition import render
from slurm_observability.metrics.metric import Family, HistogramFamily, Metric, scalar

# The client's parser splits lines where Python does; Prometheus splits at line feeds only.
LABEL = st.text(st.characters(exclude_categories=("Cs", "Cc", "Zl", "Zp"), include_characters='\n\\"'))
VALUE = st.integers(-(2**53), 2**53) | st.floats(allow_nan=False)


def read(families):
    return list(text_string_to_metric_families(render(families).decode()))


@given(st.dictionaries(LABEL, VALUE))
def test_one_label(samples):
    (family,) = read([Family(Metric("m", "text", ("a",)), [((label,), value) for label, value in samples.items()])])
    assert {sample.labels["a"]: sample.value for sample in family.samples} == samples


@given(st.dictionaries(st.tuples(LABEL, LABEL), VALUE))
def test_two_labels(samples):
    (family,) = read([Family(Metric("m", "text", ("a", "b")), samples.items())])
    assert {(sample.labels["a"], sample.labels["b"]): sample.value for sample in family.samples} == samples


def test_help_and_type_are_there_without_samples():
    (family,) = read([Family(Metric("m_total", 'a "quoted" \\ text\nof two lines', ("a",), "counter"), [])])
    assert (family.name, family.type, family.documentation) == ("m", "counter", 'a "quoted" \\ text\nof two lines')


def test_numbers():
    values = [True, 0, -1, 1.5, 1e21, math.inf, -math.inf]
    assert [read([scalar(Metric("m", ""), value)])[0].samples[0].value for value in values] == values
    assert math.isnan(read([scalar(Metric("m", ""), math.nan)])[0].samples[0].value)


def test_a_histogram():
    metric = Metric("wait_seconds", "text", ("partition",), "histogram")
    (family,) = read([HistogramFamily(metric, [(("hpc",), [(0.5, 1), (60, 3), (math.inf, 4)], 99.5)])])
    assert family.type == "histogram"
    assert [(sample.name, sample.labels, sample.value) for sample in family.samples] == [
        ("wait_seconds_bucket", {"partition": "hpc", "le": "0.5"}, 1),
        ("wait_seconds_bucket", {"partition": "hpc", "le": "60"}, 3),
        ("wait_seconds_bucket", {"partition": "hpc", "le": "+Inf"}, 4),
        ("wait_seconds_sum", {"partition": "hpc"}, 99.5),
        ("wait_seconds_count", {"partition": "hpc"}, 4),
    ]


def test_a_lone_surrogate_does_not_stop_a_scrape():
    assert b'{a="?"}' in render([Family(Metric("m", "", ("a",)), [(("\udcff",), 1)])])


def test_every_byte():
    families = [
        scalar(Metric("a", "back\\slash\nline"), math.nan),
        Family(Metric("b", "", ("x",)), [(("1",), math.inf), (("2",), -math.inf), (("3",), 0.0)]),
        Family(Metric("c", "", ("x", "y")), [(("1", '"'), True)]),
    ]
    assert render(families).decode() == (
        "# HELP a back\\\\slash\\nline\n# TYPE a gauge\na NaN\n"
        '# HELP b \n# TYPE b gauge\nb{x="1"} +Inf\nb{x="2"} -Inf\nb{x="3"} 0.0\n'
        '# HELP c \n# TYPE c gauge\nc{x="1",y="\\""} 1\n'
    )
