# -*- coding: utf-8 -*-
# Copyright: slurm.observability contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A dashboard as Grafana has it, whichever API it was asked through."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Stored:
    """``content`` is what can be compared, ``raw`` what the API needs to have back.

    ``manager`` is what looks after the dashboard and undoes changes by others, such as file provisioning.
    """

    uid: str
    content: dict[str, Any] = field(repr=False)
    folder_uid: str
    version: int
    manager: str
    raw: dict[str, Any] = field(repr=False)
