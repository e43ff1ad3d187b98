"""What the house layer promises of every dashboard, and of the parts that it is made of."""

from __future__ import annotations

import itertools
import re

import pytest
import yaml
from grafana_foundation_sdk.models import units

from dashboards.house import build, panels, style, tables
from dashboards.house.links import Link
from dashboards.house.queries import Query
from dashboards.house.tables import Column
from tests.dashboard_queries import COLUMN_PX
from tests.unit.dashboards import document as documents
from tests.unit.dashboards.document import Json

# Kinds of panels that Grafana 9 to 13 have, without a plugin to install.
SAFE = {"timeseries", "stat", "bargauge", "table", "state-timeline"}
# Transformations that Grafana 9 has too.
SAFE_STEPS = {"filterFieldsByName", "merge", "organize", "sortBy"}
PROMETHEUS = build.FOLDER.parents[2] / "prometheus/defaults/main.yml"


def test_grafana_9_to_13_have_all_that_is_used(document: Json) -> None:
    assert document["schemaVersion"] == 42
    assert {panel["type"] for panel in documents.panels(document)} <= SAFE
    steps = [step["id"] for panel in documents.panels(document) for step in panel.get("transformations", [])]
    assert set(steps) <= SAFE_STEPS


def test_a_page_asks_no_faster_than_there_is_news(document: Json) -> None:
    defaults = yaml.safe_load(PROMETHEUS.read_text())
    news = max(_seconds(defaults[f"prometheus_{name}_interval"]) for name in ("scrape", "evaluation"))
    asked = [document["refresh"], *document["timepicker"]["refresh_intervals"]]
    assert all(_seconds(interval) >= news for interval in asked)


def test_panels_lie_side_by_side(document: Json) -> None:
    places = [panel["gridPos"] for panel in document["panels"]]
    assert all(place["x"] + place["w"] <= 24 for place in places)
    for one, other in itertools.combinations(places, 2):
        beside = one["x"] + one["w"] <= other["x"] or other["x"] + other["w"] <= one["x"]
        below = one["y"] + one["h"] <= other["y"] or other["y"] + other["h"] <= one["y"]
        assert beside or below, (one, other)


def test_tables_are_sorted_by_numbers(document: Json) -> None:
    """In the alphabet, info comes before warning."""
    for panel in documents.panels(document):
        steps = {step["id"]: step["options"] for step in panel.get("transformations", [])}
        if "sortBy" in steps:
            headings = steps["organize"]["renameByName"]
            values = {heading for field, heading in headings.items() if field.startswith("Value")}
            assert {key["field"] for key in steps["sortBy"]["sort"]} <= values, panel["title"]


def test_a_band_misses_nothing_that_lasts_ten_minutes(document: Json) -> None:
    """As an XID does. The page of the health checks opens on a week."""
    number, unit = re.fullmatch(r"now-(\d+)([hd])", document["time"]["from"]).groups()
    seconds = int(number) * {"h": 3600, "d": 86400}[unit]
    for panel in documents.panels(document):
        if panel["type"] == "state-timeline" and panel["gridPos"]["w"] == 24:
            points = panel.get("maxDataPoints") or 24 * COLUMN_PX
            assert seconds / points < 600, panel["title"]


def test_uids_are_what_grafana_takes() -> None:
    assert all(re.fullmatch(r"[a-z][a-z0-9-]{0,39}", uid) for uid in documents.built())


def test_a_link_gives_its_variables_the_labels_of_the_series() -> None:
    link = Link("Job", "slurm-job", ("node",), renamed=(("job_id", "hpc_job"),)).from_series().build()
    assert link.title == "Job ${__field.labels.node} ${__field.labels.hpc_job}"
    assert link.url == (
        "/d/slurm-job?${datasource:queryparam}&var-node=${__field.labels.node}"
        "&var-job_id=${__field.labels.hpc_job}&${__url_time_range}"
    )


def test_a_link_can_bring_a_time_range_of_its_own() -> None:
    link = Link("Job", "slurm-job", ("job_id",), keep_datasource=False, times=("from", "to")).from_row().build()
    assert link.url == (
        "/d/slurm-job?var-job_id=${__data.fields.job_id}&from=${__data.fields.from}&to=${__data.fields.to}"
    )


def test_a_table_of_one_query_and_of_two() -> None:
    """Grafana calls the value of the only query Value, and of one of several by its letter."""
    first, second = Query("max by (node) (a)", "A"), Query("max by (node) (b)", "B")
    columns = [Column("node", "Node"), Column("A"), Column("B")]
    [chosen, organized] = tables.table("t", "d", [first], columns[:2]).build().transformations or []
    assert chosen.options == {"include": {"names": ["node", "Value"]}}
    assert organized.options["renameByName"] == {"node": "Node", "Value": "A"}
    steps = tables.table("t", "d", [first, second], columns, sort_by="B").build().transformations or []
    assert [step.id_val for step in steps] == ["filterFieldsByName", "merge", "organize", "sortBy"]
    assert steps[0].options == {"include": {"names": ["node", "Value #A", "Value #B"]}}
    assert steps[2].options["indexByName"] == {"node": 0, "Value #A": 1, "Value #B": 2}


def test_a_column_that_is_not_said_to_be_a_number_is_text() -> None:
    """Or job 1234 would be shown as 1.23 K."""
    properties = {value.id_val: value.value for value in Column("job_id").properties}
    assert properties == {"unit": units.String, "noValue": ""}


def test_a_hidden_column_is_hidden_by_old_and_new_tables() -> None:
    properties = {value.id_val: value.value for value in Column("from", hidden=True).properties}
    assert (properties["custom.hidden"], properties["custom.hideFrom"]["viz"]) == (True, True)


def test_a_number_that_is_not_known_is_shown_as_nothing() -> None:
    properties = {value.id_val: value.value for value in Column("a", unit=units.Watt).properties}
    [mapping] = properties["mappings"]
    shown = mapping.options
    assert (shown.match.value, shown.result.text) == ("nan", "")


def test_colours_begin_below_everything() -> None:
    steps = style.steps(style.GOOD, (85, style.BAD)).build().steps
    assert [(step.value, step.color) for step in steps] == [(None, "green"), (85, "red")]


@pytest.mark.parametrize(("course", "ranged"), [(True, True), (False, False)])
def test_a_number_asks_for_its_course_only_if_it_is_drawn(course: bool, ranged: bool) -> None:
    [target] = panels.stat("t", "d", units.Short, Query("a", "A"), course=course).build().targets or []
    assert (target.range_val, target.instant) == (ranged, not ranged)


def _seconds(interval: str) -> int:
    return int(interval[:-1]) * {"s": 1, "m": 60, "h": 3600}[interval[-1]]
