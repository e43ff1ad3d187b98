"""A set of job ids that takes one bit for each."""

from __future__ import annotations

_PAGE_BITS = 4096


class JobIdSet:
    """A set of non-negative integers that lie close together, as job ids do.

    Half a million ids in a row take about 80 kB, where a Python set takes more than 30 MB. Numbers far apart take a
    page of half a kilobyte each.
    """

    def __init__(self) -> None:
        self._pages: dict[int, bytearray] = {}
        self._size = 0

    def add(self, job_id: int) -> None:
        """Put the id in the set, where it may already be."""
        number, offset = divmod(job_id, _PAGE_BITS)
        page = self._pages.get(number)
        if page is None:
            page = self._pages[number] = bytearray(_PAGE_BITS // 8)
        bit = 1 << (offset & 7)
        if not page[offset >> 3] & bit:
            page[offset >> 3] |= bit
            self._size += 1

    def __contains__(self, job_id: int) -> bool:
        number, offset = divmod(job_id, _PAGE_BITS)
        page = self._pages.get(number)
        return page is not None and bool(page[offset >> 3] & 1 << (offset & 7))

    def __len__(self) -> int:
        return self._size
