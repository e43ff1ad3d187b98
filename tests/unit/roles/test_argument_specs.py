"""Every role keeps its defaults and its argument specification together, and its parameters described."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

ROLES = sorted(path.parent.parent for path in Path(__file__).parents[3].glob("roles/*/meta/argument_specs.yml"))


def defaults(role: Path) -> dict[str, Any]:
    """Return what defaults/main.yml of a role holds."""
    path = role / "defaults" / "main.yml"
    return yaml.safe_load(path.read_text()) if path.exists() else {}


def options(role: Path) -> dict[str, dict[str, Any]]:
    """Return the options of all entry points of a role, by name."""
    specs = yaml.safe_load((role / "meta" / "argument_specs.yml").read_text())["argument_specs"]
    return {name: option for entry in specs.values() for name, option in (entry.get("options") or {}).items()}


def is_computed(value: object, option: dict[str, Any]) -> bool:
    """Whether a default comes of other variables: where it is no text, a specification may not be able to hold it."""
    return isinstance(value, str) and value.startswith("{{") and option["type"] != "str"


@pytest.mark.parametrize("role", ROLES, ids=lambda role: role.name)
def test_defaults_are_those_of_the_specification(role: Path) -> None:
    specified = {name: option["default"] for name, option in options(role).items() if "default" in option}
    given = defaults(role)
    assert {name: given[name] for name in given if name in specified} == specified
    assert [name for name in given if name not in specified and not is_computed(given[name], options(role)[name])] == []


@pytest.mark.parametrize("role", ROLES, ids=lambda role: role.name)
def test_every_option_is_described_and_typed(role: Path) -> None:
    bare = [name for name, option in options(role).items() if not {"description", "type"} <= option.keys()]
    assert bare == []


@pytest.mark.parametrize("role", ROLES, ids=lambda role: role.name)
def test_public_variables_carry_the_name_of_their_role(role: Path) -> None:
    assert [name for name in options(role) if not name.startswith(f"{role.name}_")] == []


def test_the_roles_are_found() -> None:
    assert {"_common", "alertmanager", "node_exporter", "prometheus"} <= {role.name for role in ROLES}
