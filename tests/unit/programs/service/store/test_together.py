"""Calls of several threads share a transaction, and one that is at fault fails alone."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence

import pytest
from slurm_observability.service.store.errors import StoreError
from slurm_observability.service.store.together import Together


class Gate:
    """Work that stands until it is let go, so that other calls gather."""

    def __init__(self) -> None:
        self.began, self.go = threading.Event(), threading.Event()
        self.calls: list[list[int]] = []
        self.error: Exception | None = None

    def __call__(self, items: Sequence[int]) -> list[int]:
        self.calls.append(list(items))
        self.began.set()
        self.go.wait(60)
        if self.error is not None and 13 in items:
            raise self.error
        return [item * 2 for item in items]


def gathered(gate: Gate, limit: int, eventually: Callable[..., None]) -> dict[int, object]:
    """Let 1 begin, then 11, 12, 13 and 14 come, and return what each has got."""
    together = Together(gate, limit)
    got: dict[int, object] = {}

    def call(item: int) -> None:
        try:
            got[item] = together([item])
        except Exception as error:
            got[item] = error

    threads = [threading.Thread(target=call, args=(item,)) for item in (1, 11, 12, 13, 14)]
    threads[0].start()
    gate.began.wait(60)
    for thread in threads[1:]:
        thread.start()
    eventually(lambda: len(together._waiting) == 4)
    gate.go.set()
    for thread in threads:
        thread.join(60)
    return got


def test_those_who_wait_go_together(eventually: Callable[..., None]) -> None:
    gate = Gate()
    got = gathered(gate, 3, eventually)
    assert got == {item: [item * 2] for item in (1, 11, 12, 13, 14)}
    assert sorted(map(len, gate.calls)) == [1, 1, 3]


def test_one_that_is_at_fault_fails_alone(eventually: Callable[..., None]) -> None:
    gate = Gate()
    gate.error = ValueError("13")
    got = gathered(gate, 9, eventually)
    assert got.pop(13) is gate.error
    assert got == {item: [item * 2] for item in (1, 11, 12, 14)}


def test_without_the_database_all_fail(eventually: Callable[..., None]) -> None:
    gate = Gate()
    gate.error = StoreError("down")
    got = gathered(gate, 9, eventually)
    assert [got[item] for item in (11, 12, 13, 14)] == [gate.error] * 4


def test_a_call_may_bring_more_than_the_limit() -> None:
    assert Together[int, int](lambda items: [-item for item in items], 2)(range(5)) == [0, -1, -2, -3, -4]
    with pytest.raises(ZeroDivisionError):
        Together[int, float](lambda items: [1 / item for item in items], 2)([0])
