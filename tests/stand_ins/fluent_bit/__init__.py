"""A stand-in for fluent-bit that checks a configuration and forwards nothing.

It is stricter than fluent-bit, which passes over an unknown key of its service and a parser that is not there.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import yaml

VERSION = "5.1.1"
PROGRAM = Path(__file__).parent / "fluent-bit"
OPTIONS = yaml.safe_load((Path(__file__).parent / "options.yml").read_text())


def findings(document: Mapping[str, Any]) -> Iterator[str]:
    """What is wrong with a configuration in the YAML form, in sentences."""
    yield from _unknown("the file", document, ["env", "service", "multiline_parsers", "pipeline"])
    for variable in document.get("env", []):
        path = variable["uri"].removeprefix("file://")
        if not Path(path).is_file():
            yield f"env: file {path} not found"
    yield from _unknown("service", document["service"], OPTIONS["service"])
    parsers = document["multiline_parsers"]
    for parser in parsers:
        yield from _unknown("multiline_parser", parser, OPTIONS["multiline_parser"])
    for section in ("inputs", "filters", "outputs"):
        known = OPTIONS[section]
        for plugin in document["pipeline"][section]:
            if plugin["name"] not in known:
                yield f"{section}: there is no plugin '{plugin['name']}'"
                continue
            yield from _unknown(plugin["name"], plugin, [*known["any"], *known[plugin["name"]]])
            parser = plugin.get("multiline.parser")
            if parser and parser not in [one["name"] for one in parsers]:
                yield f"{plugin['name']}: there is no parser '{parser}'"


def _unknown(where: str, found: Mapping[str, Any], known: list[str]) -> Iterator[str]:
    for key in found:
        if key not in known:
            yield f"{where}: unknown configuration property '{key}'"
