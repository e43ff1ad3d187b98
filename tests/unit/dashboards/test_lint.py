"""The dashboards follow the rules of grafana/dashboard-linter, and each rule finds what breaks it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from copy import deepcopy

import pytest

from dashboards.house import uids
from tests.unit.dashboards import lint
from tests.unit.dashboards.document import Json, built

# Rules of the linter for dashboards that read Loki.
LOKI = {"target-logql-rule", "target-logql-auto-rule"}
RULES_THERE = 17


@pytest.mark.parametrize("rule", lint.RULES, ids=lambda rule: rule.__name__)
def test_rule(document: Json, rule: Callable[[Json], Iterator[str]]) -> None:
    assert list(rule(document)) == []


def test_every_rule_is_kept_or_left_out_with_a_reason() -> None:
    kept = {rule.__name__.replace("_", "-") + "-rule" for rule in lint.RULES}
    assert not kept & lint.EXCLUSIONS.keys()
    assert len(kept | lint.EXCLUSIONS.keys() | LOKI) == RULES_THERE
    assert all(exclusion["reason"] for exclusion in lint.EXCLUSIONS.values())


def _sound() -> Json:
    return deepcopy(built()[uids.QUEUE])


def _panel(document: Json) -> Json:
    return next(panel for panel in document["panels"] if panel["type"] != "row")


def _edit(document: Json) -> None:
    document["editable"] = True


def _fixed_source(document: Json) -> None:
    _panel(document)["targets"][0]["datasource"]["uid"] = "abc"


def _other_label(document: Json) -> None:
    document["templating"]["list"][0]["label"] = "Prometheus"


def _no_source(document: Json) -> None:
    del document["templating"]["list"][0]


def _once(document: Json) -> None:
    document["templating"]["list"][1]["refresh"] = 1


def _no_metric(document: Json) -> None:
    document["templating"]["list"][1]["query"]["query"] = "label_values(up{, node)"


def _no_text(document: Json) -> None:
    _panel(document)["description"] = ""


def _unknown_unit(document: Json) -> None:
    _panel(document)["fieldConfig"]["defaults"]["unit"] = "watts"


def _silent(document: Json) -> None:
    _panel(document)["targets"] = []


def _query(expr: str) -> Callable[[Json], None]:
    def change(document: Json) -> None:
        _panel(document)["targets"][0]["expr"] = expr

    return change


@pytest.mark.parametrize(
    ("rule", "change"),
    [
        (lint.uneditable_dashboard, _edit),
        (lint.panel_datasource, _fixed_source),
        (lint.template_datasource, _other_label),
        (lint.template_datasource, _no_source),
        (lint.template_on_time_change_reload, _once),
        (lint.template_label_promql, _no_metric),
        (lint.panel_title_description, _no_text),
        (lint.panel_units, _unknown_unit),
        (lint.panel_no_targets, _silent),
        (lint.target_promql, _query("sum by (node")),
        (lint.target_rate_interval, _query("sum(rate(x_total[5m]))")),
        (lint.target_counter_agg, _query("sum(slurm_rpcs_total)")),
        (lint.target_counter_agg, _query('{__name__=~"a_(b|c)_total"}')),
    ],
)
def test_rule_finds_what_breaks_it(rule: Callable[[Json], Iterator[str]], change: Callable[[Json], None]) -> None:
    document = _sound()
    change(document)
    assert list(rule(document))


def test_a_rate_over_grafanas_interval_is_right() -> None:
    document = _sound()
    _query("sum(rate(x_total[$__rate_interval])) + sum(increase(y_total[1h]))")(document)
    assert not [*lint.target_rate_interval(document), *lint.target_counter_agg(document)]
