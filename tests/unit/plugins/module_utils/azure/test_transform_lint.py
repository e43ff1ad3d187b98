# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is refused in a transformation, and which columns it gives. tests/kql asks Microsoft's parser the same."""

from __future__ import annotations

import pytest
from ansible_collections.slurm.observability.plugins.module_utils.azure.transform_lint import (
    lint_columns,
    lint_transform,
    transform_columns,
)
from ansible_collections.slurm.observability.plugins.module_utils.azure.transform_words import LONGEST

STREAM = ["TimeGenerated", "RawData", "Computer", "FilePath"]

ALLOWED = [
    "source",
    "source | where RawData !contains 'debug' and not_here == 1 // a comment\n",
    'source | where RawData has "a" or RawData matches regex @"^\\d+ ""x""$" or Computer in ("a", "b")',
    "let From = datetime(2026-01-01T00:00:00Z) + 1d; source | where TimeGenerated >= From",
    "let Upper = (text: string) { toupper(text) };\nsource | extend Computer = Upper(Computer)",
    "source | parse kind = regex RawData with '[' Stamp: datetime '] ' Level ':' * | project TimeGenerated = Stamp",
    "source | extend ['odd name'] = split(RawData, ' ')[0], Third = parse_json(RawData).a.b | project-away Comp*",
    "print TimeGenerated = now(), RawData = 'x'",
    "let Errors = source | where RawData has 'error'; Errors | extend a = 1",
    "source | extend a = -1 + 0x1f * 2.5e3, b = 30m, c = totimespan('1:00') | project-rename Text = RawData",
]


@pytest.mark.parametrize("text", ALLOWED)
def test_what_azure_takes_is_left_alone(text):
    assert lint_transform(text) == []


REFUSED = {
    "": "It is empty; 'source' passes everything on.",
    "source | summarize count()": (
        "line 1, column 10: Azure allows no operator 'summarize' in a transformation; use a query on the table."
    ),
    "source\n| projct RawData": (
        "line 2, column 3: Azure allows no operator 'projct' in a transformation; did you mean 'project'?"
    ),
    "source | Extend a = 1": (
        "line 1, column 10: Azure allows no operator 'Extend' in a transformation; did you mean 'extend'?"
    ),
    "source | extend x = coalesce(RawData, 'a')": (
        "line 1, column 21: Azure allows no function 'coalesce' in a transformation; use iif(isnotnull(a), a, b)."
    ),
    "source | where RawData has_any ('a')": (
        "line 1, column 24: Azure allows no operator 'has_any' in a transformation; use has, joined by or."
    ),
    "source | where TimeGenerated between (ago(1d) .. now())": (
        "line 1, column 30: Azure allows no operator 'between' in a transformation; use a >= x and a <= y."
    ),
    "source | where Computer !in~ ('a')": (
        "line 1, column 25: Azure allows no operator '!in~' in a transformation; use in, on tolower()."
    ),
    "source | extend a = dynamic({'b': 1})": (
        "line 1, column 21: Azure allows no function 'dynamic' in a transformation; use parse_json()."
    ),
    "source | where Computer in (syslog_raw_CL | distinct Computer)": (
        "line 1, column 43: a transformation has no pipeline within brackets."
    ),
    "syslog_raw_CL | where true": "line 1, column 1: the data of a transformation is 'source'.",
    "set a = 1; source": "line 1, column 1: only 'let name = ...' may stand before the pipeline.",
    "source | where RawData == 'abc": "line 1, column 27: a string that does not end cannot be read as KQL.",
    "source | where (RawData == 'a'": "line 1, column 16: '(' is never closed cannot be read as KQL.",
    "source | where RawData == 'a')": "line 1, column 30: ')' closes nothing cannot be read as KQL.",
    "source | where a # b": "line 1, column 18: the character '#' cannot be read as KQL.",
    "source | parse RawData with " + " ' ' ".join(f"c{n}" for n in range(11)): (
        "line 1, column 10: a parse gives 10 columns at the most, this one 11."
    ),
    f"source // {'x' * LONGEST}": f"It has {LONGEST + 10} characters; Azure takes {LONGEST}.",
}


@pytest.mark.parametrize("text", REFUSED, ids=lambda text: text[:40])
def test_each_fault_has_one_sentence_with_its_place(text):
    assert lint_transform(text) == [REFUSED[text]]


def test_all_faults_are_told_at_once():
    assert len(lint_transform("source | take 1 | extend a = bag_keys(b), c = strcat_array(d, '')")) == 3


@pytest.mark.parametrize(
    ("text", "wrong"),
    [
        ("source | where RawDat has 'x'", "RawDat"),
        ("source | parse RawDta with Level ':' *", "RawDta"),
        ("source | extend a = Computer.b, c = Compter.d", "Compter"),
    ],
)
def test_a_column_that_is_not_there_is_found_when_the_stream_is_known(text, wrong):
    assert lint_transform(text) == []
    (finding,) = lint_transform(text, STREAM)
    assert f"there is no column '{wrong}' here" in finding


@pytest.mark.parametrize(
    ("text", "columns"),
    [
        ("source", STREAM),
        ("source | extend a = 1, RawData = 'x' | where true", [*STREAM, "a"]),
        ("source | project RawData, t = TimeGenerated, ['odd name'] = 1", ["RawData", "t", "odd name"]),
        ("source | project-away Comp*, FilePath", ["TimeGenerated", "RawData"]),
        ("source | project-rename Text = RawData", ["TimeGenerated", "Text", "Computer", "FilePath"]),
        ("source | parse RawData with 'a' A:long ' ' B", [*STREAM, "A", "B"]),
        ("source | project strcat(RawData, 'x')", None),
        ("print a = 1", None),
        ("source | where (", None),
    ],
)
def test_the_columns_of_its_result_are_known(text, columns):
    assert transform_columns(text, STREAM) == columns


def test_a_column_that_the_pipeline_itself_took_away_is_missed():
    assert lint_transform("source | project TimeGenerated | where Computer == 'a'") == [
        "line 1, column 40: there is no column 'Computer' here."
    ]


def test_what_the_table_lacks_and_what_every_table_needs():
    assert lint_columns("source | project RawData, Level = 1", STREAM, ["TimeGenerated", "RawData"]) == [
        "It gives no TimeGenerated, which every table needs.",
        "It gives the column 'Level', which the table does not have.",
    ]
    assert lint_columns("source", STREAM, None) == []
    assert lint_columns("source", [], ["TimeGenerated"]) == []
