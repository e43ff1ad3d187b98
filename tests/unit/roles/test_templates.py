"""Arguments reach the programs as they were given, whatever characters they have."""

from __future__ import annotations

import re
from pathlib import Path

import jinja2
import pytest
from ansible.plugins.filter.core import FilterModule

TEMPLATES = Path(__file__).parents[3] / "roles/_common/templates"

# Argument, and how systemd wants it written: in ExecStart, and between the double quotes in /etc/default, where
# a line of the file and then $ARGS of the unit are taken apart.
ARGUMENTS = {
    "--port=9500": ("--port=9500", "--port=9500"),
    "--reset-time=7 days ago": ('"--reset-time=7 days ago"', "'--reset-time=7 days ago'"),
    r"--include=^a\d\.service$": (r'"--include=^a\\d\\.service$$"', r"--include=^a\\\\d\\\\.service\$"),
    """--title=it's "new" %h""": (r'''"--title=it's \"new\" %%h"''', r"""'--title=it\\'s \\\"new\\\" %h'"""),
    "$HOME": ("$$HOME", r"\$HOME"),
    "--a=`b`": ("--a=`b`", r"--a=\`b\`"),
}


def render(template: str, **variables: object) -> str:
    """Return what Ansible's module template makes of a template."""
    environment = jinja2.Environment(trim_blocks=True, keep_trailing_newline=True)
    environment.filters.update(FilterModule().filters())
    environment.tests["search"] = lambda text, pattern: re.search(pattern, text) is not None
    return environment.from_string((TEMPLATES / template).read_text()).render(
        _common_name="demo",
        _common_user="demo",
        _common_command="/usr/bin/demo",
        _common_after=["demo-backend.service"],
        _common_service_settings={},
        **variables,
    )


@pytest.mark.parametrize("argument", ARGUMENTS)
def test_an_argument_in_the_unit(argument: str) -> None:
    unit = render("unit.service.j2", _common_arguments=[argument, "--last"])
    assert f"ExecStart=/usr/bin/demo \\\n  {ARGUMENTS[argument][0]} \\\n  --last\nRestart=" in unit


def test_a_unit_starts_after_what_it_needs() -> None:
    unit = render("unit.service.j2", _common_arguments=[])
    assert (
        "Wants=network-online.target demo-backend.service\nAfter=network-online.target demo-backend.service\n" in unit
    )


@pytest.mark.parametrize("argument", ARGUMENTS)
def test_an_argument_in_the_file_of_a_package(argument: str) -> None:
    text = render("arguments.j2", _common_arguments=[argument, "--last"])
    assert text.splitlines()[1:] == [f'ARGS="{ARGUMENTS[argument][1]} --last"']
