"""Dashboards under ``/api/dashboards``."""

from __future__ import annotations

from typing import Any

from .dashboard_rules import check_properties, kept
from .exchange import Document, Refusal, Request, Response
from .flavour import Flavour
from .organisation import Dashboard, Organisation, copied, slug
from .router import Router
from .sign_in import check, check_reader


class ClassicDashboards:
    """``GET`` and ``DELETE /api/dashboards/uid/:uid``, ``POST /api/dashboards/db``."""

    def __init__(self, flavour: Flavour) -> None:
        self._flavour = flavour

    def register(self, router: Router) -> None:
        """Add the paths."""
        router.add("/api/dashboards/uid/{uid}", {"GET": self.get, "DELETE": self.delete})
        router.add("/api/dashboards/db", {"POST": self.save})

    def get(self, request: Request) -> Response:
        """One dashboard, with what the server knows of it."""
        dashboard = _existing(request)
        document = {**copied(dashboard.content), **_of_the_copy(dashboard)}
        return Response(200, {"dashboard": document, "meta": self._meta(request.organisation, dashboard)})

    def delete(self, request: Request) -> Response:
        """Remove one."""
        check(request.who, "Editor", "dashboards:delete")
        dashboard = _existing(request)
        if dashboard.owner:
            raise Refusal(400, "provisioned dashboard cannot be deleted")
        del request.organisation.dashboards[dashboard.uid]
        message = f"Dashboard {dashboard.title} deleted"
        return Response(200, {"title": dashboard.title, "message": message, "uid": dashboard.uid})

    def save(self, request: Request) -> Response:
        """Make or replace one."""
        check(request.who, "Editor", "dashboards:create")
        command = request.document()
        document = command.get("dashboard")
        if not isinstance(document, dict):
            raise Refusal(400, "bad request data")
        organisation, uid = request.organisation, str(document.get("uid") or "")
        message, folder_uid = str(command.get("message") or ""), str(command.get("folderUid") or "")
        check_properties(document.get("title"), uid, message)
        if folder_uid and folder_uid not in organisation.folders:
            raise Refusal(self._flavour.folder_missing, "folder not found")
        target = self._target(organisation, document, folder_uid, bool(command.get("overwrite")))
        if target is None:
            number = organisation.next_id()
            target = Dashboard(number, uid or f"generated{number}", {}, folder_uid, version=0)
        target.content, target.folder_uid, target.message = copied(kept(document)), folder_uid, message
        target.version += 1
        target.resource_version = organisation.next_id()
        organisation.dashboards[target.uid] = target
        answer = {"status": "success", "slug": slug(target.title), "folderUid": folder_uid, "url": _url(target)}
        return Response(200, {**answer, **_of_the_copy(target)})

    def _target(
        self, organisation: Organisation, document: Document, folder_uid: str, overwrite: bool
    ) -> Dashboard | None:
        """The dashboard that is to be replaced; None for a new one."""
        number, uid = document.get("id"), document.get("uid")
        target = organisation.dashboards.get(str(uid)) if uid else None
        if number:
            by_number = next((one for one in organisation.dashboards.values() if one.id == number), None)
            if by_number is None:
                raise Refusal(404, "Dashboard not found", status="not-found")
            if target is not None and target is not by_number:
                raise Refusal(400, "A dashboard with the same uid already exists")
            target = by_number
        if target is not None and target.owner and not target.owner.shares:
            raise Refusal(400, "Cannot save provisioned dashboard")
        if target is not None and not overwrite and document.get("version") != target.version:
            raise Refusal(412, "The dashboard has been changed by someone else", status="version-mismatch")
        namesakes = [
            one
            for one in organisation.dashboards.values()
            if one.title == document["title"] and one.folder_uid == folder_uid and one is not target
        ]
        if namesakes and not self._flavour.titles_repeat:
            if not overwrite:
                message = "A dashboard with the same name in the folder already exists"
                raise Refusal(412, message, status="name-exists")
            return namesakes[0]  # whatever uid was asked for
        return target

    def _meta(self, organisation: Organisation, dashboard: Dashboard) -> dict[str, Any]:
        folder = organisation.folders.get(dashboard.folder_uid)
        return {
            "type": "db",
            "canSave": True,
            "canEdit": True,
            "slug": slug(dashboard.title),
            "url": _url(dashboard),
            "version": dashboard.version,
            "isFolder": False,
            "folderId": folder.id if folder else 0,
            "folderUid": dashboard.folder_uid,
            "folderTitle": folder.title if folder else "General",
            "provisioned": dashboard.owner is not None and not dashboard.owner.shares,
            "provisionedExternalId": dashboard.owner.file if dashboard.owner else "",
        }


def _existing(request: Request) -> Dashboard:
    dashboard = request.organisation.dashboards.get(request.names["uid"])
    if dashboard is None:
        raise Refusal(404, "Dashboard not found")
    check_reader(request.who, dashboard.private)
    return dashboard


def _of_the_copy(dashboard: Dashboard) -> Document:
    return {"id": dashboard.id, "uid": dashboard.uid, "version": dashboard.version}


def _url(dashboard: Dashboard) -> str:
    return f"/d/{dashboard.uid}/{slug(dashboard.title)}"
