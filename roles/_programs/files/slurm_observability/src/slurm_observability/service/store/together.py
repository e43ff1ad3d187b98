"""Work of several threads, done by one of them in one transaction."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Sequence
from threading import Lock
from typing import Generic, TypeVar

from .errors import StoreError

Item = TypeVar("Item")
Result = TypeVar("Result")


class Together(Generic[Item, Result]):
    """Collects what threads want done while another does it: a commit, which waits for the disk, serves them all.

    ``work`` gets up to ``limit`` items (more only where one caller brings more) and returns a result for each.
    """

    def __init__(self, work: Callable[[Sequence[Item]], Sequence[Result]], limit: int) -> None:
        self._work = work
        self._limit = limit
        self._waiting: deque[_Call[Item, Result]] = deque()
        self._turn = Lock()

    def __call__(self, items: Sequence[Item]) -> Sequence[Result]:
        """Return the results of these items, once they are done. Raises what ``work`` raises."""
        call = _Call[Item, Result](items)
        self._waiting.append(call)
        with self._turn:
            while not call.done:
                self._run(self._next())
        if call.error is not None:
            raise call.error
        return call.results

    def _next(self) -> list[_Call[Item, Result]]:
        calls = [self._waiting.popleft()]
        count = len(calls[0].items)
        while self._waiting and count + len(self._waiting[0].items) <= self._limit:
            calls.append(self._waiting.popleft())
            count += len(calls[-1].items)
        return calls

    def _run(self, calls: Sequence[_Call[Item, Result]]) -> None:
        try:
            results = self._work([item for call in calls for item in call.items])
        except Exception as error:
            if len(calls) > 1 and not isinstance(error, StoreError):
                # Something is wrong with one of them: the others must not suffer.
                for call in calls:
                    self._run([call])
                return
            for call in calls:
                call.error = error
        else:
            rest = iter(results)
            for call in calls:
                call.results = [next(rest) for _item in call.items]
        for call in calls:
            call.done = True


class _Call(Generic[Item, Result]):
    def __init__(self, items: Sequence[Item]) -> None:
        self.items = items
        self.results: Sequence[Result] = ()
        self.error: Exception | None = None
        self.done = False
