"""Data sources under ``/api/datasources``."""

from __future__ import annotations

import re

from .exchange import Document, Refusal, Request, Response
from .organisation import DataSource, Organisation, copied
from .router import Router
from .sign_in import check

# What a data source has in each answer, set or not.
_DEFAULTS: Document = {
    "url": "",
    "access": "proxy",
    "database": "",
    "user": "",
    "basicAuth": False,
    "basicAuthUser": "",
    "withCredentials": False,
    "isDefault": False,
    "jsonData": {},
}
_KEYS = ("uid", "name", "type", *_DEFAULTS)


class DataSources:
    """Data sources of each organisation."""

    def register(self, router: Router) -> None:
        """Add the paths."""
        router.add("/api/datasources", {"POST": self.create})
        router.add("/api/datasources/name/{name}", {"GET": self.by_name})
        router.add("/api/datasources/uid/{uid}", {"GET": self.get, "PUT": self.update, "DELETE": self.delete})
        router.add("/api/datasources/uid/{uid}/health", {"GET": self.health})

    def get(self, request: Request) -> Response:
        """One by its uid."""
        check(request.who, "Admin", "datasources:read")
        return Response(200, _document(request.organisation, _existing(request)))

    def by_name(self, request: Request) -> Response:
        """One by its name."""
        check(request.who, "Admin", "datasources:read")
        for one in request.organisation.datasources.values():
            if one.settings["name"] == request.names["name"]:
                return Response(200, _document(request.organisation, one))
        raise _missing()

    def create(self, request: Request) -> Response:
        """Make one."""
        check(request.who, "Admin", "datasources:create")
        return _answer(request.organisation, added(request.organisation, request.document()), "Datasource added")

    def update(self, request: Request) -> Response:
        """Change one. Secrets that are not given stay."""
        check(request.who, "Admin", "datasources:write")
        command, organisation, source = request.document(), request.organisation, _existing(request)
        command["uid"] = command.get("uid") or source.settings["uid"]
        _check(command)
        if source.read_only:
            raise Refusal(403, "Cannot update read-only data source")
        _check_name(organisation, command["name"], source, "Failed to update datasource: ")
        if command.get("version") is not None and command["version"] < source.version:
            message = "Datasource has already been updated by someone else. Please reload and try again"
            raise Refusal(409, message)
        source.secrets.update(command.get("secureJsonData") or {})
        source.version += 1
        del organisation.datasources[source.settings["uid"]]
        _fill(organisation, source, command)
        organisation.datasources[command["uid"]] = source
        return _answer(organisation, source, "Datasource updated")

    def delete(self, request: Request) -> Response:
        """Remove one."""
        check(request.who, "Admin", "datasources:delete")
        source = _existing(request)
        if source.read_only:
            raise Refusal(403, "Cannot delete read-only data source")
        del request.organisation.datasources[source.settings["uid"]]
        return Response(200, {"message": "Data source deleted", "id": source.id})

    def health(self, request: Request) -> Response:
        """Whether it works."""
        check(request.who, "Viewer", "datasources:query")
        source = _existing(request)
        if source.complaint:
            return Response(400, {"status": "ERROR", "message": source.complaint})
        return Response(200, {"status": "OK", "message": "Successfully queried the Prometheus API."})


def added(organisation: Organisation, command: Document) -> DataSource:
    """Add a data source; return it. Raises Refusal where Grafana would not."""
    number = organisation.next_id()
    command["uid"] = command.get("uid") or f"P{number:015}"
    _check(command)
    if command["uid"] in organisation.datasources:
        raise Refusal(409, "data source with the same uid already exists")
    _check_name(organisation, command["name"], None, "")
    source = DataSource(number, {}, dict(command.get("secureJsonData") or {}))
    _fill(organisation, source, command)
    organisation.datasources[command["uid"]] = source
    return source


def _check(command: Document) -> None:
    if not command.get("name") or not command.get("type") or not command.get("access"):
        raise Refusal(400, "bad request data")
    if len(command["uid"]) > 40 or not re.fullmatch(r"[a-zA-Z0-9\-_]+", command["uid"]):
        raise Refusal(400, "invalid format of UID")
    # A database is named as host:port.
    if command.get("url") and "://" not in command["url"] and "sql" not in command["type"]:
        raise Refusal(400, "Validation error, invalid URL")


def _check_name(organisation: Organisation, name: str, source: DataSource | None, prefix: str) -> None:
    if any(one.settings["name"] == name for one in organisation.datasources.values() if one is not source):
        raise Refusal(409, f"{prefix}data source with the same name already exists")


def _fill(organisation: Organisation, source: DataSource, command: Document) -> None:
    source.settings = {**_DEFAULTS, **{key: copied(command[key]) for key in _KEYS if command.get(key) is not None}}
    if source.settings["isDefault"]:
        for other in organisation.datasources.values():
            other.settings["isDefault"] = False


def _existing(request: Request) -> DataSource:
    source = request.organisation.datasources.get(request.names["uid"])
    if source is None:
        raise _missing()
    return source


def _missing() -> Refusal:
    return Refusal(404, "Data source not found")


def _answer(organisation: Organisation, source: DataSource, message: str) -> Response:
    document = _document(organisation, source)
    return Response(200, {"message": message, "id": source.id, "name": document["name"], "datasource": document})


def _document(organisation: Organisation, source: DataSource) -> Document:
    return {
        "id": source.id,
        "orgId": organisation.number,
        **copied(source.settings),
        "typeLogoUrl": "public/img/icn-datasource.svg",
        "secureJsonFields": {name: True for name, value in source.secrets.items() if value},
        "version": source.version,
        "readOnly": source.read_only,
    }
