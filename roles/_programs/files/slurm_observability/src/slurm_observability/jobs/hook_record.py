"""What a hook writes: NUL-terminated ``KEY=VALUE`` records, ``VERSION=1`` first and ``END=1`` last.

A value of the environment cannot hold a NUL: whatever users choose for it, nothing can be forged.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

VERSION = "1"

_BEGIN = b"VERSION="
_END = b"END=1\0"
_KEY = re.compile(rb"[A-Z][A-Z0-9_]{0,63}")


class RecordError(Exception):
    """A record cannot be used. The message says why, in a few words."""


class Incomplete(RecordError):
    """Its writer has not written it to the end, or never will."""


def read_record(content: bytes, errors: str = "replace") -> dict[str, str]:
    """Return the values by their keys, without VERSION and END. Raises RecordError.

    ``errors`` is how to decode what is no UTF-8. Of a key that is there twice the first counts.
    """
    if not content.endswith(_END):
        raise Incomplete("it has no end")
    version, *fields = content[: -len(_END)].split(b"\0")[:-1] or [b""]
    if not version.startswith(_BEGIN):
        raise RecordError("it does not begin with a version")
    if version != _BEGIN + VERSION.encode():
        raise RecordError("it is of a version that is not known here")
    values: dict[str, str] = {}
    for field in fields:
        key, equals, value = field.partition(b"=")
        if not equals or not _KEY.fullmatch(key):
            raise RecordError("a line of it is no KEY=VALUE")
        values.setdefault(key.decode(), value.decode("utf-8", errors))
    return values


def write_record(values: Mapping[str, str]) -> bytes:
    """Return the record that :func:`read_record` reads as these values. A NUL in a value is left out."""
    fields = {"VERSION": VERSION, **values, "END": "1"}
    lines = (f"{key}={value}".replace("\0", "") for key, value in fields.items())
    return "".join(f"{line}\0" for line in lines).encode("utf-8", "replace")
