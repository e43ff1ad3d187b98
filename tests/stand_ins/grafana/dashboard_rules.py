"""What holds for a dashboard in both APIs."""

from __future__ import annotations

import re

from .exchange import Document, Refusal

SERVER_ADDS = ("id", "uid", "version")
_LEGAL = re.compile(r"[a-zA-Z0-9\-_]*")


def check_properties(title: object, uid: str, message: str) -> None:
    """Raise Refusal for what no version takes."""
    if not isinstance(title, str) or not title.strip():
        raise Refusal(400, "Dashboard title cannot be empty", status="empty-name")
    if len(title) > 5000:
        raise Refusal(400, "Dashboard title cannot contain more than 5 000 characters", status="title-too-long")
    if not _LEGAL.fullmatch(uid):
        raise Refusal(400, "uid contains illegal characters")
    if len(uid) > 40:
        raise Refusal(400, "uid too long, max 40 characters")
    if len(message) > 500:
        raise Refusal(400, "message too long, max 500 characters")


def kept(document: Document) -> Document:
    """What is kept of a document."""
    return {key: value for key, value in document.items() if key not in SERVER_ADDS}
