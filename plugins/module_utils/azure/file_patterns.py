# -*- coding: utf-8 -*-
# Copyright: slurm.observability contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Checks file patterns that the Azure Monitor Agent is to follow."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

_WINDOWS = re.compile(r"[A-Za-z]:\\")
_WILD = re.compile(r"[*?\[\]{}]")


def lint_file_pattern(pattern: str, shared: Sequence[str] = ()) -> Iterator[str]:
    """What keeps the agent from following a pattern: it matches nothing then, and says nothing.

    :param shared: mount points of shared file systems, on the nodes that the pattern is for. The agent reads local
        disks only; on another one it misses what other hosts write.
    """
    windows = bool(_WINDOWS.match(pattern))
    if not pattern.startswith("/") and not windows:
        yield f"'{pattern}' is to be an absolute path."
    if "," in pattern:
        yield f"'{pattern}' has a comma: give each pattern by itself."
    if not pattern.isascii() or not pattern.isprintable():
        yield f"'{pattern}' has characters other than printable ASCII."
    folder, _separator, name = pattern.rpartition("\\" if windows else "/")
    if not windows and _WILD.search(folder):
        yield f"'{pattern}' has a wildcard in a directory; the agent knows it in the name of the file only."
    if not name or re.search(r"[?\[\]{}]|\*\*", name):
        yield f"'{pattern}' is to end in the name of a file; '*' is the only wildcard."
    for mount in shared:
        if (folder + "/").startswith(mount.rstrip("/") + "/"):
            yield f"'{pattern}' is on the shared file system {mount}; the agent reads local disks only."
