# -*- coding: utf-8 -*-
# Copyright: slurm.observability contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The uid of a dashboard: what Grafana takes, and one that is derived from a name."""

from __future__ import annotations

import hashlib
import re

LONGEST = 40
_LEGAL = re.compile(r"[a-zA-Z0-9_-]+")


def fault(uid: str) -> str:
    """What Grafana would have against a uid; an empty text when it has nothing."""
    if not _LEGAL.fullmatch(uid):
        return f"the uid '{uid}' has characters in it that Grafana refuses: letters, digits, - and _ are allowed"
    if len(uid) > LONGEST:
        return f"the uid '{uid}' has {len(uid)} characters, and Grafana takes {LONGEST} at most"
    return ""


def derived(name: str) -> str:
    """A uid for a name, the same in every run. Where the name does not fit as it is, a hash keeps it apart."""
    slug = re.sub(r"[^a-z0-9_-]+", "-", name.lower()).strip("-")
    if slug == name.lower() and slug and len(slug) <= LONGEST:
        return slug
    digest = hashlib.sha256(name.encode()).hexdigest()[:8]
    return f"{slug[: LONGEST - 9].rstrip('-')}-{digest}".lstrip("-")
