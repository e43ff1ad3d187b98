# -*- coding: utf-8 -*-
# Copyright: slurm.observability contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is to be done with dashboards: found out in whole before the first of them is changed."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from ansible_collections.slurm.observability.plugins.module_utils.grafana import normalise
from ansible_collections.slurm.observability.plugins.module_utils.grafana.dashboards import Dashboards
from ansible_collections.slurm.observability.plugins.module_utils.grafana.documents import Dashboard
from ansible_collections.slurm.observability.plugins.module_utils.grafana.errors import GrafanaError, refuse
from ansible_collections.slurm.observability.plugins.module_utils.grafana.stored import Stored

Document = dict[str, Any]


@dataclass(frozen=True)
class Change:
    """What is to be done with one dashboard. ``after`` is None when it is to go, ``before`` when there is none yet."""

    uid: str
    before: Stored | None = field(repr=False)
    after: Document | None = field(repr=False)
    folder_uid: str

    @property
    def action(self) -> str:
        """``created``, ``updated``, ``deleted`` or ``unchanged``."""
        if self.after is None:
            return "deleted" if self.before else "unchanged"
        if self.before is None:
            return "created"
        same = self.before.content == self.after and self.before.folder_uid == self.folder_uid
        return "unchanged" if same else "updated"

    @property
    def title(self) -> str:
        """The title, as it is wanted."""
        return str((self.after or (self.before.content if self.before else {})).get("title", ""))

    def diff(self) -> Document:
        """The change as Ansible shows it."""
        return {
            "before_header": f"{self.uid} in {_place(self.before.folder_uid)}" if self.before else "no dashboard",
            "after_header": "no dashboard" if self.after is None else f"{self.uid} in {_place(self.folder_uid)}",
            "before": normalise.text(self.before.content if self.before else None),
            "after": normalise.text(self.after),
        }

    def carry_out(self, api: Dashboards, message: str, overwrite: bool) -> int:
        """Do it; return the version of the dashboard, 0 when there is none any more."""
        if self.action == "created" and self.after is not None:
            return api.create(self.uid, self.after, self.folder_uid, message)
        if self.action == "updated" and self.before and self.after is not None:
            return api.update(self.before, self.after, self.folder_uid, message, overwrite)
        if self.action == "deleted":
            api.delete(self.uid)
        return self.before.version if self.before and self.after is not None else 0


def saves(api: Dashboards, wanted: Sequence[Dashboard], folder_uid: str | None, overwrite: bool) -> list[Change]:
    """The changes that bring dashboards about. Without a folder, those that are there stay where they are.

    Raises DocumentError with everything that stands against any of them.
    """
    found = [(dashboard, api.get(dashboard.uid)) for dashboard in wanted]
    changes, faults = [], []
    for dashboard, before in found:
        place = folder_uid if folder_uid is not None else before.folder_uid if before else ""
        after = dashboard.content
        if before is not None and before.content != after and not before.manager:
            after = api.preview(before, after, place)
        change = Change(dashboard.uid, before, after, place)
        changes.append(change)
        if change.action == "updated" and before is not None:
            faults += _against(before, change.title)
            if not overwrite and dashboard.version != before.version:
                faults.append(_conflict(dashboard, before))
    refuse(faults)
    return changes


def removals(api: Dashboards, uids: Iterable[str]) -> list[Change]:
    """The changes that remove dashboards. Raises DocumentError with what stands against any of them."""
    changes = [Change(uid, api.get(uid), None, "") for uid in uids]
    refuse([fault for change in changes if change.before for fault in _against(change.before, change.title)])
    return changes


def strays(hits: Iterable[Mapping[str, Any]], wanted: Sequence[Dashboard], tag: str) -> list[str]:
    """The uids of the dashboards with a tag that are not wanted. Raises DocumentError when a wanted one lacks it."""
    without = [dashboard for dashboard in wanted if tag not in (dashboard.content.get("tags") or ())]
    refuse([f"{one.source}: it has not the tag '{tag}' of prune_tag, so no prune would find it" for one in without])
    return sorted({hit["uid"] for hit in hits} - {dashboard.uid for dashboard in wanted})


def carry_out(api: Dashboards, changes: Sequence[Change], message: str, overwrite: bool) -> list[tuple[Change, int]]:
    """Do all of it, one after the other; return the changes with the new versions. An error says how far it came."""
    done: list[tuple[Change, int]] = []
    for change in changes:
        try:
            done.append((change, change.carry_out(api, message, overwrite)))
        except GrafanaError as error:
            far = f" ({len(done)} of {len(changes)} dashboards were done; the next run goes on from there)"
            error.args = (f"{change.uid}: {error}{far if len(changes) > 1 else ''}",)
            raise
    return done


def _against(before: Stored, title: str) -> list[str]:
    """Why a dashboard must not be changed here."""
    if not before.manager:
        return []
    return [
        f"the dashboard '{title}' ({before.uid}) belongs to {before.manager}, which would undo the change: change it "
        "there, take it out of there first, or use another uid"
    ]


def _conflict(dashboard: Dashboard, before: Stored) -> str:
    said = "does not say its version" if dashboard.version is None else f"is of version {dashboard.version}"
    return (
        f"the dashboard '{dashboard.title}' ({dashboard.uid}) is at version {before.version} in Grafana, and "
        f"{dashboard.source} {said}: take over what was changed in Grafana, or set overwrite"
    )


def _place(folder_uid: str) -> str:
    return f"the folder {folder_uid}" if folder_uid else "no folder"
