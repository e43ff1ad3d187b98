# -*- coding: utf-8 -*-
# Copyright: slurm.observability contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Reads the Kusto Query Language as far as transformations need it: tokens, statements, the stages of a pipeline.

This is no parser. Microsoft's own parser judges in the tests; here is what can be said on a control node without it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

_TOKEN = re.compile(
    r"""
      (?P<blank>\s+|//[^\n]*)
    | (?P<string>h?@"(?:[^"]|"")*" | h?@'(?:[^']|'')*' | h?"(?:\\.|[^"\\\n])*" | h?'(?:\\.|[^'\\\n])*' | ```.*?```)
    | (?P<literal>(?:bool|boolean|date|datetime|decimal|double|guid|int|long|real|time|timespan)\s*\([^()]*\))
    | (?P<number>0x[0-9a-f]+ | \d+(?:\.\d+)?(?:e[+-]?\d+)?[a-z]*)
    | (?P<name>!?in~ | !?[a-z_$]\w*)
    | (?P<symbol>!~|!=|=~|==|<=|>=|=>|\.\.|[-+*/%<>=,;:.|(){}\[\]])
    """,
    re.VERBOSE | re.IGNORECASE | re.DOTALL,
)
_OPENING, _CLOSING = "([{", ")]}"


class KqlError(ValueError):
    """The text is no KQL; the message says where."""


@dataclass(frozen=True)
class Token:
    """A word of a query. ``kind`` is ``string``, ``literal``, ``number``, ``name`` or ``symbol``."""

    kind: str
    text: str
    line: int
    column: int

    @property
    def place(self) -> str:
        """Where it is, for a message."""
        return f"line {self.line}, column {self.column}"


def tokens(text: str) -> list[Token]:
    """The words of a query, without blanks and comments.

    :raises KqlError: at a character that begins no word, and where brackets do not match.
    """
    found: list[Token] = []
    open_brackets: list[Token] = []
    at = 0
    while at < len(text):
        line, column = text.count("\n", 0, at) + 1, at - text.rfind("\n", 0, at)
        match = _TOKEN.match(text, at)
        if not match:
            what = "a string that does not end" if text[at] in "\"'`@" else f"the character {text[at]!r}"
            raise KqlError(f"line {line}, column {column}: {what}")
        at = match.end()
        if match.lastgroup == "blank":
            continue
        token = Token(str(match.lastgroup), match.group(), line, column)
        if token.kind == "symbol" and token.text in _OPENING:
            open_brackets.append(token)
        elif token.kind == "symbol" and token.text in _CLOSING:
            if not open_brackets or _OPENING.index(open_brackets.pop().text) != _CLOSING.index(token.text):
                raise KqlError(f"{token.place}: '{token.text}' closes nothing")
        found.append(token)
    if open_brackets:
        raise KqlError(f"{open_brackets[-1].place}: '{open_brackets[-1].text}' is never closed")
    return found


def split(words: Sequence[Token], separator: str) -> Iterator[list[Token]]:
    """The parts between separators that stand in no brackets. Words that are none give one empty part."""
    depth = 0
    part: list[Token] = []
    for word in words:
        if word.kind == "symbol":
            depth += (word.text in _OPENING) - (word.text in _CLOSING)
        if depth == 0 and is_symbol(word, separator):
            yield part
            part = []
        else:
            part.append(word)
    yield part


def is_symbol(word: Token | None, text: str) -> bool:
    """Whether a word is this symbol."""
    return word is not None and word.kind == "symbol" and word.text == text


def operator_of(stage: Sequence[Token]) -> tuple[str, int]:
    """The operator that a stage of a pipeline begins with, and of how many words it is: ``project-away`` is three."""
    if not stage or stage[0].kind != "name":
        return "", 0
    words = 1
    while len(stage) > words + 1 and is_symbol(stage[words], "-") and stage[words + 1].kind == "name":
        words += 2
    return "".join(word.text for word in stage[:words]), words


def named(argument: Sequence[Token]) -> tuple[str, list[Token]]:
    """The name and the expression of ``name = expression``; a column alone is its own name, else the name is empty."""
    words = list(argument)
    if len(words) >= 3 and is_symbol(words[0], "[") and words[1].kind == "string" and is_symbol(words[2], "]"):
        name, rest = words[1].text[1:-1], words[3:]
    elif words and words[0].kind == "name":
        name, rest = words[0].text, words[1:]
    else:
        return "", words
    if not rest:
        return name, words
    return (name, rest[1:]) if is_symbol(rest[0], "=") else ("", words)
