# -*- coding: utf-8 -*-
# Copyright: slurm.observability contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Folders of Grafana: in each other since Grafana 11, found by uid or by the titles that lead to them."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from ansible_collections.slurm.observability.plugins.module_utils.grafana.client import GrafanaClient, part
from ansible_collections.slurm.observability.plugins.module_utils.grafana.errors import DocumentError, GrafanaError

Document = dict[str, Any]

# The uid of what is above all folders.
ROOT = ""


def titles(path: str) -> list[str]:
    """The titles in a path like ``Slurm/GPU``. A slash in a title is written ``\\/``, as Grafana writes it."""
    return [title.strip().replace("\\/", "/") for title in re.split(r"(?<!\\)/", path) if title.strip()]


def joined(path: Sequence[str]) -> str:
    """A path of titles, as ``titles`` reads it."""
    return "/".join(title.replace("/", "\\/") for title in path)


def get(client: GrafanaClient, uid: str) -> Document | None:
    """The folder of a uid; None when there is none."""
    return client.get(f"/api/folders/{part(uid)}")


def parent(folder: Document) -> str:
    """The uid of the folder that a folder is in."""
    return str(folder.get("parentUid") or ROOT)


def child(client: GrafanaClient, parent_uid: str, title: str) -> Document | None:
    """The folder of a title in another; None when there is none. Raises GrafanaError when there are several."""
    query = {"parentUid": parent_uid} if parent_uid else {}
    # A Grafana without nested folders gives those at the top, whichever are asked for.
    inside = [one for one in client.pages("/api/folders", **query) if parent(one) == parent_uid]
    found = [one for one in inside if one["title"] == title]
    if len(found) > 1:
        uids = ", ".join(one["uid"] for one in found)
        raise GrafanaError(
            f"there are {len(found)} folders with the title '{title}' in one place: give the uid ({uids})"
        )
    return get(client, found[0]["uid"]) if found else None


def existing(client: GrafanaClient, path: Sequence[str]) -> list[Document]:
    """The folders along a path of titles, from the top, as far as there are any."""
    found: list[Document] = []
    for title in path:
        folder = child(client, found[-1]["uid"] if found else ROOT, title)
        if folder is None:
            break
        found.append(folder)
    return found


def resolve(client: GrafanaClient, uid: str | None, path: str | None) -> str | None:
    """The uid of the folder that options name, None when they name none. Raises DocumentError when it is not there."""
    if uid:
        if get(client, uid) is None:
            raise DocumentError(f"there is no folder with the uid '{uid}': make it with grafana_folder before this")
        return uid
    if path is None:
        return None
    wanted = titles(path)
    found = existing(client, wanted)
    if len(found) < len(wanted):
        raise DocumentError(
            f"there is no folder '{joined(wanted[: len(found) + 1])}': make it with grafana_folder before this"
        )
    return found[-1]["uid"] if found else ROOT


def check_owner(folder: Document | None) -> None:
    """Raise DocumentError when a folder belongs to something that would undo a change of it."""
    if folder and folder.get("managedBy"):
        raise DocumentError(
            f"the folder '{folder['title']}' ({folder['uid']}) belongs to {folder['managedBy']}, which would undo the "
            "change: change it there, or take it out of there first"
        )


def create(client: GrafanaClient, title: str, parent_uid: str, uid: str | None) -> Document:
    """Make a folder. Raises GrafanaError when Grafana puts it elsewhere, as one without nested folders does."""
    body = {"title": title, **({"uid": uid} if uid else {}), **({"parentUid": parent_uid} if parent_uid else {})}
    folder: Document = client.send("POST", "/api/folders", body)
    _in_its_place(folder, parent_uid)
    return folder


def rename(client: GrafanaClient, folder: Document, title: str) -> Document:
    """Give a folder another title."""
    body = {"title": title, "version": folder.get("version")}
    return client.send("PUT", f"/api/folders/{part(folder['uid'])}", body)


def move(client: GrafanaClient, folder: Document, parent_uid: str) -> Document:
    """Put a folder into another one."""
    moved: Document = client.send("POST", f"/api/folders/{part(folder['uid'])}/move", {"parentUid": parent_uid})
    _in_its_place(moved, parent_uid)
    return moved


def delete(client: GrafanaClient, folder: Document) -> None:
    """Remove a folder with everything in it, alert rules too."""
    client.send("DELETE", f"/api/folders/{part(folder['uid'])}", forceDeleteRules="true")


def contents(client: GrafanaClient, folder: Document) -> dict[str, int]:
    """How much is in a folder and in those below it, by kind."""
    counts = client.get(f"/api/folders/{part(folder['uid'])}/counts")
    if counts is None:  # before Grafana 10
        counts = {"dashboard": sum(1 for _hit in client.pages("/api/search", folderIds=folder["id"], type="dash-db"))}
    return {kind: count for kind, count in counts.items() if count}


def _in_its_place(folder: Document, parent_uid: str) -> None:
    if parent(folder) != parent_uid:
        raise GrafanaError(
            f"Grafana has put the folder '{folder['title']}' at the top: it has no folders in folders before "
            "version 11, or nestedFolders is off"
        )
