# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Slurm's hostlist notation: ``rack[1-2]node[01-16]`` and back, as ``scontrol show hostnames|hostlist`` has it."""

from __future__ import annotations

import itertools
import math
import re

# Slurm itself refuses a bracket with more hosts than this (MAX_RANGE).
DEFAULT_LIMIT = 65536
# Slurm counts in 64 bits; 18 digits always fit.
MAX_DIGITS = 18

_SEPARATORS = re.compile(r"[\s,]+")
_TOKEN = re.compile(r"(?:[^\s,\[\]\x00-\x1f\x7f]|\[[0-9,-]+\])+")
_BRACKET = re.compile(r"\[([^]]*)\]")
_RANGE = re.compile(r"([0-9]+)(?:-([0-9]+))?")
_NOT_IN_A_NAME = re.compile(r"[\s,\[\]\x00-\x1f\x7f]")


class HostlistError(ValueError):
    """A text that is no hostlist, or one that stands for more hosts than allowed."""


def expand(text: str, limit: int = DEFAULT_LIMIT) -> list[str]:
    """Return the host names that the hostlist stands for, in Slurm's order, repeated names repeated.

    Raises HostlistError where the text is malformed or stands for more than ``limit`` hosts; the hosts are counted
    before any is made, so a hostile text costs nothing.
    """
    names: list[str] = []
    position = 0
    while True:
        separators = _SEPARATORS.match(text, position)
        if separators:
            position = separators.end()
        if position == len(text):
            return names
        token = _TOKEN.match(text, position)
        if not token or (token.end() < len(text) and not _SEPARATORS.match(text, token.end())):
            raise HostlistError(
                f"{_shown(text)} is not a hostlist: it cannot be read from {_shown(text[position:])} on"
            )
        position = token.end()
        names.extend(_expand_token(token.group(), limit - len(names), limit))


def _expand_token(token: str, room: int, limit: int) -> list[str]:
    """Expand one comma-free piece such as ``a[1-2]b[3-4]c``."""
    pieces = _BRACKET.split(token)
    literals, brackets = pieces[::2], [_ranges(text, token) for text in pieces[1::2]]
    if math.prod(sum(high - low + 1 for low, high, width in ranges) for ranges in brackets) > room:
        raise HostlistError(f"{_shown(token)} stands for more than the {limit} hosts allowed")
    if not brackets:
        return [token]
    numbers = [
        [f"{number:0{width}d}" for low, high, width in ranges for number in range(low, high + 1)] for ranges in brackets
    ]
    # Slurm's order: the last bracket turns fastest, then the first, the second, and so on.
    *leading, last = numbers
    name = "{}".join(literal.replace("{", "{{").replace("}", "}}") for literal in literals)
    return [name.format(*reversed(turned), final) for *turned, final in itertools.product(*reversed(leading), last)]


def _ranges(text: str, token: str) -> list[tuple[int, int, int]]:
    """Return the (low, high, width) of each range of a bracket; the width is that of the lower bound, as in Slurm."""
    ranges = []
    for part in text.split(","):
        match = _RANGE.fullmatch(part)
        if not match:
            raise HostlistError(f"{_shown(token)} is not a hostlist: {_shown(part)} is not a number or a range")
        low, high = match.group(1), match.group(2) or match.group(1)
        if max(len(low), len(high)) > MAX_DIGITS:
            raise HostlistError(f"{_shown(token)} is not a hostlist: numbers have at most {MAX_DIGITS} digits")
        if int(high) < int(low):
            raise HostlistError(f"{_shown(token)} is not a hostlist: the range {part} runs backwards")
        ranges.append((int(low), int(high), len(low)))
    return ranges


def compress(names: list[str]) -> str:
    """Return the shortest hostlist that Slurm itself would print for these names, in the order given.

    Raises HostlistError for a name that no host can have.
    """
    groups: list[str] = []
    for prefix, numbered in itertools.groupby(map(_split, names), key=lambda name: name[0]):
        groups.extend(_compress_group(prefix, [digits for prefix_again, digits in numbered]))
    return ",".join(groups)


def _split(name: str) -> tuple[str, str]:
    """Split a host name into what comes before its last digits, and these digits."""
    if not name or _NOT_IN_A_NAME.search(name):
        raise HostlistError(f"{_shown(name)} is not a host name")
    prefix = name.rstrip("0123456789")
    return (prefix, name[len(prefix) :]) if len(name) - len(prefix) <= MAX_DIGITS else (name, "")


def _compress_group(prefix: str, numbers: list[str]) -> list[str]:
    """Write neighbours that share a prefix as one bracket."""
    if not numbers[0]:
        return [prefix] * len(numbers)
    ranges: list[list[str]] = []
    for digits in numbers:
        # The next number continues a range only if the range would be read back with its very digits.
        if ranges and f"{int(ranges[-1][1]) + 1:0{len(ranges[-1][0])}d}" == digits:
            ranges[-1][1] = digits
        else:
            ranges.append([digits, digits])
    if len(numbers) == 1:
        return [prefix + numbers[0]]
    return [f"{prefix}[{','.join(low if low == high else f'{low}-{high}' for low, high in ranges)}]"]


def _shown(text: str) -> str:
    """Quote a text for a message, shortened."""
    return repr(text if len(text) <= 60 else text[:57] + "...")
