# -*- coding: utf-8 -*-
# Copyright: slurm.observability contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Checks the transformation of a data collection rule without Azure, and says which columns it gives."""

from __future__ import annotations

import difflib
import fnmatch
from collections.abc import Collection, Iterator, Sequence

from ansible_collections.slurm.observability.plugins.module_utils.azure.kql import (
    KqlError,
    Token,
    is_symbol,
    named,
    operator_of,
    split,
    tokens,
)
from ansible_collections.slurm.observability.plugins.module_utils.azure.transform_words import (
    FUNCTIONS,
    INSTEAD,
    LONGEST,
    OPERATORS,
    PARSED_COLUMNS,
    WORD_OPERATORS,
)

_CONSTANTS = frozenset(["true", "false", "null"])


def lint_transform(text: str, columns: Sequence[str] | None = None) -> list[str]:
    """What Azure would refuse in a transformation, each finding as one sentence with its place in the text.

    :param columns: the columns of the stream, where they are known: then each column that is read has to exist.
    """
    try:
        transform = Transform(text, columns)
    except KqlError as error:
        return [f"{error} cannot be read as KQL."]
    findings = [] if len(text) <= LONGEST else [f"It has {len(text)} characters; Azure takes {LONGEST}."]
    return findings + transform.findings


def transform_columns(text: str, columns: Sequence[str]) -> list[str] | None:
    """The columns that a transformation gives of those of its stream; None where this cannot be told without Kusto."""
    try:
        return Transform(text, columns).columns
    except KqlError:
        return None


def lint_columns(text: str, stream: Sequence[str], table: Sequence[str] | None) -> list[str]:
    """Whether a transformation gives what its table has, where that can be told; the table may be unknown (None)."""
    columns = transform_columns(text, stream) if stream else None
    if columns is None:
        return []
    findings = [] if "TimeGenerated" in columns else ["It gives no TimeGenerated, which every table needs."]
    return findings + [
        f"It gives the column '{name}', which the table does not have."
        for name in columns
        if table is not None and name not in table
    ]


class Transform:
    """A transformation, read once: ``findings`` are sentences, ``columns`` what it gives (None: unknown)."""

    def __init__(self, text: str, columns: Sequence[str] | None) -> None:
        self.findings: list[str] = []
        self.columns = None if columns is None else list(columns)
        self._lets: set[str] = set()
        statements = [part for part in split(tokens(text), ";") if part]
        if not statements:
            self.findings.append("It is empty; 'source' passes everything on.")
            return
        for statement in statements[:-1]:
            self._let(statement)
        self._pipeline(statements[-1])

    def _let(self, statement: Sequence[Token]) -> None:
        if statement[0].text != "let" or len(statement) < 4 or not is_symbol(statement[2], "="):
            self._refuse(statement[0], "only 'let name = ...' may stand before the pipeline")
            return
        before = self.columns
        if len(list(split(statement[3:], "|"))) > 1:
            self._pipeline(statement[3:])
        else:
            self._words(statement[3:])
        self.columns = before
        self._lets.add(statement[1].text)

    def _pipeline(self, statement: Sequence[Token]) -> None:
        head, *stages = split(statement, "|")
        operator, words = operator_of(head)
        if operator in ("print", "datatable"):
            self.columns = None
            self._words(head[words:])
        elif [word.text for word in head] != ["source"] and operator not in self._lets:
            self._refuse(statement[0], "the data of a transformation is 'source'")
        for stage in stages:
            self._stage(stage)

    def _stage(self, stage: Sequence[Token]) -> None:
        operator, words = operator_of(stage)
        if not operator or operator not in OPERATORS:
            if stage:
                self._refuse(stage[0], _not_allowed("operator", operator or stage[0].text, OPERATORS))
            self.columns = None
        elif operator == "parse":
            self._parse(stage, words)
        else:
            arguments = [part for part in split(stage[words:], ",") if part]
            expressions = [named(argument) for argument in arguments]
            for _name, expression in expressions:
                self._words(expression)
                if operator != "project-away":
                    self._reads(expression)
            self.columns = _after(operator, self.columns, expressions, arguments)

    def _parse(self, stage: Sequence[Token], words: int) -> None:
        """``parse [kind=... flags=...] expression with pattern``: the pattern names columns, the expression reads."""
        where = next((n for n, word in enumerate(stage) if word.text == "with"), len(stage))
        start = words
        while start + 2 < where and is_symbol(stage[start + 1], "="):
            start += 3
        self._words(stage[start:where])
        self._reads(stage[start:where])
        pattern = stage[where + 1 :]
        new = [
            word.text
            for before, word, _after in _with_neighbours(pattern)
            if word.kind == "name" and not is_symbol(before, ":")
        ]
        if len(new) > PARSED_COLUMNS:
            self._refuse(stage[0], f"a parse gives {PARSED_COLUMNS} columns at the most, this one {len(new)}")
        self.columns = _added(self.columns, new)

    def _words(self, words: Sequence[Token]) -> None:
        """Refuse functions and operators that are not on Azure's list."""
        for before, word, after in _with_neighbours(words):
            if is_symbol(word, "|"):
                self._refuse(word, "a transformation has no pipeline within brackets")
                return
            if word.kind != "name" or word.text in WORD_OPERATORS or word.text in _CONSTANTS:
                continue
            if _ends_operand(before):
                self._refuse(word, _not_allowed("operator", word.text, WORD_OPERATORS))
            elif is_symbol(after, "(") and word.text not in FUNCTIONS | self._lets:
                self._refuse(word, _not_allowed("function", word.text, FUNCTIONS))

    def _reads(self, words: Sequence[Token]) -> None:
        """Refuse columns that are not there."""
        if self.columns is None:
            return
        known = {*self.columns, *self._lets, *WORD_OPERATORS, *_CONSTANTS}
        for before, word, after in _with_neighbours(words):
            is_column = word.kind == "name" and not is_symbol(after, "(") and not is_symbol(before, ".")
            if is_column and word.text not in known and not _ends_operand(before):
                self._refuse(word, f"there is no column '{word.text}' here{_nearest(word.text, self.columns)}")

    def _refuse(self, word: Token, why: str) -> None:
        finding = f"{word.place}: {why}" + ("" if why.endswith("?") else ".")
        if finding not in self.findings:
            self.findings.append(finding)


def _with_neighbours(words: Sequence[Token]) -> Iterator[tuple[Token | None, Token, Token | None]]:
    """Each word with the one before and the one after it."""
    for n, word in enumerate(words):
        yield words[n - 1] if n else None, word, words[n + 1] if n + 1 < len(words) else None


def _after(
    operator: str,
    columns: list[str] | None,
    expressions: Sequence[tuple[str, list[Token]]],
    arguments: Sequence[Sequence[Token]],
) -> list[str] | None:
    """The columns after a stage."""
    names = [name for name, _expression in expressions]
    if operator == "where":
        return columns
    if operator == "project-away":
        patterns = ["".join(word.text for word in argument) for argument in arguments]
        return columns and [column for column in columns if not any(fnmatch.fnmatchcase(column, p) for p in patterns)]
    if not all(names):
        return None
    if operator == "project":
        return names
    if operator == "project-rename":
        new = {expression[0].text: name for name, expression in expressions}
        return columns and [new.get(column, column) for column in columns]
    return _added(columns, names) if operator == "extend" else None


def _added(columns: list[str] | None, names: Sequence[str]) -> list[str] | None:
    return None if columns is None else [*columns, *dict.fromkeys(name for name in names if name not in columns)]


def _ends_operand(word: Token | None) -> bool:
    """Whether the next word, if it is a name, stands where an operator has to."""
    if word is None or word.text in WORD_OPERATORS:
        return False
    return word.kind != "symbol" or word.text in (")", "]")


def _not_allowed(kind: str, word: str, allowed: Collection[str]) -> str:
    instead = INSTEAD.get(word.lstrip("!"))
    advice = f"; use {instead}" if instead else _nearest(word, allowed)
    return f"Azure allows no {kind} '{word}' in a transformation{advice}"


def _nearest(word: str, known: Collection[str]) -> str:
    near = difflib.get_close_matches(word, sorted(known), n=1)
    return f"; did you mean '{near[0]}'?" if near else ""
