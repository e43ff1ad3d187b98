"""The role gives every option of the program, and no other."""

from __future__ import annotations

from pathlib import Path

import yaml
from slurm_observability.exporter.options import parser

VARS = Path(__file__).parents[4] / "roles/slurm_exporter/vars/main.yml"
# What people type, and no service.
BY_HAND = {"help", "version", "command", "json", "check_config", "completion"}


def test_the_role_and_the_program_have_the_same_options():
    given = set(yaml.safe_load(VARS.read_text())["__slurm_exporter_options"])
    assert given == {action.option_strings[-1][2:] for action in parser()._actions if action.dest not in BY_HAND}
