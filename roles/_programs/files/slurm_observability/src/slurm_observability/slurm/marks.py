"""Lines of squeue that no user can forge.

Accounts, QOS and job names are what users typed, unless slurmdbd makes sure that it knows them, and a reason can be a
text. Any of them may hold a ``|``, or a line break and after it what looks like the line of another job. So each call
has a mark, a word that nobody knew before: it ends the first field, which tells a true line, and stands between the
texts, which come last. The texts of a line with a break in them end there.
"""

from __future__ import annotations

import secrets
from collections.abc import Sequence


class Mark:
    """The mark of one call of squeue, which asks for facts, the first of them for itself, and then for texts."""

    def __init__(self) -> None:
        self._text = f"|{secrets.token_urlsafe(6)}|"
        self._bytes = self._text.encode()

    def option(self, facts: Sequence[str], texts: Sequence[str]) -> str:
        """Return squeue's option for these fields, in this order."""
        first, *others = facts
        fields = [f"{first}:{self._text}", *(f"{fact}:|" for fact in others[:-1]), f"{others[-1]}:{self._text}"]
        fields += [f"{text}:{self._text}" for text in texts]
        return "--Format=" + ",".join(fields).removesuffix(self._text)

    def split(self, line: bytes) -> tuple[bytes, bytes]:
        """Return the first fact, and the rest of the line with a NUL byte in place of marks; nothing of a false line.

        No text can hold a NUL byte, and so the rest means the same in every call.
        """
        first, mark, rest = line.partition(self._bytes)
        return (first, rest.replace(self._bytes, b"\0")) if mark else (b"", b"")


def texts_of(marked: bytes, number: int) -> list[str]:
    """Return the texts that follow each other with a NUL byte between them, empty where there is none."""
    texts = [value.decode("utf-8", "replace") for value in marked.split(b"\0")]
    return ["" if text in ("(null)", "N/A") else text for text in [*texts, *[""] * number][:number]]
