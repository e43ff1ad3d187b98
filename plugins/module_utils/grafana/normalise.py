# -*- coding: utf-8 -*-
# Copyright: slurm.observability contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What of a dashboard is content, and what Grafana adds or drops by itself."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

Document = dict[str, Any]

# Of the copy in one Grafana: its number there, its version, and the uid, which is compared by itself.
_OF_THE_COPY = ("id", "uid", "version")
# Of an export for sharing: read before a dashboard is sent, and of no use in Grafana.
_OF_THE_EXPORT = ("__inputs", "__requires", "__elements")


def content(document: Mapping[str, Any]) -> Document:
    """The part of a dashboard that is compared and sent."""
    return {key: value for key, value in document.items() if key not in (*_OF_THE_COPY, *_OF_THE_EXPORT)}


def text(document: Mapping[str, Any] | None) -> str:
    """A document as it is shown in a diff; empty when there is none."""
    return "" if document is None else json.dumps(document, indent=2, sort_keys=True, ensure_ascii=False) + "\n"
