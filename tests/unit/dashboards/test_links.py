"""Every link leads somewhere, and takes with it the time range and what it is about."""

from __future__ import annotations

import re
from urllib.parse import parse_qsl, urlsplit

from dashboards.house import links, uids
from tests.unit.dashboards.document import Json, built, data_links, panels, variables

UIDS = {value for name, value in vars(uids).items() if name.isupper()}


def test_every_uid_is_that_of_a_dashboard() -> None:
    assert set(built()) == UIDS


def test_every_link_leads_to_a_dashboard_and_its_variables(document: Json) -> None:
    there = built()
    for panel, link in data_links(document):
        uid, parameters = _target(link)
        assert uid in there, f"{panel['title']} leads to {uid}"
        names = {name.removeprefix("var-") for name in parameters if name.startswith("var-")}
        assert names <= variables(there[uid]).keys(), f"{panel['title']} gives {uid} {names}"


def test_every_link_has_a_time_range(document: Json) -> None:
    """That of the page, or that of the row."""
    times = re.compile(r"&\$\{__url_time_range\}$|&from=\$\{__data\.fields\.\w+\}&to=\$\{__data\.fields\.\w+\}$")
    assert [panel["title"] for panel, link in data_links(document) if not times.search(link["url"])] == []


def test_a_link_keeps_the_data_source_where_both_have_it(document: Json) -> None:
    there = built()
    for panel, link in data_links(document):
        both = "datasource" in variables(document) and "datasource" in variables(there[_target(link)[0]])
        assert ("${datasource:queryparam}" in link["url"]) == both, panel["title"]


def test_every_value_of_a_link_is_a_label_of_the_series_or_a_column(document: Json) -> None:
    for panel, link in data_links(document):
        series, fields = (
            set(re.findall(pattern, link["url"])) for pattern in (r"__field\.labels\.(\w+)", r"__data\.fields\.(\w+)")
        )
        shown = str([target.get("expr", target.get("rawSql")) for target in panel["targets"]])
        assert all(re.search(rf"\b{label}\b", shown) for label in series | fields), panel["title"]
        assert bool(fields) == (panel["type"] == "table"), panel["title"]


def test_every_dashboard_is_in_the_menu_of_all(document: Json) -> None:
    assert document["tags"] == [links.TAG]
    [menu] = [link for link in document["links"] if link["type"] == "dashboards"]
    assert menu["tags"] == [links.TAG]
    assert menu["keepTime"]
    assert menu["includeVars"]
    assert "placement" not in menu


def test_variables_of_the_same_name_mean_the_same() -> None:
    meanings: dict[str, set[str]] = {}
    for document in built().values():
        for name, variable in variables(document).items():
            meanings.setdefault(name, set()).add(str(variable["query"]))
    assert {name: found for name, found in meanings.items() if len(found) > 1} == {}


def test_panels_have_ids_of_their_own(document: Json) -> None:
    rows = [panel for panel in document["panels"] if panel["type"] == "row"]
    ids = [panel["id"] for panel in [*rows, *panels(document)]]
    assert len(set(ids)) == len(ids)


def _target(link: Json) -> tuple[str, list[str]]:
    """The uid, and the variables that the link sets by name."""
    url = urlsplit(link["url"])
    assert url.path.startswith("/d/")
    return url.path.removeprefix("/d/"), [name for name, _ in parse_qsl(url.query)]
