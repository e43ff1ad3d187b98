# -*- coding: utf-8 -*-
# Copyright: slurm.observability contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Work on many resources: some requests at a time, and one error for all of them."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from ansible_collections.slurm.observability.plugins.module_utils.azure.errors import AzureError

Item = TypeVar("Item")
Result = TypeVar("Result")

ARGUMENTS = {"parallel": {"type": "int", "default": 8}}


def each(items: Sequence[Item], work: Callable[[Item], Result], parallel: int) -> list[Result]:
    """The results of some work on each item, in their order.

    After the first failure nothing new is begun, and what was begun is waited for; then that failure is raised. Its
    text says how far the work had come.
    """
    failed = threading.Event()
    done: dict[int, Result] = {}

    def unless_one_failed(index: int) -> None:
        if failed.is_set():
            return
        try:
            done[index] = work(items[index])
        except BaseException:
            failed.set()
            raise

    with ThreadPoolExecutor(max_workers=max(1, parallel)) as pool:
        futures = [pool.submit(unless_one_failed, index) for index in range(len(items))]
    for error in filter(None, (future.exception() for future in futures)):
        if isinstance(error, AzureError) and len(items) > 1:
            error.args = (f"{error} ({len(done)} of {len(items)} were done; the next run goes on from there)",)
        raise error
    return [done[index] for index in range(len(items))]
