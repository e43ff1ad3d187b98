# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Reads queries from files, so that they can be saved in a workspace.

The file NAME.kql begins with comments, the title first and then what the query tells. ``let`` statements with a
number or a text, directly behind the comments and one on a line, are the parameters: in a saved query they stay, for a
person to change; of a function they become the parameters, with the same values as defaults.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from ansible_collections.slurm.observability.plugins.module_utils.azure.kql import KqlError, Token, tokens

_PARAMETER = re.compile(r"let\s+(?P<name>\w+)\s*=\s*(?P<value>[^;]+);\s*")
_TIMESPAN = re.compile(r"[\d.]+(d|h|m|s|ms)")


class QueryError(ValueError):
    """A file holds no query; the text says why."""


def read_query(name: str, text: str, category: str, function: bool) -> dict[str, Any]:
    """The saved query of a file.

    :param name: the name of the query, also that of the function.
    :param function: whether it is to be a function; then other queries can call it, with arguments.
    :raises QueryError: without a title, without a description, or when it cannot be read as KQL.
    """
    if not _words(name, text):
        raise QueryError(f"{name}: there is no query in it")
    lines = text.splitlines()
    comments = []
    for line in lines:
        if not line.startswith("//"):
            break
        comments.append(line.lstrip("/").strip())
    if len(comments) < 2:
        raise QueryError(f"{name}: a query begins with two lines of comments or more, its title and what it tells")
    parameters = []
    body = lines[len(comments) :]
    while body and (match := _PARAMETER.fullmatch(body[0])) and (kind := _type(name, match["value"])):
        parameters.append(f"{match['name']}:{kind}={match['value'].strip()}")
        del body[0]
    saved = {"name": name, "category": category, "display_name": comments[0]}
    if not function:
        return {**saved, "query": text}
    return {
        **saved,
        "query": "\n".join([*lines[: len(comments)], *body, ""]),
        "function_alias": name,
        "function_parameters": ", ".join(parameters),
    }


def _type(name: str, value: str) -> str:
    """The type of a parameter; empty for what is no constant."""
    words = _words(name, value)
    if len(words) != 1:
        return ""
    (word,) = words
    if word.kind == "string":
        return "string"
    if word.kind == "number":
        return "timespan" if _TIMESPAN.fullmatch(word.text) else "real" if "." in word.text else "long"
    return "bool" if word.text in ("true", "false") else ""


def _words(name: str, text: str) -> Sequence[Token]:
    try:
        return tokens(text)
    except KqlError as error:
        raise QueryError(f"{name}: {error}") from error
