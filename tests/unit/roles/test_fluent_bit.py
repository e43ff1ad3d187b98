"""The role fluent_bit: what it configures, where its secrets are, and what it refuses.

fluent-bit is a stand-in that knows the options of the real one; docs/fluent-bit.md tells of the real one.
"""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml
from ansible_collections.slurm.observability.plugins.plugin_utils import (
    fluent_bit,
    log_catalogue,
    log_documents,
)

from tests.stand_ins.fluent_bit import OPTIONS, PROGRAM, findings

ROOT = Path(__file__).parents[3]
CATALOGUE = yaml.safe_load((ROOT / "roles/_log_catalogue/vars/main.yml").read_text())["_log_catalogue"]
SECRET = "s3cr$et~8Q"
LOKI = {"host": "loki", "user": "u", "tls": True, "ca_file": "/ca", "tenant": "t", "labels": {"cluster": "c1"}}


def inputs(nodes: str) -> list[dict[str, Any]]:
    """What the catalogue has for a kind of nodes."""
    return log_documents.inputs(log_catalogue.resolve(CATALOGUE, None), nodes)


def rules(*without: str) -> list[dict[str, Any]]:
    """The rules as Azure describes them."""
    names = {one["rule"] for nodes in ("scheduler", "compute") for one in inputs(nodes)}
    endpoints = {"logsIngestion": "https://rule.ingest.monitor.azure.com"}
    return [
        {"name": name, "properties": {"immutableId": f"dcr-{name}", "endpoints": endpoints}}
        for name in sorted(names - set(without))
    ]


def settings(**given: Any) -> fluent_bit.Settings:
    """Settings of a site with Azure, unless given."""
    azure = {"tenant_id": "t", "client_id": "c", "rules": rules()}
    return fluent_bit.Settings(**{"state_directory": "/var/lib/fluent-bit", "azure": azure, **given})


@pytest.mark.parametrize("nodes", ["scheduler", "compute"])
@pytest.mark.parametrize("output", [{}, {"azure": {}, "loki": LOKI}, {"azure": {}, "file": {"directory": "/srv"}}])
def test_fluent_bit_knows_every_option(nodes: str, output: dict[str, Any]) -> None:
    assert list(findings(fluent_bit.configuration(inputs(nodes), settings(**output)))) == []


@pytest.mark.parametrize("section", ["service", "inputs", "filters", "outputs"])
def test_an_unknown_option_would_be_found(section: str) -> None:
    document = fluent_bit.configuration(inputs("compute"), settings())
    place = document["service"] if section == "service" else document["pipeline"][section][0]
    place["stoarge.type"] = "filesystem"
    assert [finding.endswith("'stoarge.type'") for finding in findings(document)] == [True]


def test_a_source_goes_to_its_own_rule_and_table() -> None:
    document = fluent_bit.configuration(inputs("scheduler"), settings())
    outputs = {one["match"]: one for one in document["pipeline"]["outputs"]}
    assert outputs["slurmctld"]["dcr_id"] == "dcr-slurmctld_raw_dcr_direct"
    assert outputs["slurmctld"]["table_name"] == "Text-slurmctld_raw_CL"
    assert outputs.keys() == {one["name"] for one in inputs("scheduler")}


def test_each_source_has_its_own_positions_and_its_own_bounded_buffer() -> None:
    pipeline = fluent_bit.configuration(inputs("scheduler"), settings(buffer_size="300M"))["pipeline"]
    positions = [one["db"] for one in pipeline["inputs"]]
    assert len(set(positions)) == len(positions) == len(inputs("scheduler"))
    assert {one["storage.type"] for one in pipeline["inputs"]} == {"filesystem"}
    assert {(one["retry_limit"], one["storage.total_limit_size"]) for one in pipeline["outputs"]} == {
        ("no_limits", "300M")
    }


def test_patterns_are_looked_up_less_often_than_files_that_rotate() -> None:
    pipeline = fluent_bit.configuration(inputs("scheduler"), settings())["pipeline"]
    tails = [one for one in pipeline["inputs"] if one["name"] == "tail"]
    intervals = {one["alias"]: one["refresh_interval"] for one in tails}
    assert intervals["slurmctld"] == 5 and intervals["slurmjobs"] == 60


@pytest.mark.parametrize("seconds", [1, 10, 60])
def test_what_is_read_between_two_flushes_fits_into_a_request(seconds: int) -> None:
    """Two windows may fall into one flush, and JSON needs up to twice the bytes."""
    for one in fluent_bit.configuration(inputs("compute"), settings(flush_seconds=seconds))["pipeline"]["inputs"]:
        assert one["rate_gate"] and not one["rate_gate.backpressure"]
        window = one["rate_gate.max_bytes"] * int(one["rate_window"].rstrip("s"))
        assert 0 < 2 * 2 * window <= 1_048_576
        assert one["name"] != "tail" or one["static_batch_size"] == one["event_batch_size"] == 1


def test_records_of_several_lines_are_joined_and_nothing_is_held_back() -> None:
    document = fluent_bit.configuration(inputs("compute"), settings())
    (parser,) = document["multiline_parsers"]
    joined = {one["match"]: one for one in document["pipeline"]["filters"] if one["name"] == "multiline"}
    assert joined.keys() == {"jetpack", "jetpackd", "healthagent"}
    assert {one["multiline.parser"] for one in joined.values()} == {parser["name"]}
    assert {one["multiline.key_content"] for one in joined.values()} == {"RawData"} == {parser["key_content"]}
    assert not any(one["buffer"] for one in joined.values()), "what is held back is lost with a kill -9"


def test_the_kernel_log_comes_from_the_journal_with_the_columns_of_a_file() -> None:
    pipeline = fluent_bit.configuration(inputs("compute"), settings())["pipeline"]
    (journal,) = [one for one in pipeline["inputs"] if one["name"] == "systemd"]
    assert (journal["tag"], journal["systemd_filter"]) == ("dmesg", ["_TRANSPORT=kernel"])
    of_journal = [one for one in pipeline["filters"] if one["match"] == "dmesg"]
    assert [one.get("rename") for one in of_journal] == ["MESSAGE RawData", None]
    assert (of_journal[1]["allowlist_key"], of_journal[1]["record"]) == ("RawData", "FilePath journal")


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"azure": {}}, "there is nowhere to send to"),
        (
            {"azure": {"tenant_id": "t", "client_id": "c", "rules": rules("slurmd_raw_dcr_direct")}},
            "the source slurmd is sent to the rule slurmd_raw_dcr_direct",
        ),
        (
            {"azure": {"tenant_id": "t", "client_id": "c", "rules": [dict(rules()[0], name="slurmd_raw_dcr_direct")]}},
            "the source syslog is sent to the rule syslog_raw_dcr_direct",
        ),
        (
            {
                "azure": {
                    "client_id": "c",
                    "rules": [{"name": "slurmd_raw_dcr_direct", "properties": {"immutableId": "d"}}],
                }
            },
            "the rule slurmd_raw_dcr_direct has no address of its own",
        ),
    ],
)
def test_what_cannot_be_configured_is_refused(given: dict[str, Any], message: str) -> None:
    with pytest.raises(fluent_bit.ConfigurationError, match=message):
        fluent_bit.configuration(inputs("compute"), settings(**given))


def test_the_stand_in_knows_the_plugins_that_the_role_uses() -> None:
    document = fluent_bit.configuration(inputs("compute"), settings(loki=LOKI, file={"directory": "/srv"}))
    for section, plugins in document["pipeline"].items():
        assert {plugin["name"] for plugin in plugins} == OPTIONS[section].keys() - {"any"}


# The role's own tasks, on this machine, in a directory.


class Play:
    """Runs steps of the role on this machine, with all that it writes in a directory."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.settings = directory / "etc"
        self.config = self.settings / "slurm-observability.yaml"

    def run(self, step: str, *flags: str, **given: Any) -> subprocess.CompletedProcess[str]:
        """Run a file of tasks."""
        user = {"__fluent_bit_user": "root"}
        variables = {
            "ansible_python_interpreter": "{{ ansible_playbook_python }}",
            "fluent_bit_program": str(PROGRAM),
            "fluent_bit_azure": {"tenant_id": "t", "client_id": "c"},
            "fluent_bit_azure_rules": rules(),
            "fluent_bit_azure_client_secret": SECRET,
            "__fluent_bit_directory": str(self.settings),
            **user,
            **given,
        }
        role = {"name": "slurm.observability.fluent_bit", "tasks_from": step}
        facts = {"os_family": "Debian", "service_mgr": "systemd", "architecture": "x86_64", "distribution": "Debian"}
        facts |= {"distribution_version": "12", "distribution_major_version": "12"}
        play = {
            "hosts": "localhost",
            "gather_facts": False,
            "tasks": [
                {"ansible.builtin.set_fact": {**facts, "cacheable": True}},
                {"ansible.builtin.include_role": role},
            ],
        }
        book = self.directory / "play.yml"
        book.write_text(yaml.safe_dump([play]))
        extra = self.directory / "extra.json"
        extra.write_text(json.dumps(variables))
        return subprocess.run(
            ["ansible-playbook", "-i", "localhost,", "-c", "local", "-e", f"@{extra}", *flags, str(book)],
            cwd=ROOT,
            env={**os.environ, "ANSIBLE_INVENTORY_UNPARSED_FAILED": "false"},
            capture_output=True,
            text=True,
            check=False,
        )


@pytest.fixture
def play(tmp_path: Path) -> Play:
    """A directory for the role."""
    if os.geteuid() != 0:
        pytest.skip("the role gives files to users, so it needs root")
    return Play(tmp_path)


def test_the_secret_is_in_its_own_file_alone_and_a_second_run_changes_nothing(play: Play) -> None:
    first = play.run("settings", "--diff", "-vv")
    assert first.returncode == 0, first.stdout + first.stderr
    assert "changed=3" in first.stdout
    secret = play.settings / "azure.secret"
    assert secret.read_text() == SECRET and secret.stat().st_mode & 0o777 == 0o600
    assert SECRET not in first.stdout + first.stderr
    assert [path for path in play.settings.rglob("*") if SECRET in path.read_text()] == [secret]
    assert "changed=0" in play.run("settings").stdout


def test_a_secret_that_is_no_longer_wanted_goes(play: Play) -> None:
    play.run("settings")
    after = play.run("settings", fluent_bit_azure={}, fluent_bit_azure_client_secret="", fluent_bit_loki={"host": "l"})
    assert after.returncode == 0, after.stdout
    assert not (play.settings / "azure.secret").exists()


def test_a_configuration_that_fluent_bit_refuses_does_not_replace_the_old_one(play: Play) -> None:
    play.run("settings", fluent_bit_log_level="warn")
    before = play.config.read_text()
    refused = play.run("settings", fluent_bit_program=str(_refuser(play.directory)))
    assert refused.returncode != 0 and "unknown configuration property 'kez'" in refused.stdout
    assert play.config.read_text() == before


def _refuser(directory: Path) -> Path:
    """A fluent-bit that has lost an option."""
    program = directory / "refuser"
    program.write_text(
        "#!/bin/sh\n"
        'if [ "$1" = --version ]; then echo Fluent Bit v9.0.0; exit; fi\n'
        "echo \"unknown configuration property 'kez'\" >&2; exit 1\n"
    )
    program.chmod(0o755)
    return program


def test_a_program_that_is_too_old_is_refused(play: Play) -> None:
    old = play.directory / "fluent-bit"
    old.write_text("#!/bin/sh\necho Fluent Bit v4.2.7\n")
    old.chmod(0o755)
    refused = play.run("settings", fluent_bit_program=str(old))
    assert "is version 4.2.7; it has to be 5.1.0 or newer" in " ".join(refused.stdout.split())
    assert not play.config.exists()


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"fluent_bit_azure": {}, "fluent_bit_azure_client_secret": ""}, "there is nowhere to send to"),
        ({"fluent_bit_azure_client_secret": ""}, "fluent-bit has no managed identity"),
        ({"fluent_bit_azure": {"client_id": "c"}}, "lacks client_id, or one of tenant_id and auth_url"),
        ({"fluent_bit_azure_rules": []}, "fluent_bit_azure_rules is empty"),
        ({"fluent_bit_azure_rules": rules("syslog_raw_dcr_direct")}, "sent to the rule syslog_raw_dcr_direct"),
        ({"fluent_bit_version": "4.2.7"}, "it has to be 5.1.0 or newer"),
        ({"fluent_bit_install_method": "file"}, "give fluent_bit_package_url and fluent_bit_package_checksum"),
        ({"fluent_bit_flush_seconds": 0}, "it has to be a number from 1 to 60"),
        ({"fluent_bit_loki": {"port": 1}}, "fluent_bit_loki lacks host"),
        ({"fluent_bit_listen_address": "2020"}, "it has to be ADDRESS:PORT"),
    ],
)
def test_bad_input_is_refused_before_anything_is_changed(play: Play, given: dict[str, Any], message: str) -> None:
    refused = play.run("main", **given)
    assert refused.returncode != 0
    assert message in " ".join(refused.stdout.split()), refused.stdout
    assert "changed=0" in refused.stdout and not play.settings.exists()


def test_preflight_comes_before_the_rules(play: Play) -> None:
    checked = play.run("main", fluent_bit_azure_rules=[], fluent_bit_phase=[])
    assert checked.returncode == 0, checked.stdout
    refused = play.run("main", fluent_bit_azure_rules=rules("syslog_raw_dcr_direct"), fluent_bit_phase=[])
    assert refused.returncode != 0, "rules that are there are checked"


@pytest.mark.parametrize("reads_all", [False, True])
def test_a_check_asks_nobody(play: Play, reads_all: bool) -> None:
    checked = play.run("verify", "--check", fluent_bit_reads_all=reads_all)
    assert checked.returncode == 0, checked.stdout


def test_what_it_may_not_read_is_named(tmp_path: Path) -> None:
    if os.geteuid() != 0:
        pytest.skip("only root becomes another user")
    tmp_path.chmod(0o755)
    for name, mode in (("open.log", 0o644), ("closed one.log", 0o600)):
        (tmp_path / name).write_text("line\n")
        (tmp_path / name).chmod(mode)
    closed = tmp_path / "shut"
    closed.mkdir(0o700)
    (closed / "in.log").write_text("line\n")
    script = ROOT / "roles/fluent_bit/files/unreadable.sh"
    patterns = [f"{tmp_path}/*.log", str(closed / "in.log"), f"{tmp_path}/none.log"]
    for folder in tmp_path.parents:
        if folder != Path("/tmp") and folder.is_relative_to("/tmp"):
            folder.chmod(0o755)
    found = subprocess.run([script, "nobody", *patterns], capture_output=True, text=True, check=True).stdout
    assert sorted(found.splitlines()) == [f"{tmp_path}/closed one.log", f"{closed}/in.log"]
