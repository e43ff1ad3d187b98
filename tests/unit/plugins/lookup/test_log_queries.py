# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Queries in files: what is told of them, and what they are as functions."""

from __future__ import annotations

from pathlib import Path

import pytest
from ansible.errors import AnsibleLookupError
from ansible.plugins.loader import lookup_loader
from ansible_collections.slurm.observability.plugins.plugin_utils.log_queries import QueryError, read_query

FOLDER = Path(__file__).parents[4] / "roles" / "_log_catalogue" / "files" / "queries"
TEXT = """\
// Who wrote
// Rows by computer.
let Since = 1d;
let Least = 10;
let Part = 0.5;
let Name = "a; b";
let Strict = true;
let Lines = syslog_raw_CL | where TimeGenerated > ago(Since);
Lines | where Computer != Name
"""


def look_up(*folders, **options):
    """What the lookup gives."""
    return lookup_loader.get("slurm.observability.log_queries").run([str(folder) for folder in folders], **options)


def test_a_query_is_saved_as_it_is():
    assert read_query("slurm_who", TEXT, "Slurm", function=False) == {
        "name": "slurm_who",
        "category": "Slurm",
        "display_name": "Who wrote",
        "query": TEXT,
    }


def test_the_constants_of_a_function_are_its_parameters():
    saved = read_query("who", TEXT.replace('"a; b"', '"a"'), "Slurm", function=True)
    assert saved["function_alias"] == "who"
    assert saved["function_parameters"] == (
        'Since:timespan=1d, Least:long=10, Part:real=0.5, Name:string="a", Strict:bool=true'
    )
    assert saved["query"].splitlines()[2].startswith("let Lines = ")
    assert saved["query"].startswith("// Who wrote\n// Rows by computer.\nlet Lines")


def test_a_parameter_ends_where_the_text_has_a_semicolon():
    assert "Name" not in read_query("who", TEXT, "Slurm", function=True)["function_parameters"]


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("// Title\nsyslog_raw_CL", "who: a query begins with two lines of comments or more"),
        ("syslog_raw_CL", "who: a query begins with two lines of comments or more"),
        ("// Title\n// More\n", "who: there is no query in it"),
        ("// Title\n// More\nsyslog_raw_CL | where a == 'b", "who: line 3, column 28: a string that does not end"),
    ],
)
def test_what_is_no_query_is_told(text, why):
    with pytest.raises(QueryError, match=why):
        read_query("who", text, "Slurm", function=False)


def test_the_collections_queries_are_found():
    queries = look_up(FOLDER)
    assert {"slurm_arrivals", "slurm_failure_chain"} <= {query["name"] for query in queries}
    assert len(queries) == len(list(FOLDER.glob("*.kql")))
    assert {query["category"] for query in queries} == {"Slurm"}
    assert len({query["display_name"] for query in queries}) == len(queries)


def test_options_of_the_lookup(tmp_path):
    (tmp_path / "who.kql").write_text(TEXT)
    (tmp_path / "notes.txt").write_text("no query")
    (query,) = look_up(tmp_path, category="Site", prefix="site_", functions=True)
    assert (query["name"], query["category"], query["function_alias"]) == ("site_who", "Site", "site_who")
    assert [one["name"] for one in look_up(tmp_path, FOLDER, prefix="")][-1] == "writers"


def test_a_folder_that_is_not_there(tmp_path):
    with pytest.raises(AnsibleLookupError, match=r"log_queries: .*No such file"):
        look_up(tmp_path / "none")
