# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The catalogue of logs: the collection's own, what a site puts onto it, and what follows from a source."""

from __future__ import annotations

import copy
from pathlib import Path

import pytest
import yaml
from ansible.errors import AnsibleFilterError
from ansible.parsing.dataloader import DataLoader
from ansible.template import Templar, trust_as_template
from ansible_collections.slurm.observability.plugins.filter.log_catalogue import FilterModule

FILTERS = FilterModule().filters()
ROLE = Path(__file__).parents[4] / "roles" / "_log_catalogue"
CATALOGUE = yaml.safe_load((ROLE / "vars" / "main.yml").read_text())["_log_catalogue"]
WORKSPACE = "/subscriptions/s/resourceGroups/g/providers/Microsoft.OperationalInsights/workspaces/w"


def resolve(own=None, **options):
    """The sources by name."""
    return {source["name"]: source for source in FILTERS["log_catalogue"](CATALOGUE, own, **options)}


def refusal(own=None, **options):
    """What the filter says of a catalogue that it refuses."""
    with pytest.raises(AnsibleFilterError) as caught:
        FILTERS["log_catalogue"](CATALOGUE, own, **options)
    return str(caught.value)


def test_the_ten_sources_have_the_names_of_the_naming_rule():
    sources = resolve()
    assert list(sources) == [
        *("slurmctld", "slurmd", "slurmdb", "slurmrestd", "slurmjobs"),
        *("syslog", "dmesg", "jetpack", "jetpackd", "healthagent"),
    ]
    for name, source in sources.items():
        assert source["table"] == f"{name}_raw_CL"
        assert source["rule"] == f"{name}_raw_dcr"
        assert source["stream"] == f"Custom-Text-{name}_raw_CL"
        assert [column["name"] for column in source["columns"]] == ["TimeGenerated", "RawData", "Computer", "FilePath"]


def test_a_source_of_ones_own_is_one_entry():
    sources = resolve({"sources": {"nginx": {"nodes": "scheduler", "paths": ["/var/log/nginx/error.log"]}}})
    assert len(sources) == 11
    assert sources["nginx"]["table"] == "nginx_raw_CL"
    assert sources["nginx"]["transform"] == "source"
    assert sources["nginx"]["description"] == "nginx"


def test_what_a_site_sets_takes_the_place_of_what_is_there():
    own = {
        "table": {"retention_days": 60},
        "sources": {
            "slurmctld": {
                "paths": ["/var/log/slurm/slurmctld.log"],
                "table": "ctld_CL",
                "rule": "r",
                "stream": "Custom-x",
            },
            "slurmrestd": {"enabled": False},
            "syslog": {"plan": "Basic"},
            "dmesg": {"retention_days": 4, "total_retention_days": -1, "description": "Kernel"},
        },
    }
    sources = resolve(own)
    assert "slurmrestd" not in sources
    assert sources["slurmctld"]["paths"] == ["/var/log/slurm/slurmctld.log"]
    assert [sources["slurmctld"][key] for key in ("table", "rule", "stream")] == ["ctld_CL", "r", "Custom-x"]
    assert sources["slurmd"]["retention_days"] == 60
    assert (sources["syslog"]["plan"], sources["syslog"]["retention_days"]) == ("Basic", None)
    assert (sources["dmesg"]["retention_days"], sources["dmesg"]["total_retention_days"]) == (4, -1)
    assert sources["dmesg"]["description"] == "Kernel"


def test_neither_catalogue_is_changed():
    before = copy.deepcopy(CATALOGUE)
    own = {"sources": {"syslog": {"paths": {"Debian": ["/a/b"]}}}}
    resolve(own)["syslog"]["columns"][0]["name"] = "changed"
    assert before == CATALOGUE
    assert own == {"sources": {"syslog": {"paths": {"Debian": ["/a/b"]}}}}


@pytest.mark.parametrize(
    ("families", "paths"),
    [
        (["Debian"], ["/var/log/syslog"]),
        (["RedHat"], ["/var/log/messages"]),
        (["Suse", "RedHat"], ["/var/log/messages"]),
        (["Debian", "RedHat"], ["/var/log/syslog", "/var/log/messages"]),
    ],
)
def test_paths_are_those_of_the_distributions(families, paths):
    assert resolve(os_families=families)["syslog"]["paths"] == paths


def test_a_distribution_without_a_path_is_told():
    assert "sources.syslog.paths: there is none for the distributions of the nodes" in refusal(os_families=["Gentoo"])


def test_the_file_of_the_journal_is_one_of_the_paths():
    assert resolve()["dmesg"]["paths"] == ["/var/log/dmesg", "/var/log/slurm-observability/kernel.log"]


@pytest.mark.parametrize(
    ("offset", "first"),
    [("+02:00", "let Offset = 120m;"), ("-0330", "let Offset = -210m;"), ("+00:00", "let Offset = 0m;")],
)
def test_the_offset_is_in_minutes(offset, first):
    assert resolve(utc_offset=offset)["slurmd"]["transform"].splitlines()[0] == first


@pytest.mark.parametrize("offset", ["Europe/Berlin", "2", "+2:00", "+15:00", "+02:60", ""])
def test_what_is_no_offset_is_refused(offset):
    assert f"utc_offset: '{offset}' is to be an offset from UTC such as '+02:00'" in refusal(utc_offset=offset)


def test_a_condition_comes_first():
    transform = resolve({"sources": {"slurmd": {"where": 'RawData !has "debug"'}}})["slurmd"]["transform"]
    assert transform.splitlines()[:3] == ["let Offset = 0m;", "source", '| where RawData !has "debug"']
    transform = resolve({"sources": {"slurmjobs": {"where": "true"}}})["slurmjobs"]["transform"]
    assert transform == "source\n| where true\n| project TimeGenerated, RawData, Computer, FilePath"


@pytest.mark.parametrize(
    ("own", "finding"),
    [
        ({"sorces": {}}, "sorces: there is no such key; did you mean 'sources'?"),
        ({"sources": []}, "sources: it is to be a dictionary"),
        ({"times": "iso"}, "times: it is to be a dictionary"),
        ({"table": {"retention": 3}}, "table.retention: there is no such key; did you mean 'retention_days'?"),
        ({"table": {"retention_days": "30"}}, "table.retention_days: it is to be a whole number"),
        ({"sources": {"slurmd": {"path": []}}}, "sources.slurmd.path: there is no such key; did you mean 'paths'?"),
        (
            {"sources": {"slurmd": None}},
            "sources.slurmd: it is to be a dictionary; 'enabled: false' leaves a source out",
        ),
        ({"sources": {"slurmd": {"enabled": "no"}}}, "sources.slurmd.enabled: it is to be true or false"),
        (
            {"sources": {"slurmd": {"nodes": "gpu"}}},
            "sources.slurmd.nodes: 'gpu' is to be one of scheduler, compute, all",
        ),
        ({"sources": {"slurmd": {"paths": "/a"}}}, "sources.slurmd.paths: it is to be a list or a dictionary"),
        (
            {"sources": {"slurmd": {"paths": None}}},
            "sources.slurmd.paths: it is to be a list of texts, or a dictionary",
        ),
        ({"sources": {"slurmd": {"paths": {"Debian": [1]}}}}, "sources.slurmd.paths: it is to be a list of texts"),
        ({"sources": None}, "sources: it is to be a dictionary"),
        ({"times": {"mine": None}}, "times.mine: it is to be a text"),
        ({"columns": [{"name": "TimeGenerated"}]}, "columns[0]: it has the keys name and type, both texts"),
        ({"sources": {"slurmd": {"time": "iso8601"}}}, "sources.slurmd.time: it is to be a list"),
        ({"sources": {"slurmd": {"time": ["iso"]}}}, "sources.slurmd.time: there is no 'iso' among times: iso8601"),
        ({"sources": {"slurmd": {"record_start": "x"}}}, "sources.slurmd.record_start: 'x' is to be one of ISO 8601"),
        (
            {"sources": {"slurmd": {"journal": {"path": "/a"}}}},
            "sources.slurmd.journal: it has the keys path, a text",
        ),
        (
            {"sources": {"slurmd": {"table": "slurmdb_raw_CL"}}},
            "sources.slurmdb.table: slurmdb_raw_CL is that of slurmd",
        ),
        ({"sources": {"slurmd": {"rule": "Syslog_raw_dcr"}}}, "sources.syslog.rule: syslog_raw_dcr is that of slurmd"),
        (
            {"sources": {"slurmd": {"paths": ["/var/*/a"]}}},
            "sources.slurmd: dataSources.logFiles[0].filePatterns: '/var/*",
        ),
        (
            {"sources": {"slurmd": {"where": "a ?"}}},
            "sources.slurmd: dataFlows[0].transformKql: line 3, column 11: the ch",
        ),
        ({"sources": {"slurmd": {"where": "Raw has 'x'"}}}, "there is no column 'Raw' here; did you mean 'RawData'?"),
        ({"sources": {"slurmd": {"plan": "Free"}}}, "sources.slurmd: plan: there is no plan 'Free'"),
        ({"table": {"retention_days": 1}}, "sources.syslog: retentionInDays: 1 is not from 4 to 730"),
        ({"columns": [{"name": "RawData", "type": "string"}]}, "columns: a table needs TimeGenerated"),
        ({"times": {"iso8601": "| summarize count()"}}, "Azure allows no operator 'summarize' in a transformation"),
        ({"sources": {"a" * 57: {"nodes": "all", "paths": ["/a"]}}}, "is to have 4 to 63 letters, digits, '_' or '-'"),
        ({"sources": {"a" * 33: {"nodes": "all", "paths": ["/a"]}}}, "is to have 1 to 32 characters, and has 33"),
    ],
)
def test_each_fault_is_told_with_its_place(own, finding):
    assert finding in refusal(own)


def test_all_faults_are_told_at_once():
    told = refusal({"sources": {"slurmd": {"nodes": "x"}, "syslog": {"nodes": "y"}, "dmesg": {"record_start": "x"}}})
    assert told.count("; ") >= 2


def test_the_archive_of_jobs_is_refused_where_it_is_not_local():
    assert "is on the shared file system /shared; the agent reads local disks only" in refusal(
        shared_file_systems=["/shared", "/sched"]
    )
    local = {"sources": {"slurmjobs": {"paths": ["/var/lib/slurm-logs/*.out"]}}}
    assert resolve(local, shared_file_systems=["/shared"])["slurmjobs"]["paths"] == ["/var/lib/slurm-logs/*.out"]


def test_the_variables_of_a_play_are_taken():
    """Their containers are Ansible's own, which nobody else can make."""
    variables = DataLoader().load_from_file(str(ROLE / "vars" / "main.yml"))
    sources = Templar(DataLoader(), variables=variables).evaluate_expression(
        trust_as_template("_log_catalogue | slurm.observability.log_catalogue({'table': {'retention_days': 9}})")
    )
    assert {source["retention_days"] for source in sources} == {9}


def test_a_table_has_what_azure_is_to_be_told():
    (table,) = FILTERS["log_tables"]([resolve()["slurmd"]])
    assert table == {
        "name": "slurmd_raw_CL",
        "properties": {
            "plan": "Analytics",
            "retentionInDays": 30,
            "totalRetentionInDays": 90,
            "schema": {"name": "slurmd_raw_CL", "columns": CATALOGUE["columns"]},
        },
    }
    basic = resolve({"sources": {"slurmd": {"plan": "Basic"}}})["slurmd"]
    assert "retentionInDays" not in FILTERS["log_tables"]([basic])[0]["properties"]


def test_a_rule_for_the_agent():
    source = resolve()["jetpack"]
    (rule,) = FILTERS["log_rules"]([source], WORKSPACE, endpoint_id="/e")
    assert rule == {
        "name": "jetpack_raw_dcr",
        "kind": "Linux",
        "properties": {
            "description": "CycleCloud agent",
            "dataCollectionEndpointId": "/e",
            "streamDeclarations": {"Custom-Text-jetpack_raw_CL": {"columns": CATALOGUE["columns"]}},
            "dataSources": {
                "logFiles": [
                    {
                        "name": "jetpack",
                        "streams": ["Custom-Text-jetpack_raw_CL"],
                        "filePatterns": ["/opt/cycle/jetpack/logs/jetpack.log"],
                        "format": "text",
                        "settings": {"text": {"recordStartTimestampFormat": "YYYY-MM-DD HH:MM:SS"}},
                    }
                ]
            },
            "destinations": {"logAnalytics": [{"name": "workspace", "workspaceResourceId": WORKSPACE}]},
            "dataFlows": [
                {
                    "streams": ["Custom-Text-jetpack_raw_CL"],
                    "destinations": ["workspace"],
                    "transformKql": source["transform"],
                    "outputStream": "Custom-jetpack_raw_CL",
                }
            ],
        },
    }


def test_a_rule_for_forwarders_is_another_one():
    (rule,) = FILTERS["log_rules"]([resolve()["slurmd"]], WORKSPACE, kind="Direct")
    assert (rule["name"], rule["kind"]) == ("slurmd_raw_dcr_direct", "Direct")
    assert "dataSources" not in rule["properties"]
    assert "dataCollectionEndpointId" not in rule["properties"]
    with pytest.raises(AnsibleFilterError, match="kind is to be one of Linux, Direct, not 'Windows'"):
        FILTERS["log_rules"]([], WORKSPACE, kind="Windows")


def test_nodes_follow_the_rules_of_their_kind():
    sources = list(resolve().values())
    on = {
        nodes: [one["name"] for one in FILTERS["log_sources_of"](sources, nodes)] for nodes in ("scheduler", "compute")
    }
    everywhere = ["syslog", "jetpack", "jetpackd", "healthagent"]
    assert on["scheduler"] == ["slurmctld", "slurmdb", "slurmrestd", "slurmjobs", *everywhere]
    assert on["compute"] == ["slurmd", "syslog", "dmesg", *everywhere[1:]]
    with pytest.raises(AnsibleFilterError, match="nodes is to be one of scheduler, compute, not 'all'"):
        FILTERS["log_sources_of"](sources, "all")


def test_a_forwarder_reads_the_same_files():
    inputs = {one["name"]: one for one in FILTERS["log_inputs"](list(resolve().values()), "compute")}
    assert inputs["dmesg"]["journal"] == {
        "path": "/var/log/slurm-observability/kernel.log",
        "matches": ["_TRANSPORT=kernel"],
    }
    assert inputs["slurmd"] == {
        "name": "slurmd",
        "paths": ["/var/log/slurmd/slurmd.log"],
        "journal": None,
        "record_start": None,
        "stream": "Custom-Text-slurmd_raw_CL",
        "rule": "slurmd_raw_dcr_direct",
    }
    assert inputs["jetpack"]["record_start"] == r"^\d{4}-\d{2}-\d{2} \d{2}:\d{2}:\d{2}"
    with pytest.raises(AnsibleFilterError, match="nodes is to be one of"):
        FILTERS["log_inputs"]([], "")
