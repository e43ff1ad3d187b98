"""Texts as both databases can keep them."""

from __future__ import annotations

import re

# PostgreSQL's indices take 2,704 bytes: one text, or the names of a cluster and a node. Slurm's own are shorter.
MAX_TEXT, MAX_NAME = 512, 256
MAX_NODE_LIST = 1 << 16
_BAD_TEXT = re.compile("[\0\ud800-\udfff]")


def clean(text: str, limit: int = MAX_TEXT) -> str:
    """Return text with no NUL, no half of a character, not too long for an index."""
    return text[:limit] if text.isascii() and "\0" not in text else _BAD_TEXT.sub("\ufffd", text[:limit])


def clean_name(name: str) -> str:
    """Return the name of a cluster or a node, which is cut where it is too long."""
    return clean(name, MAX_NAME)
