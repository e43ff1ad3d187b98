"""The search under ``/api/search``."""

from __future__ import annotations

from .exchange import Document, Refusal, Request, Response
from .organisation import Dashboard, Organisation, slug
from .router import Router

_TOP = "general"


class Search:
    """Finds dashboards by tag and folder."""

    def register(self, router: Router) -> None:
        """Add the paths."""
        router.add("/api/search", {"GET": self.search})

    def search(self, request: Request) -> Response:
        """The dashboards that fit all of the query."""
        if request.asked("type") != "dash-db" or int(request.asked("limit", "1000")) > 5000:
            raise Refusal(422, "the stand-in finds dashboards only, 5000 on a page at most")
        organisation, tags = request.organisation, set(request.query.get("tag", ()))
        found = sorted(organisation.dashboards.values(), key=lambda one: one.title)
        hits = [
            _hit(organisation, one)
            for one in found
            if tags <= set(one.content.get("tags") or ()) and _in_folders(request, one)
        ]
        return Response(200, request.page(hits))


def _in_folders(request: Request, dashboard: Dashboard) -> bool:
    uids = request.query.get("folderUIDs")
    numbers = request.query.get("folderIds")
    folder = request.organisation.folders.get(dashboard.folder_uid)
    if uids and (dashboard.folder_uid or _TOP) not in uids:
        return False
    return not numbers or str(folder.id if folder else 0) in numbers


def _hit(organisation: Organisation, dashboard: Dashboard) -> Document:
    hit: Document = {
        "id": dashboard.id,
        "uid": dashboard.uid,
        "title": dashboard.title,
        "uri": f"db/{slug(dashboard.title)}",
        "url": f"/d/{dashboard.uid}/{slug(dashboard.title)}",
        "type": "dash-db",
        "tags": dashboard.content.get("tags") or [],
        "isStarred": False,
    }
    if dashboard.folder_uid:
        folder = organisation.folders[dashboard.folder_uid]
        hit.update(folderId=folder.id, folderUid=folder.uid, folderTitle=folder.title)
    return hit
