"""The role node_health: what it refuses, what the program is given, the hook, the jobs of active checks."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import jinja2
import pytest
import yaml
from ansible.parsing.dataloader import DataLoader
from ansible.template import Templar, trust_as_template

ROOT = Path(__file__).parents[3]
ROLE = ROOT / "roles/node_health"
SOURCE = ROOT / "roles/_programs/files/slurm_observability/src"
HOOK = "/usr/local/lib/slurm-observability/node-health-hook"


def trusted(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: trusted(part) for name, part in value.items()}
    if isinstance(value, list):
        return list(map(trusted, value))
    return trust_as_template(value) if isinstance(value, str) else value


def value_of(expression: str, **given: Any) -> Any:
    """Return what an expression is on the host `one`, a node, with the variables of the role and others."""
    files = (ROLE / "defaults/main.yml", ROLE / "vars/main.yml")
    variables = {name: value for file in files for name, value in yaml.safe_load(file.read_text()).items()}
    variables |= {
        "inventory_hostname": "one",
        "groups": {"slurm_compute": ["one"]},
        "ansible_facts": {"getent_passwd": {"root": ["x", "0"]}},
        "__node_health_slurm_conf_file": {"stat": {"exists": True}},
        "__node_health_config": config("(null)"),
        **given,
    }
    return Templar(DataLoader(), variables=trusted(variables)).template(trust_as_template("{{ " + expression + " }}"))


def config(program: str) -> dict[str, Any]:
    """Return what `scontrol show config` answered."""
    lines = f"HealthCheckInterval     = 300 sec\nHealthCheckProgram      = {program}\nInactiveLimit           = 0 sec\n"
    return {"rc": 0, "stdout": lines, "stderr": ""}


def broken(**given: Any) -> list[str]:
    return [rule["message"] for rule in value_of("__node_health_rules", **given) if not rule["that"]]


def test_the_defaults_can_work_on_nodes_and_on_controllers():
    assert broken() == []
    assert broken(groups={"slurm_controller": ["one"]}) == []


def test_a_machine_without_slurm_can_be_prepared_for_its_image():
    nothing = {"rc": 2, "stderr": "no such file"}
    assert broken(groups={"slurm_image": ["one"]}, node_health_hook=True, __node_health_config=nothing) == []


@pytest.mark.parametrize("theirs", ["/opt/healthagent/health.sh", "/usr/sbin/nhc"])
def test_a_healthcheckprogram_that_is_set_stays(theirs: str):
    assert broken(__node_health_config=config(theirs)) == []
    [message] = broken(node_health_hook=True, __node_health_config=config(theirs))
    assert f"Slurm runs {theirs} as HealthCheckProgram" in message


def test_our_own_is_no_other():
    assert broken(node_health_hook=True, __node_health_config=config(HOOK)) == []


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"groups": {}}, "in none of the groups"),
        (
            {
                "groups": {"slurm_controller": ["one"]},
                "node_health_hook": True,
                "node_health_slurm_conf": "include",
                "__node_health_config": {"rc": 1, "stdout": "", "stderr": "Unable to contact slurmctld"},
            },
            "Unable to contact slurmctld",
        ),
        (
            {
                "groups": {"slurm_controller": ["one"]},
                "node_health_hook": True,
                "node_health_slurm_conf": "include",
                "__node_health_slurm_conf_file": {"stat": {"exists": False}},
            },
            "there is no /etc/slurm/slurm.conf",
        ),
        ({"node_health_hook": True, "node_health_hook_checks": []}, "no check would ever drain a node"),
        ({"node_health_results_user": "gone", "ansible_facts": {"getent_passwd": {"gone": None}}}, "no user gone"),
        ({"node_health_interval": 5}, "10 to 36000"),
        ({"node_health_hook_interval": 86400}, "60 to 65535"),
        ({"node_health_hook_max_drained": 100}, "from 0 to 99"),
        ({"node_health_dcgm_watches": "m; reboot"}, "letters of dcgmi health"),
        ({"node_health_scripts": {"a b": "true"}}, "node_health_scripts"),
        ({"node_health_scripts": {"a": "true\n--dry-run=no"}}, "node_health_scripts"),
    ],
)
def test_what_cannot_work_is_refused(given: dict[str, Any], said: str):
    [message] = broken(**given)
    assert said in message


def parsed(tmp_path: Path, **given: Any) -> Any:
    """Return the options as the program understands them."""
    sys.path.insert(0, str(SOURCE))
    from slurm_observability.health.options import parser

    given = {"node_health_textfile_directory": str(tmp_path), "__node_health_directory": str(tmp_path), **given}
    return parser().parse_args(value_of("__node_health_arguments", **given))


def test_the_program_understands_what_it_is_given(tmp_path: Path):
    options = parsed(
        tmp_path,
        node_health_scripts={"disks": "/opt/check -w '10 %'", "other": "true"},
        node_health_minimums={"nccl_all_reduce": 460},
        node_health_hook_checks=["dcgm/*", "nhc/*"],
    )
    assert options.script == [("disks", ["/opt/check", "-w", "10 %"]), ("other", ["true"])]
    assert options.minimum == [("nccl_all_reduce", 460.0)]
    assert options.drain_on == ["dcgm/*", "nhc/*"]
    assert options.dry_run is True
    assert options.max_age == 2 * 300 + 6 * 60
    assert parsed(tmp_path, node_health_hook_dry_run=False).dry_run is False


def test_numbers_of_the_command_line_are_numbers(tmp_path: Path):
    """-e NAME=NUMBER gives a text."""
    of_site = {"interval": 600, "timeout": 30, "hook_interval": 120, "hook_max_drained": 10, "hook_resume_after": 60}
    given = {f"node_health_{name}": str(number) for name, number in of_site.items()}
    assert broken(**given) == []
    options = parsed(tmp_path, **given)
    assert (options.timeout, options.max_age, options.max_drained) == (30, 2 * 600 + 4 * 30, 10)
    assert value_of("__node_health_service_settings", **given)["TimeoutStartSec"] == 4 * 30 + 60


def test_the_wait_for_the_checkers_can_be_computed_before_ansible_12():
    """There a number in a variable that is computed is a text."""
    [wait, *_others] = yaml.safe_load((ROLE / "tasks/verify.yml").read_text())
    for text, seconds in ((wait["ansible.builtin.find"]["age"], 300 + 240 + 60), (wait["retries"], 5 + 120)):
        assert value_of(text.strip("-{} s"), __node_health_longest="240") == seconds


def test_every_option_of_the_program_is_given(tmp_path: Path):
    sys.path.insert(0, str(SOURCE))
    from slurm_observability.health.options import parser

    by_hand = {"help", "version", "command", "check_config", "completion"}
    options = {action.option_strings[-1][2:] for action in parser()._actions if action.dest not in by_hand}
    assert set(value_of("__node_health_options")) == options


def test_checkers_see_the_machine_as_it_is():
    """A setting of the unit that is left empty is left out of it: none of the shared ones may come back."""
    template = (ROOT / "roles/_common/templates/unit.service.j2").read_text()
    closed = {line.strip().partition("'")[2].partition("'")[0] for line in template.splitlines() if line[:3] == "  '"}
    given = value_of("__node_health_service_settings")
    assert len(closed) > 20
    assert {name: given[name] for name in closed - {"UMask"}} == dict.fromkeys(closed - {"UMask"}, "")


def rendered(template: str, **given: Any) -> str:
    names = ("__node_health_path", "__node_health_program", "__node_health_options_path", "__node_health_results")
    environment = jinja2.Environment(trim_blocks=True, keep_trailing_newline=True)
    values = {name: value_of(name, **given) for name in names}
    return environment.from_string((ROLE / "templates" / template).read_text()).render({**values, **given})


@pytest.mark.parametrize("program", ["exit 2", "kill -9 $$", "kill -9 $PPID", "echo said; exit 0"])
def test_the_hook_ends_with_zero_whatever_happens(tmp_path: Path, program: str):
    script = executable(tmp_path / "program", f'echo "$*" >{tmp_path}/called; {program}')
    executable(tmp_path / "logger", f"exec cat >{tmp_path}/log")
    given = {"__node_health_program": str(script), "node_health_slurm_bin": str(tmp_path)}
    hook = executable(tmp_path / "hook", rendered("hook.sh.j2", **given).partition("\n")[2])
    assert subprocess.run([hook], env={}, timeout=60, check=False).returncode == 0
    assert (tmp_path / "called").read_text() == "@/etc/node-health/options hook\n"


def test_the_hook_ends_with_zero_where_nothing_is_installed(tmp_path: Path):
    hook = executable(tmp_path / "hook", rendered("hook.sh.j2", __node_health_program="/no/such").partition("\n")[2])
    executable(tmp_path / "logger", "exec cat")
    assert subprocess.run([hook], env={}, capture_output=True, timeout=60, check=False).returncode == 0


def executable(path: Path, script: str) -> Path:
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(0o755)
    return path


class Job:
    """A job of an active check, with stand-ins for the programs that it runs."""

    def __init__(self, tmp_path: Path, name: str) -> None:
        self.results = tmp_path / "results"
        self.results.mkdir()
        jobs = value_of("__node_health_known_jobs")
        text = rendered(
            f"active_checks/{jobs[name]['template']}.sbatch.j2",
            item=name,
            tests="tests",
            program="perf",
            __node_health_results=str(self.results),
        )
        self.script = tmp_path / "job.sbatch"
        self.script.write_text(text)
        # srun of a node: with --input it gives the task the file, without it runs the program.
        executable(
            tmp_path / "srun",
            'for option; do case $option in --input=*) exec <"${option#--input=}";; --*) ;; *) break;; esac\n'
            'shift; done; exec "$@"',
        )
        self.path = tmp_path

    def run(self, program: str, script: str, **environment: str) -> None:
        executable(self.path / program, script)
        path = f"{self.path}:{os.environ['PATH']}"
        # What the check found is in its result: the job itself may end as it likes.
        subprocess.run(
            ["bash", self.script],
            env={"PATH": path, "SLURM_NNODES": "1", "TMPDIR": str(self.path / "results"), **environment},
            capture_output=True,
            timeout=60,
            check=False,
        )

    def left(self) -> dict[str, str]:
        return {path.name: path.read_text() for path in self.results.iterdir()}


@pytest.mark.parametrize("library", ["nccl", "rccl"])
def test_an_all_reduce_leaves_what_it_printed(tmp_path: Path, library: str):
    job = Job(tmp_path, f"{library}_all_reduce")
    job.run("perf", 'echo "$*"')
    assert job.left() == {f"{library}_all_reduce.nccl": "-b 8G -e 8G -g 1\n"}


def test_one_of_several_nodes_has_a_name_of_its_own(tmp_path: Path):
    job = Job(tmp_path, "nccl_all_reduce")
    job.run("perf", "echo fine", SLURM_NNODES="2")
    assert list(job.left()) == ["nccl_all_reduce_2_nodes.nccl"]


def test_a_diagnosis_leaves_what_it_printed(tmp_path: Path):
    job = Job(tmp_path, "dcgm_diag")
    job.run("dcgmi", 'echo "$*"', LEVEL="2")
    assert job.left() == {"dcgm_diag_r2.dcgm": "diag --run 2 --json\n"}


@pytest.mark.parametrize(("name", "program"), [("nccl_all_reduce", "perf"), ("dcgm_diag", "dcgmi")])
@pytest.mark.parametrize(
    ("script", "output"),
    [("echo half; exit 1", "half\n"), ("echo killed; kill -9 $$", "killed\n"), ("kill -TERM $PPID; sleep 1", "")],
)
def test_a_check_that_fails_or_runs_out_of_time_has_a_result(
    tmp_path: Path, name: str, program: str, script: str, output: str
):
    job = Job(tmp_path, name)
    job.run(program, script)
    assert list(job.left().values()) == [output]


def test_the_jobs_are_those_that_the_specification_names():
    specification = yaml.safe_load((ROLE / "meta/argument_specs.yml").read_text())["argument_specs"]["main"]["options"]
    assert set(value_of("__node_health_known_jobs")) == set(specification["node_health_active_checks"]["choices"])


def test_the_sources_are_those_of_the_program():
    sys.path.insert(0, str(SOURCE))
    from slurm_observability.health.checkers import SOURCES

    assert tuple(value_of("node_health_sources")) == SOURCES
