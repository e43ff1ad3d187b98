"""grafana.ini, read as Grafana reads it, but for what it does not know."""

from __future__ import annotations

import configparser
import json
import os
import re
import socket
from pathlib import Path
from typing import Any

KNOWN: dict[str, Any] = json.loads(Path(__file__).with_name("known.json").read_text())
_VARIABLE = re.compile(r"\$(|__\w+)\{([^}]+)\}")


class SettingsError(Exception):
    """A setting that Grafana could not start with, or that is none."""


class Settings:
    """The settings by section and key."""

    def __init__(self, path: Path) -> None:
        reader = configparser.RawConfigParser(delimiters=("=",), strict=True)
        reader.optionxform = str  # type: ignore[assignment,method-assign]  # capitals count
        with path.open() as file:
            reader.read_file(file)
        for section in reader.sections():
            strange = set(reader[section]) - set(KNOWN["ini"].get(section, ()))
            if section not in KNOWN["ini"] or strange:
                raise SettingsError(f"{path}: [{section}] {', '.join(sorted(strange))} is not known")
        self._values = {section: dict(reader[section]) for section in reader.sections()}

    def text(self, section: str, key: str, default: str = "") -> str:
        """A setting, with what its variables stand for."""
        value = self._values.get(section, {}).get(key)
        return default if value is None else expanded(_bare(value))

    def is_on(self, section: str, key: str, default: bool = False) -> bool:
        """A setting that is true or false."""
        value = self.text(section, key, str(default).lower())
        if value not in ("true", "false"):
            raise SettingsError(f"[{section}] {key} is {value}, which is neither true nor false")
        return value == "true"


def _bare(value: str) -> str:
    """A value without its quotes, or up to what begins a comment."""
    for quotes in ('"""', "`", '"', "'"):
        if len(value) >= 2 * len(quotes) and value.startswith(quotes) and value.endswith(quotes):
            return value[len(quotes) : -len(quotes)]
    return re.split("[#;]", value)[0].strip()


def expanded(text: str) -> str:
    """A text with the files and variables that it names: $__file{PATH}, and $__env{NAME} or ${NAME}."""
    for kinds in (("", "__env"), ("__file",)):
        for match in _VARIABLE.finditer(text):
            if match[1] in kinds:
                text = text.replace(
                    match[0], _contents(match[2]) if kinds == ("__file",) else _environment(match[2]), 1
                )
    return text


def _environment(name: str) -> str:
    return os.environ.get(name) or (socket.gethostname() if name == "HOSTNAME" else "")


def _contents(path: str) -> str:
    try:
        return Path(path).read_text().strip()
    except OSError as error:
        raise SettingsError(f"{path}: {error.strerror}") from error
