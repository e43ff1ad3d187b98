"""Folders under ``/api/folders``."""

from __future__ import annotations

from .exchange import Document, Refusal, Request, Response
from .flavour import Flavour
from .organisation import Folder, Organisation, slug
from .router import Router
from .sign_in import check


class Folders:
    """Folders of each organisation, in each other where the version knows that."""

    def __init__(self, flavour: Flavour) -> None:
        self._flavour = flavour

    def register(self, router: Router) -> None:
        """Add the paths."""
        router.add("/api/folders", {"GET": self.list, "POST": self.create})
        router.add("/api/folders/{uid}", {"GET": self.get, "PUT": self.update, "DELETE": self.delete})
        if self._flavour.nested:
            router.add("/api/folders/{uid}/move", {"POST": self.move})
        if self._flavour.counts:
            router.add("/api/folders/{uid}/counts", {"GET": self.counts})

    def list(self, request: Request) -> Response:
        """Those in one folder; without nested folders, all of them."""
        parent = request.asked("parentUid") if self._flavour.nested else ""
        if parent and parent not in request.organisation.folders:
            raise _missing()
        found = [one for one in request.organisation.folders.values() if one.parent_uid == parent]
        found.sort(key=lambda one: one.title)
        return Response(200, [self._hit(one) for one in request.page(found)])

    def get(self, request: Request) -> Response:
        """One folder."""
        return Response(200, self._document(request.organisation, _existing(request)))

    def create(self, request: Request) -> Response:
        """Make one."""
        check(request.who, "Editor", "folders:create")
        command, organisation = request.document(), request.organisation
        title, number = str(command.get("title") or "").strip(), organisation.next_id()
        uid = str(command.get("uid") or f"f{number:013}")
        parent = str(command.get("parentUid") or "") if self._flavour.nested else ""
        if not title:
            raise Refusal(400, "folder title cannot be empty")
        if len(uid) > 40:
            raise Refusal(400, "uid too long, max 40 characters")
        if parent and parent not in organisation.folders:
            raise _missing()
        if uid in organisation.folders or uid in organisation.dashboards:
            raise Refusal(409, "a folder/dashboard with the same uid already exists")
        self._check_title(organisation, title, parent, None)
        organisation.folders[uid] = Folder(number, uid, title, parent)
        return Response(200, self._document(organisation, organisation.folders[uid]))

    def update(self, request: Request) -> Response:
        """Give one another title."""
        check(request.who, "Editor", "folders:write")
        command, folder = request.document(), _existing(request)
        title = str(command.get("title") or "").strip()
        if not title:
            raise Refusal(400, "folder title cannot be empty")
        if not command.get("overwrite") and command.get("version") != folder.version:
            raise Refusal(412, "the folder has been changed by someone else", status="version-mismatch")
        self._check_title(request.organisation, title, folder.parent_uid, folder)
        folder.title = title
        folder.version += 1
        return Response(200, self._document(request.organisation, folder))

    def move(self, request: Request) -> Response:
        """Put one into another."""
        check(request.who, "Editor", "folders:write")
        folder, parent = _existing(request), str(request.document().get("parentUid") or "")
        if parent and parent not in request.organisation.folders:
            raise _missing()
        if parent in {one.uid for one in request.organisation.below(folder.uid)}:
            raise Refusal(400, "Circular reference detected", messageId="folder.circular-reference", statusCode=400)
        self._check_title(request.organisation, folder.title, parent, folder)
        folder.parent_uid = parent
        return Response(200, self._document(request.organisation, folder))

    def delete(self, request: Request) -> Response:
        """Remove one with everything in it."""
        check(request.who, "Editor", "folders:delete")
        organisation = request.organisation
        gone = organisation.below(_existing(request).uid)
        if any(one.alert_rules for one in gone) and request.asked("forceDeleteRules") != "true":
            raise Refusal(400, "folder contains alert rules")
        uids = {one.uid for one in gone}
        for uid in [one.uid for one in organisation.dashboards.values() if one.folder_uid in uids]:
            del organisation.dashboards[uid]
        for uid in uids:
            del organisation.folders[uid]
        return Response(200, {"message": "Folder deleted"})

    def counts(self, request: Request) -> Response:
        """How much is in one and in those below it."""
        below = request.organisation.below(_existing(request).uid)
        uids = {one.uid for one in below}
        inside = [one for one in request.organisation.dashboards.values() if one.folder_uid in uids]
        rules = sum(one.alert_rules for one in below)
        counts = {"folder": len(below) - 1, "dashboard": len(inside), "alertrule": rules, "librarypanel": 0}
        return Response(200, counts)

    def _check_title(self, organisation: Organisation, title: str, parent: str, folder: Folder | None) -> None:
        if self._flavour.titles_repeat:
            return
        others = (one for one in organisation.folders.values() if one is not folder and one.parent_uid == parent)
        if any(one.title == title for one in others):
            raise Refusal(409, "a folder with the same name already exists in the current location")

    def _hit(self, folder: Folder) -> Document:
        hit: Document = {"id": folder.id, "uid": folder.uid, "title": folder.title}
        if folder.parent_uid:
            hit["parentUid"] = folder.parent_uid
        if folder.owner and self._flavour.titles_repeat:
            hit["managedBy"] = folder.owner.kind
        return hit

    def _document(self, organisation: Organisation, folder: Folder) -> Document:
        document = {
            **self._hit(folder),
            "url": f"/dashboards/f/{folder.uid}/{slug(folder.title)}",
            "hasAcl": False,
            "canSave": True,
            "canEdit": True,
            "canAdmin": True,
            "canDelete": True,
            "createdBy": "admin",
            "created": "2026-01-01T00:00:00Z",
            "updatedBy": "admin",
            "updated": "2026-01-01T00:00:00Z",
            "version": folder.version,
        }
        if folder.parent_uid:
            document["parents"] = [self._document(organisation, organisation.folders[folder.parent_uid])]
        return document


def _existing(request: Request) -> Folder:
    folder = request.organisation.folders.get(request.names["uid"])
    if folder is None:
        raise _missing()
    return folder


def _missing() -> Refusal:
    return Refusal(404, "folder not found", status="not-found")
