"""Read a JSON object while it arrives: an answer of slurmrestd can be larger than the memory one should take."""

from __future__ import annotations

import codecs
import json
from collections.abc import Iterable, Iterator
from typing import Any

_DECODER = json.JSONDecoder()
_SPACE = " \t\r\n"
_ENDS = frozenset(",:]}" + _SPACE)


def members(chunks: Iterable[bytes], listed: str) -> Iterator[tuple[str, Any]]:
    """Yield the members of the one JSON object in ``chunks`` as pairs of name and value.

    The member ``listed``, when it is a list, is never held as a whole: each of its items is yielded as a pair of its
    own. Bytes that are no UTF-8 become U+FFFD. Raises ValueError when the text is no JSON object.
    """
    text = _Text(chunks)
    text.expect("{")
    more = text.peek() != "}"
    while more:
        name = text.value()
        text.expect(":")
        if name == listed and text.peek() == "[":
            text.expect("[")
            while text.peek() != "]":
                yield listed, text.value()
                if text.peek() != "]":
                    text.expect(",")
            text.expect("]")
        else:
            yield str(name), text.value()
        more = text.peek() == ","
        if more:
            text.expect(",")
    text.expect("}")


class _Text:
    """The text that has arrived and was not read yet; more is fetched when it is needed."""

    def __init__(self, chunks: Iterable[bytes]) -> None:
        self._chunks = codecs.iterdecode(chunks, "utf-8", "replace")
        self._text = ""
        self._at = 0

    def peek(self) -> str:
        """Return the next character that is no space; an empty string at the end."""
        while True:
            while self._at < len(self._text):
                if self._text[self._at] not in _SPACE:
                    return self._text[self._at]
                self._at += 1
            if not self._fetch(1):
                return ""

    def expect(self, character: str) -> None:
        """Pass over a character that must come next."""
        if self.peek() != character:
            raise ValueError(f"'{self.peek()}' stands in the JSON text in the place of '{character}'")
        self._at += 1

    def value(self) -> Any:
        """Return the next value, and pass over it."""
        self.peek()
        while True:
            try:
                value, end = _DECODER.raw_decode(self._text, self._at)
            except (ValueError, RecursionError) as error:
                if not self._fetch(len(self._text) - self._at):
                    raise ValueError(f"the JSON text cannot be read: {error}") from error
            else:
                # Where nothing follows that ends a value, a number may go on: 0, 0., 0.5, 0.5e1.
                if self._text[end : end + 1] in _ENDS or not self._fetch(1):
                    self._at = end
                    return value

    def _fetch(self, characters: int) -> bool:
        """Fetch at least so many characters more; doubling what waits keeps the work linear. False at the end."""
        arrived = []
        while characters > 0 and (chunk := next(self._chunks, None)) is not None:
            arrived.append(chunk)
            characters -= len(chunk)
        self._text = "".join([self._text[self._at :], *arrived])
        self._at = 0
        return bool(arrived)
