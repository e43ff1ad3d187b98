"""The role of a program gives every option that the program has, and no other."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml
from slurm_observability.agent.options import parser as agent
from slurm_observability.dstack.options import parser as dstack
from slurm_observability.exporter.options import parser as exporter
from slurm_observability.service.options import parser as service

ROLES = Path(__file__).parents[3] / "roles"
# What people type, and no service.
BY_HAND = {"help", "version", "command", "action", "json", "check_config", "completion", "name", "role", "once"}


@pytest.mark.parametrize(
    ("role", "parser"),
    [("slurm_exporter", exporter), ("job_agent", agent), ("job_service", service), ("dstack_poller", dstack)],
)
def test_the_role_and_the_program_have_the_same_options(role, parser):
    given = set(yaml.safe_load((ROLES / role / "vars/main.yml").read_text())[f"__{role}_options"])
    assert given == {action.option_strings[-1][2:] for action in parser()._actions if action.dest not in BY_HAND}
