"""Rows of a command whose fields are separated by a word that nobody knew before.

Names of jobs, accounts and the like are what users typed, with anything in it: delimiters, line breaks, and after one
what looks like another row. Such a text can neither hold the mark nor begin a row; it comes back whole, line breaks
included.
"""

from __future__ import annotations

import re
import secrets
from collections.abc import Iterable, Iterator, Sequence

# What the lines of one text may add up to. Slurm itself takes no longer ones.
MAX_ROW_BYTES = 1 << 20


class RowMark:
    """The mark of one call. Rows begin with a number, such as that of a job. ``rejected`` counts what is no row."""

    def __init__(self) -> None:
        self.text = f"|{secrets.token_urlsafe(6)}|"
        self.rejected = 0
        self._bytes = self.text.encode()
        self._begins = re.compile(rb"\d{1,10}" + re.escape(self._bytes)).match

    def squeue_format(self, fields: Sequence[str]) -> str:
        """Return the option of squeue for these fields."""
        return "--Format=" + ",".join(f"{field}:{self.text}" for field in fields).removesuffix(self.text)

    def sacct_format(self, fields: Sequence[str]) -> tuple[str, str]:
        """Return the options of sacct for these fields."""
        return f"--delimiter={self.text}", f"--format={','.join(fields)}"

    def rows(self, chunks: Iterable[Iterable[bytes]], fields: int) -> Iterator[list[str]]:
        """Yield the rows in these lines, each as that many fields. Bytes that are no UTF-8 become U+FFFD."""
        lines: list[bytes] = []
        missing = 0  # marks until the row is whole: before that a line with a number is the end of some text
        for chunk in chunks:
            for line in chunk:
                if missing <= 0 and self._begins(line):
                    yield from self._row(lines, fields)
                    lines, missing = [], fields - 1
                elif not lines:
                    self.rejected += 1
                    continue
                lines.append(line)
                missing -= line.count(self._bytes)
        yield from self._row(lines, fields)

    def _row(self, lines: Sequence[bytes], fields: int) -> Iterator[list[str]]:
        if not lines:
            return
        values = b"\n".join(lines).split(self._bytes)
        if len(values) != fields or sum(map(len, values)) > MAX_ROW_BYTES:
            self.rejected += 1
            return
        yield [value.decode("utf-8", "replace") for value in values]
