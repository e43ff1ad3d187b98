"""Dashboards under ``/apis/dashboard.grafana.app``, as Grafana serves them since version 12."""

from __future__ import annotations

from dataclasses import replace

from .dashboard_rules import check_properties, kept
from .exchange import Document, Refusal, Request, Response, status_of
from .flavour import Flavour
from .migration import migrated
from .organisation import Dashboard, copied
from .router import Router
from .sign_in import check, check_reader

GROUP = "dashboard.grafana.app"
_NAME = f'dashboards.{GROUP} "%s"'
_FOLDER = "grafana.app/folder"
_CLASSIC = ("v1", "v1beta1")


class ResourceDashboards:
    """The group and the collection ``dashboards`` of each organisation."""

    def __init__(self, flavour: Flavour) -> None:
        self._flavour = flavour

    def register(self, router: Router) -> None:
        """Add the paths."""
        if not self._flavour.apis:
            router.add("/apis/{anything*}", {"GET": self.page_for_people}, signed_in=False)
            return
        collection = f"/apis/{GROUP}/{{version}}/namespaces/{{namespace}}/dashboards"
        router.add(f"/apis/{GROUP}", {"GET": self.group})
        router.add(collection, {"POST": self.create})
        router.add(collection + "/{uid}", {"GET": self.get, "PUT": self.update, "DELETE": self.delete})

    def page_for_people(self, request: Request) -> Response:
        """What is no API is a page, and a page wants people to sign in."""
        return Response(302, "<a href='/login'>Found</a>", {"Location": "/login"})

    def group(self, request: Request) -> Response:
        """The versions that are served."""
        versions = [{"groupVersion": f"{GROUP}/{one}", "version": one} for one in self._flavour.apis]
        document = {"kind": "APIGroup", "apiVersion": "v1", "name": GROUP, "versions": versions}
        return Response(200, {**document, "preferredVersion": versions[0]})

    def get(self, request: Request) -> Response:
        """One dashboard."""
        return Response(200, self._resource(request, self._existing(request)))

    def create(self, request: Request) -> Response:
        """Make one."""
        resource = self._checked(request)
        uid = resource["metadata"]["name"]
        if uid in request.organisation.dashboards:
            raise status_of(409, "AlreadyExists", f"{_NAME % uid} already exists")
        granted = "grafana.app/grant-permissions" in (resource["metadata"].get("annotations") or {})
        dashboard = Dashboard(request.organisation.next_id(), uid, {}, "", version=0)
        self._fill(request, dashboard, resource)
        if granted and dashboard.folder_uid:
            raise status_of(500, "InternalError", "granting create permissions only works for root folder objects")
        dashboard.private = not granted and not dashboard.folder_uid
        if request.asked("dryRun") != "All":
            request.organisation.dashboards[uid] = dashboard
        return Response(201, self._resource(request, dashboard))

    def update(self, request: Request) -> Response:
        """Replace one."""
        resource = self._checked(request)
        before = self._existing(request)
        metadata = resource["metadata"]
        if metadata["name"] != before.uid:
            raise status_of(400, "BadRequest", "the name of the object does not match the name on the URL")
        if before.owner and not before.owner.shares:
            raise status_of(403, "Forbidden", f"{_NAME % before.uid} is forbidden: Cannot save provisioned dashboard")
        if metadata.get("resourceVersion", str(before.resource_version)) != str(before.resource_version):
            message = f"Operation cannot be fulfilled on {_NAME % before.uid}: the object has been modified; please "
            raise status_of(409, "Conflict", message + "apply your changes to the latest version and try again")
        after = replace(before)
        self._fill(request, after, resource)
        if request.asked("dryRun") != "All":
            request.organisation.dashboards[before.uid] = after
        return Response(200, self._resource(request, after))

    def delete(self, request: Request) -> Response:
        """Remove one."""
        self._check_place(request)
        check(request.who, "Editor", "dashboards:delete")
        dashboard = self._existing(request)
        if dashboard.owner:
            raise status_of(400, "BadRequest", "provisioned dashboard cannot be deleted")
        del request.organisation.dashboards[dashboard.uid]
        return Response(200, {"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Success"})

    def _check_place(self, request: Request) -> None:
        if request.names["version"] not in self._flavour.apis:
            raise status_of(404, "NotFound", "the server could not find the requested resource")
        if request.names["namespace"] != request.organisation.namespace:
            raise status_of(403, "Forbidden", "invalid namespace")

    def _existing(self, request: Request) -> Dashboard:
        self._check_place(request)
        dashboard = request.organisation.dashboards.get(request.names["uid"])
        if dashboard is None:
            raise status_of(404, "NotFound", f"{_NAME % request.names['uid']} not found")
        check_reader(request.who, dashboard.private)
        return dashboard

    def _checked(self, request: Request) -> Document:
        """The resource of a request, after what can be said of it by itself."""
        self._check_place(request)
        check(request.who, "Editor", "dashboards:write")
        resource = request.document()
        version = request.names["version"]
        if (resource.get("apiVersion"), resource.get("kind")) != (f"{GROUP}/{version}", "Dashboard"):
            raise status_of(400, "BadRequest", "the API version in the data does not match the expected API version")
        if version not in _CLASSIC:
            raise status_of(400, "BadRequest", f"the stand-in knows nothing of {version}")
        metadata, spec = resource.get("metadata"), resource.get("spec")
        if not isinstance(metadata, dict) or not metadata.get("name") or not isinstance(spec, dict):
            raise status_of(422, "Invalid", "name or generateName is required")
        annotations = metadata.get("annotations") or {}
        try:
            check_properties(spec.get("title"), metadata["name"], annotations.get("grafana.app/message", ""))
        except Refusal as refusal:
            raise status_of(400, "BadRequest", str(refusal)) from None
        folder_uid = annotations.get(_FOLDER, "")
        if folder_uid and folder_uid not in request.organisation.folders and request.asked("dryRun") != "All":
            raise status_of(404, "NotFound", f'folders.folder.grafana.app "{folder_uid}" not found')
        return resource

    def _fill(self, request: Request, dashboard: Dashboard, resource: Document) -> None:
        """Bring a dashboard to what a resource says, in the newest schema."""
        annotations = resource["metadata"].get("annotations") or {}
        content = copied(kept(resource["spec"]))
        try:
            content = migrated(content, self._flavour.schema)
        except ValueError as error:
            if request.asked("fieldValidation", "Strict") == "Strict":
                raise status_of(422, "Invalid", f"{_NAME % dashboard.uid} is invalid: spec: {error}") from None
        dashboard.version += 1 if content != dashboard.content else 0
        dashboard.content = content
        dashboard.folder_uid = annotations.get(_FOLDER, "")
        dashboard.message = annotations.get("grafana.app/message", "")
        dashboard.resource_version = request.organisation.next_id()

    def _resource(self, request: Request, dashboard: Dashboard) -> Document:
        annotations = {"grafana.app/createdBy": "service-account:1", "grafana.app/updatedBy": "service-account:1"}
        if dashboard.folder_uid:
            annotations[_FOLDER] = dashboard.folder_uid
        if dashboard.owner:
            annotations["grafana.app/managedBy"] = dashboard.owner.kind
            annotations["grafana.app/managerId"] = dashboard.owner.name
            annotations["grafana.app/sourcePath"] = dashboard.owner.file
            if dashboard.owner.shares:
                annotations["grafana.app/managerAllowsEdits"] = "true"
        return {
            "kind": "Dashboard",
            "apiVersion": f"{GROUP}/{request.names['version']}",
            "metadata": {
                "name": dashboard.uid,
                "namespace": request.organisation.namespace,
                "uid": f"internal-{dashboard.id}",
                "resourceVersion": str(dashboard.resource_version),
                "generation": dashboard.version,
                "creationTimestamp": "2026-01-01T00:00:00Z",
                "labels": {"grafana.app/deprecatedInternalID": str(dashboard.id)},
                "annotations": annotations,
            },
            "spec": self._shown(dashboard.content),
            "status": {},
        }

    def _shown(self, content: Document) -> Document:
        """A dashboard as it is read: one that came through ``/api`` is kept as it was, and migrated each time."""
        try:
            return migrated(content, self._flavour.schema)
        except ValueError:
            return copied(content)  # type: ignore[no-any-return]
