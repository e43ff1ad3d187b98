"""The role dcgm_exporter: where it acts, what it asks DCGM for, and how the exporter is started."""

from __future__ import annotations

import csv
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import jinja2
import pytest
import yaml
from ansible.parsing.dataloader import DataLoader
from ansible.template import Templar, trust_as_template

ROLE = Path(__file__).parents[3] / "roles/dcgm_exporter"
NVIDIA = {"vendor": "0x10de", "class": "0x030200"}
FAN = {"field": "DCGM_FI_DEV_FAN_SPEED", "help": "Speed of the fan."}

PLAYBOOK = f"""
- hosts: localhost
  gather_facts: false
  vars_files: [{ROLE}/defaults/main.yml, {ROLE}/vars/main.yml]
  tasks:
    - ansible.builtin.import_tasks: {ROLE}/tasks/gpus.yml
    - ansible.builtin.debug: {{msg: "has_gpus={{{{ __dcgm_exporter_has_gpus }}}}"}}
"""


def asked(tmp_path: Path, *devices: dict[str, str], **variables: object) -> str:
    """Ask a PCI bus with these devices, also in check mode; return what Ansible says."""
    bus = tmp_path / "devices of the bus"
    for number, device in enumerate(devices):
        folder = bus / f"0000:0{number}:00.0"
        folder.mkdir(parents=True)
        for name, value in device.items():
            (folder / name).write_text(value + "\n")
    (tmp_path / "play.yml").write_text(PLAYBOOK)
    given = {"__dcgm_exporter_pci_directory": str(bus), **variables}
    done = subprocess.run(
        ["ansible-playbook", "-i", "localhost,", "-c", "local", "play.yml", "--check", "-e", json.dumps(given)],
        cwd=tmp_path,
        env={"PATH": "/usr/bin:/bin:" + str(Path(sys.executable).parent), "HOME": str(tmp_path)},
        capture_output=True,
        text=True,
        timeout=120,
        check=True,
    )
    return done.stdout


def test_a_gpu_of_nvidia_is_found_on_the_bus(tmp_path: Path) -> None:
    nvswitch = {"vendor": "0x10de", "class": "0x068000"}
    said = asked(tmp_path, {"vendor": "0x8086", "class": "0x060000"}, nvswitch, NVIDIA)
    assert "has_gpus=True" in said
    assert "changed=0" in said


@pytest.mark.parametrize(
    "devices",
    [
        [],
        [{"vendor": "0x1002", "class": "0x038000"}],  # AMD's
        [{"vendor": "0x10de", "class": "0x068000"}],  # an NVSwitch
        [{"vendor": "0x10de", "class": "0x040300"}],  # the sound of a display
        [{}],
    ],
)
def test_other_devices_are_no_gpu_of_nvidia(tmp_path: Path, devices: list[dict[str, str]]) -> None:
    assert "has_gpus=False" in asked(tmp_path, *devices)


def test_a_machine_for_an_image_need_not_have_one(tmp_path: Path) -> None:
    assert "has_gpus=True" in asked(tmp_path, dcgm_exporter_gpus="present")


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


def fields(**given: Any) -> list[str]:
    """Return the fields that the written counters file asks for, read as dcgm-exporter reads it."""
    environment = jinja2.Environment(trim_blocks=True, keep_trailing_newline=True)
    environment.globals["lookup"] = lambda _plugin, path: (ROLE / "files" / path).read_text().rstrip("\n")
    names = ("__dcgm_exporter_counter_files", "dcgm_exporter_extra_counters")
    template = environment.from_string((ROLE / "templates/counters.csv.j2").read_text())
    text = template.render({name: value_of(name, **given) for name in names})
    lines = [line for line in text.splitlines() if line and not line.startswith("#")]
    records = [[part.strip(" ") for part in record] for record in csv.reader(lines, strict=True)]
    assert all(len(record) == 3 and record[1] in {"gauge", "counter", "label"} for record in records)
    return [record[0] for record in records]


def test_a_field_is_asked_for_once():
    for host, groups in (("one", {}), ("two", {"slurm_gb200": ["two"]})):
        asked_for = fields(inventory_hostname=host, groups=groups)
        assert len(asked_for) == len(set(asked_for)) > 35


def test_gb200_is_not_asked_for_single_bit_errors():
    of_hopper, of_blackwell = fields(), fields(groups={"slurm_gb200": ["one"]})
    assert "DCGM_FI_DEV_ECC_SBE_VOL_TOTAL" in of_hopper
    assert "DCGM_FI_DEV_NVLINK_COUNT_EFFECTIVE_BER_FLOAT" not in of_hopper
    assert "DCGM_FI_DEV_ECC_SBE_VOL_TOTAL" not in of_blackwell
    assert "DCGM_FI_DEV_NVLINK_COUNT_EFFECTIVE_BER_FLOAT" in of_blackwell


def test_profiling_can_be_left_to_others():
    assert any(field.startswith("DCGM_FI_PROF_") for field in fields())
    assert not any(field.startswith("DCGM_FI_PROF_") for field in fields(dcgm_exporter_profiling=False))


def test_a_site_adds_fields():
    assert fields(dcgm_exporter_extra_counters=[FAN])[-1] == FAN["field"]


def test_every_field_that_a_rule_reads_is_asked_for():
    rules = (ROLE.parent / "prometheus/files/rules/gpu_recording.yml").read_text()
    read = {word for word in rules.replace("{", " ").replace("(", " ").split() if word.startswith("DCGM_")}
    assert len(read) > 30
    assert read <= {*fields(), *fields(groups={"slurm_gb200": ["one"]})}


def test_the_exporter_asks_the_one_host_engine_and_needs_no_rights():
    assert value_of("__dcgm_exporter_user") == "dcgm_exporter"
    arguments = value_of("__dcgm_exporter_arguments")
    assert "--remote-hostengine-info=localhost:5555" in arguments
    assert "--collect-interval=30000" in arguments
    # -e NAME=NUMBER gives a text.
    assert "--collect-interval=60000" in value_of("__dcgm_exporter_arguments", dcgm_exporter_interval="60")
    assert all(rule["that"] for rule in value_of("__dcgm_exporter_rules", dcgm_exporter_interval="60"))
    assert "--hpc-job-mapping-dir=/run/slurm-observability/gpu-jobs" in arguments
    assert not any(argument.startswith("--web-config-file") for argument in arguments)


def test_the_container_is_on_the_hosts_network_with_the_rights_it_needs():
    container = {"dcgm_exporter_install_method": "container"}
    arguments = value_of("__dcgm_exporter_arguments", **container)
    image = arguments.index(value_of("dcgm_exporter_image"))
    assert {"--network=host", "--cap-drop=ALL", "--cap-add=SYS_ADMIN", "--rm"} <= set(arguments[:image])
    assert "--address=0.0.0.0:9400" in arguments[image:]
    assert not any("hostengine" in argument for argument in arguments)
    assert "--cap-add=SYS_ADMIN" not in value_of(
        "__dcgm_exporter_arguments", **container, dcgm_exporter_profiling=False
    )


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"dcgm_exporter_counters": ["default", "nvlink", "gb200"]}, "take out nvlink"),
        ({"dcgm_exporter_extra_counters": [{"field": "fan", "help": "x"}]}, "DCGM's names of fields"),
        ({"dcgm_exporter_extra_counters": [{"field": "DCGM_FI_DEV_FAN_SPEED", "help": "a, b"}]}, "a comma"),
        ({"dcgm_exporter_hostengine_address": "localhost"}, "HOST:PORT"),
        ({"dcgm_exporter_interval": 0}, "at least a second"),
        ({"dcgm_exporter_job_map_directory": "gpu-jobs"}, "begins with a slash"),
    ],
)
def test_what_cannot_work_is_refused(given: dict[str, Any], message: str):
    [broken] = [rule["message"] for rule in value_of("__dcgm_exporter_rules", **given) if not rule["that"]]
    assert message in broken


def test_the_defaults_can_work():
    assert [rule for rule in value_of("__dcgm_exporter_rules") if not rule["that"]] == []
