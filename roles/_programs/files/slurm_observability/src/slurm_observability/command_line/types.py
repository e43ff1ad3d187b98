"""The values of options: from the text that people give. Each raises ArgumentTypeError with a sentence."""

from __future__ import annotations

import argparse
import os
from collections.abc import Callable, Collection
from pathlib import Path

from ..http_client import split_url

YES_NO = ("yes", "no")
LOG_LEVELS = ("DEBUG", "INFO", "WARNING", "ERROR")

# The units of a size, and the powers of two that they stand for.
_UNITS = {"K": 10, "M": 20, "G": 30}


def port(text: str) -> int:
    """Return a TCP port."""
    if not text.isascii() or not text.isdigit() or not 0 < int(text) < 65536:
        raise argparse.ArgumentTypeError(f"'{text}' is no port; give a number from 1 to 65535")
    return int(text)


def count(text: str) -> int:
    """Return a whole number from 0 to 999999."""
    if not text.isascii() or not text.isdigit() or not 0 < len(text) < 7:
        raise argparse.ArgumentTypeError(f"'{text}' is no number; give one from 0 to 999999")
    return int(text)


def seconds(text: str) -> float:
    """Return a time in seconds, from a tenth of one to a day."""
    try:
        value = float(text)
    except ValueError:
        value = 0.0
    if not 0.1 <= value <= 86400:
        raise argparse.ArgumentTypeError(f"'{text}' is no time in seconds; give a number from 0.1 to 86400")
    return value


def size(text: str) -> int:
    """Return a number of bytes from ``4096``, ``64K``, ``256M`` or ``1G``."""
    number, unit = (text[:-1], text[-1]) if text[-1:] in _UNITS else (text, "")
    if not number.isascii() or not number.isdigit() or not 0 < len(number) < 13:
        raise argparse.ArgumentTypeError(f"'{text}' is no size; give a number of bytes, or one with K, M or G")
    return int(number) << _UNITS.get(unit, 0)


def percentage(text: str) -> float:
    """Return a percentage from 0 to 99."""
    if not text.isascii() or not text.isdigit() or not 0 < len(text) < 3:
        raise argparse.ArgumentTypeError(f"'{text}' is no percentage; give a number from 0 to 99")
    return float(text)


def url(text: str) -> str:
    """Return the URL of a server, without a slash at its end."""
    try:
        split_url(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from error
    return text.rstrip("/")


def log_level(text: str) -> str:
    """Return the name of a log level."""
    if text.upper() not in LOG_LEVELS:
        raise argparse.ArgumentTypeError(f"'{text}' is no log level; give one of {', '.join(LOG_LEVELS)}")
    return text.upper()


def file(text: str) -> Path | None:
    """Return the path of a file, None for an empty text."""
    return Path(text) if text else None


def yes_no(text: str) -> bool:
    """Return True for ``yes``, False for ``no``."""
    if text not in YES_NO:
        raise argparse.ArgumentTypeError(f"'{text}' is neither 'yes' nor 'no'")
    return text == "yes"


def directory(text: str) -> Path:
    """Return the path of a directory that can be written to."""
    path = Path(text)
    if not path.is_dir() or not os.access(path, os.W_OK | os.X_OK):
        raise argparse.ArgumentTypeError(f"'{text}' is no directory that this user can write to; create it first")
    return path


def some_of(choices: Collection[str]) -> Callable[[str], tuple[str, ...]]:
    """Return a parser of ``WORD,WORD``: those of the choices that are named, in the order of the choices."""

    def parse(text: str) -> tuple[str, ...]:
        given = set(filter(None, text.split(",")))
        for word in sorted(given.difference(choices)):
            raise argparse.ArgumentTypeError(f"'{word}' is none of {', '.join(choices)}")
        return tuple(choice for choice in choices if choice in given)

    return parse
