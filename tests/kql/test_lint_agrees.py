"""The offline check of transformations reads KQL as Microsoft's parser does."""

from __future__ import annotations

import re

from ansible_collections.slurm.observability.plugins.module_utils.azure import transform_words as allowed
from ansible_collections.slurm.observability.plugins.module_utils.azure.transform_lint import (
    lint_transform,
    transform_columns,
)

from tests.kql import catalogue

STREAM = "(TimeGenerated:datetime,RawData:string,Computer:string,FilePath:string)"
NAMES = ["TimeGenerated", "RawData", "Computer", "FilePath"]

TEXTS = [
    "source | where RawData !contains 'a' and Computer in~ ('b') and not(RawData has_any ('c'))",
    "source | where TimeGenerated between (ago(1d) .. now()) or FilePath hasprefix 'x' or RawData !has_cs \"y\"",
    "source | parse kind=regex RawData with @'^a' Number:long * | project-rename z = Computer | project-away File*",
    "source | summarize count() by Computer | order by count_ desc | take 5",
    "source | extend a = coalesce(RawData, 'x'), b = replace_string(RawData, 'a', 'b'), c = format_datetime(now(), '')",
    "source | mv-expand split(RawData, ' ') | top 3 by TimeGenerated | distinct Computer",
    "let F = (t: string) { toupper(t) }; let N = 5; source | extend a = F(RawData), b = N",
    "source | extend a = 'a | summarize b', b = \"x // y\", c = @'\\' // | join source on Computer\n | where true",
    "source | extend ['my column'] = strlen(RawData) | where ['my column'] > 0x10 and 1.5e3 < 2 and 5m > 3s",
    "source | extend a = parse_json(RawData).b[0]['c'], d = extract(@'(\\d+)', 1, RawData), e = -1 % 2",
    "source | where RawData matches regex '^[a-z]' and RawData startswith_cs 'A' | limit 5 | serialize",
    "source | as T | invoke f() | evaluate g() | sample 3 | getschema | render timechart",
    "source | where Computer has_all ('a', 'b') and Computer !between (1 .. 2) | parse-where RawData with 'x' y",
]


def refused(findings, kind):
    """The operators or functions that findings name."""
    return {match[1] for finding in findings if (match := re.search(rf"allows no {kind} '([^']+)'", finding))}


def test_what_is_refused_is_what_microsofts_parser_sees_and_azure_does_not_list(ask):
    own_functions = {"F"}
    for text, seen in zip(TEXTS, ask({"source": STREAM}, TEXTS), strict=True):
        findings = lint_transform(text)
        operators = {word for word in seen["operators"] if word not in allowed.OPERATORS}
        words = {word for word in seen["words"] if not set(word.split()) <= allowed.WORD_OPERATORS}
        functions = set(seen["functions"]) - allowed.FUNCTIONS - own_functions
        if not operators:  # an operator that is unknown ends the reading of its stage
            assert (text, refused(findings, "function")) == (text, functions)
        assert (text, refused(findings, "operator")) == (text, operators | words)


def test_the_columns_of_a_result_are_those_that_microsofts_parser_gives(ask):
    for text, seen in zip(TEXTS, ask({"source": STREAM}, TEXTS), strict=True):
        columns = transform_columns(text, NAMES)
        if columns is not None:
            assert (text, columns) == (text, [column.partition(":")[0] for column in seen["columns"]])


def test_the_transformations_of_the_catalogue_give_what_their_tables_have(ask):
    sources = catalogue.resolved(utc_offset="-03:30", own={"sources": {"slurmd": {"where": 'RawData !has "debug"'}}})
    texts = [source["transform"] for source in sources.values()]
    for source, seen in zip(sources.values(), ask({"source": STREAM}, texts), strict=True):
        assert seen["diagnostics"] == []
        assert seen["columns"] == [f"{column['name']}:{column['type']}" for column in source["columns"]]
