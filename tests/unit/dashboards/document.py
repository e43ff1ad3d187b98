"""What is in the JSON of the dashboards."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache
from typing import Any

from dashboards.house import build

Json = dict[str, Any]


@cache
def built() -> dict[str, Json]:
    """All dashboards by their uids, made once. Who changes one takes a copy."""
    return build.documents()


def panels(document: Json) -> Iterator[Json]:
    """All panels, those in collapsed rows too, and not the rows."""
    for panel in document["panels"]:
        if panel["type"] == "row":
            yield from panel.get("panels", [])
        else:
            yield panel


def expressions(document: Json) -> Iterator[tuple[str, str]]:
    """Title of the panel and PromQL of each target."""
    for panel in panels(document):
        yield from ((panel["title"], target["expr"]) for target in panel["targets"] if "expr" in target)


def variables(document: Json) -> dict[str, Json]:
    """The variables by name."""
    return {variable["name"]: variable for variable in document["templating"]["list"]}


def values_found(document: Json) -> Iterator[tuple[str, str, str]]:
    """Name, metric and label of each variable whose values Prometheus gives."""
    for name, variable in variables(document).items():
        if variable["type"] == "query" and variable["datasource"]["type"] == "prometheus":
            found = re.fullmatch(r"label_values\((?:(.+), *)?(\w+)\)", variable["query"]["query"], re.DOTALL)
            assert found, variable["query"]
            yield name, found[1] or "", found[2]


def data_links(document: Json) -> Iterator[tuple[Json, Json]]:
    """Each link on data, with its panel."""
    for panel in panels(document):
        fields = panel["fieldConfig"]
        yield from ((panel, link) for link in fields["defaults"].get("links", []))
        for override in fields["overrides"]:
            for value in override["properties"]:
                if value["id"] == "links":
                    yield from ((panel, link) for link in value["value"])
