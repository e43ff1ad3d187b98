"""The directories of the hooks: who may write to them, and what names they may have."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml
from ansible.parsing.dataloader import DataLoader
from ansible.template import Templar, trust_as_template

ROLE = Path(__file__).parents[3] / "roles/slurm_hooks"


def trusted(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: trusted(part) for name, part in value.items()}
    if isinstance(value, list):
        return list(map(trusted, value))
    return trust_as_template(value) if isinstance(value, str) else value


def value_of(expression: str, **given: Any) -> Any:
    """Return what an expression is on the host `one`, with the variables of the role and others."""
    files = (ROLE / "defaults/main.yml", ROLE / "vars/main.yml")
    variables = {name: value for file in files for name, value in yaml.safe_load(file.read_text()).items()}
    variables = {"inventory_hostname": "one", "groups": {}, **variables, **given}
    return Templar(DataLoader(), variables=trusted(variables)).template(trust_as_template("{{ " + expression + " }}"))


def directories(*groups: str) -> dict[str, tuple[str, str, str]]:
    """Return mode, owner and group of the directories of a host in these groups, by their last name."""
    users = {"results": [{"ansible_facts": {"getent_passwd": {"slurm": ["x", "64030", "64030"]}}}]}
    found = value_of(
        "__slurm_hooks_run_directories", groups={group: ["one"] for group in groups}, __slurm_hooks_passwd=users
    )
    return {Path(each["path"]).name: (each["mode"], each["owner"], each["group"]) for each in found}


def test_on_a_node_root_writes_and_the_agent_reads():
    made = directories("slurm_compute")
    assert made["spool"] == ("0700", "job_agent", "job_agent")
    assert made["writers"] == ("0700", "root", "root")


@pytest.mark.parametrize("groups", [["slurm_controller"], ["slurm_controller", "slurm_compute"]])
def test_where_slurmctld_runs_its_user_writes_too_also_beside_slurmd(groups: list[str]):
    """The user by number: when systemd makes the directories at boot, LDAP does not answer yet."""
    made = directories(*groups)
    assert made["spool"] == ("2770", "64030", "job_agent")
    assert made["writers"] == ("0700", "64030", "root")


def test_the_agent_cannot_put_its_own_in_the_place_of_what_others_have():
    mode, owner, group = directories("slurm_compute")["slurm-observability"]
    assert (mode, owner, group) == ("1775", "root", "job_agent")


def test_hooks_and_agent_have_one_spool_and_one_user():
    there = {"job_agent_spool_directory": "/var/spool/jobs", "job_agent_user": "watcher"}
    assert value_of("slurm_hooks_spool", **there) == "/var/spool/jobs"
    assert value_of("slurm_hooks_spool_user", **there) == "watcher"


# A hook compares the path with where it got to: with another form of the same path it would never write.
@pytest.mark.parametrize("path", ["spool", "/spool/", "/a//b", "/a/../b", "/a/./b", "/a b", "/a:b", "/a$(b)", "/"])
def test_a_path_that_no_hook_would_write_to_is_refused(path: str):
    assert not accepted(path)


@pytest.mark.parametrize("path", ["/run/slurm-observability/spool", "/mnt/disk-1/a_b/spool.d"])
def test_others_are_accepted(path: str):
    assert accepted(path)


def accepted(path: str) -> bool:
    rules = value_of(
        "__slurm_hooks_rules",
        slurm_hooks_spool=path,
        groups={"slurm_compute": ["one"]},
        __slurm_hooks_passwd={"results": [{"ansible_facts": {"getent_passwd": {"job_agent": [], "slurm": []}}}]},
        ansible_check_mode=True,
        __slurm_hooks_slurm_conf_file={"stat": {"exists": False}},
        __slurm_hooks_site_specific={"stat": {"exists": False}},
        __slurm_hooks_config={"rc": 1},
    )
    [rule] = [rule for rule in rules if "absolute paths" in rule["message"]]
    return bool(rule["that"])
