"""The rules of grafana/dashboard-linter (0.2.0), by their names there. Each yields what is wrong with a dashboard.

Those about Loki are left out, for there is no Loki. `.lint` beside the dashboards says which others are, and why.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import yaml
from grafana_foundation_sdk.models import units

from dashboards.house import build
from tests.unit.dashboards import promql
from tests.unit.dashboards.document import Json, expressions, panels, values_found, variables

UNITS = {value for name, value in vars(units).items() if name[0].isupper()}
EXCLUSIONS: Json = yaml.safe_load(Path(build.FOLDER, ".lint").read_text())["exclusions"]


def template_datasource(document: Json) -> Iterator[str]:
    """The data source is a variable with the name and label that all dashboards use."""
    sources = {name: variable for name, variable in variables(document).items() if variable["type"] == "datasource"}
    if not sources:
        yield "no variable is a data source"
    for name, variable in sources.items():
        kind = variable["query"]
        allowed = {f"{kind}_datasource": f"{kind.capitalize()} data source"}
        if len(sources) == 1:
            allowed["datasource"] = "Data source"
        if allowed.get(name) != variable["label"]:
            yield f"the data source {name} is called {variable['label']}"


def template_label_promql(document: Json) -> Iterator[str]:
    """What a variable finds its values with is PromQL."""
    for name, metric, _ in values_found(document):
        yield from _unless_parsed(name, metric)


def template_on_time_change_reload(document: Json) -> Iterator[str]:
    """Values of variables are those of the time range."""
    for name, variable in variables(document).items():
        if variable["type"] == "query" and variable["refresh"] != 2:
            yield f"{name} is not read again when the time range changes"


def panel_datasource(document: Json) -> Iterator[str]:
    """Every panel, and every query, reads a data source that is a variable."""
    names = {f"${{{name}}}" for name, variable in variables(document).items() if variable["type"] == "datasource"}
    for panel in panels(document):
        for owner in (panel, *panel["targets"]):
            if owner.get("datasource", {}).get("uid") not in names:
                yield f"{panel['title']} reads {owner.get('datasource')}"


def panel_title_description(document: Json) -> Iterator[str]:
    """Every panel says what it shows."""
    for panel in panels(document):
        if not panel.get("title") or not panel.get("description"):
            yield f"panel {panel['id']} ({panel.get('title')}) lacks a title or a description"


def panel_units(document: Json) -> Iterator[str]:
    """Every unit is one of Grafana's list; those of columns too."""
    for panel in panels(document):
        fields = panel["fieldConfig"]
        values = [value for override in fields["overrides"] for value in override["properties"]]
        for unit in [fields["defaults"].get("unit"), *(value["value"] for value in values if value["id"] == "unit")]:
            if unit not in UNITS:
                yield f"{panel['title']} has the unit {unit}"


def panel_no_targets(document: Json) -> Iterator[str]:
    """Every panel asks for something."""
    yield from (f"{panel['title']} has no query" for panel in panels(document) if not panel.get("targets"))


def target_promql(document: Json) -> Iterator[str]:
    """Every query is PromQL."""
    for title, query in expressions(document):
        yield from _unless_parsed(title, query)


def target_rate_interval(document: Json) -> Iterator[str]:
    """A rate is taken over Grafana's own interval, so that no sample is left out between two points."""
    for title, query in expressions(document):
        for function, length in promql.ranges(query):
            if function in {"rate", "irate"} and length != "$__rate_interval":
                yield f"{title} takes a {function} over {length}"


def target_counter_agg(document: Json) -> Iterator[str]:
    """No counter is shown as it is."""
    for title, query in expressions(document):
        yield from (f"{title} shows the counter {name}" for name in promql.bare_counters(query))


def uneditable_dashboard(document: Json) -> Iterator[str]:
    """A change in the browser would be lost with the next build."""
    if document["editable"]:
        yield "it can be edited"


def _unless_parsed(title: str, query: str) -> Iterator[str]:
    try:
        promql.parse(query)
    except ValueError as error:
        yield f"{title}: {error}"


RULES: tuple[Callable[[Json], Iterator[str]], ...] = (
    template_datasource,
    template_label_promql,
    template_on_time_change_reload,
    panel_datasource,
    panel_title_description,
    panel_units,
    panel_no_targets,
    target_promql,
    target_rate_interval,
    target_counter_agg,
    uneditable_dashboard,
)
