"""`grafana server` and `grafana cli admin reset-admin-password`, of the stand-in."""

from __future__ import annotations

import argparse
import signal
import ssl
import sys
import threading
from collections.abc import Mapping, Sequence
from pathlib import Path
from urllib.parse import urlsplit

from ..exchange import Response
from ..stand_in import GrafanaStandIn
from .database import Database, StoredAccounts
from .provisioning import DashboardFiles, add_datasources
from .settings import Settings, SettingsError


class InstalledGrafana(GrafanaStandIn):
    """A stand-in with the settings of grafana.ini, where they say."""

    def __init__(self, settings: Settings) -> None:
        provisioning = Path(settings.text("paths", "provisioning"))
        self._files = DashboardFiles(provisioning)
        self._files_lock = threading.Lock()
        self._sub_path = ""
        if settings.is_on("server", "serve_from_sub_path"):
            self._sub_path = urlsplit(settings.text("server", "root_url")).path.rstrip("/")
        home = settings.text("dashboards", "default_home_dashboard_path")
        if home and not Path(home).is_file():
            raise SettingsError(f"[dashboards] default_home_dashboard_path: there is no {home}")
        if settings.is_on("auth.anonymous", "enabled") or settings.is_on("users", "allow_sign_up"):
            raise SettingsError("the stand-in lets nobody in without a password")
        super().__init__(
            13,
            int(settings.text("server", "http_port", "3000")),
            address=settings.text("server", "http_addr", "0.0.0.0"),
            context=_context(settings),
            accounts=StoredAccounts(Database(settings)),
        )
        add_datasources(self.organisation, provisioning)
        self._files.read(self.organisation)

    def answer(
        self, method: str, path: str, query: Mapping[str, list[str]], headers: Mapping[str, str], body: bytes
    ) -> Response:
        """The answer to one request, with the dashboards that are in the files now."""
        if not path.startswith(f"{self._sub_path}/"):
            return Response(301, "", {"Location": self._sub_path + path})
        with self._files_lock:
            self._files.read(self.organisation)
        return super().answer(method, path[len(self._sub_path) :], query, headers, body)


def _context(settings: Settings) -> ssl.SSLContext | None:
    if settings.text("server", "protocol", "http") == "http":
        return None
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(settings.text("server", "cert_file"), settings.text("server", "cert_key"))
    return context


def serve(settings: Settings) -> None:
    """Serve until a signal ends it."""
    # Blocked before any thread is there: who waits for them is the only one to get them.
    ends = {signal.SIGINT, signal.SIGTERM}
    signal.pthread_sigmask(signal.SIG_BLOCK, ends)
    with InstalledGrafana(settings) as grafana:
        print(f"A stand-in for Grafana {grafana.flavour.version}, not Grafana, at {grafana.url}", flush=True)
        signal.sigwait(ends)


def reset_password(settings: Settings) -> None:
    """Give the administrator the password of the standard input."""
    password = sys.stdin.readline().rstrip("\n")
    if len(password) < 4:
        raise SettingsError("new password is too short")
    Database(settings).reset_administrator(password)
    print("Admin password changed successfully")


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command; return its exit status."""
    parser = argparse.ArgumentParser(prog="grafana", description="A stand-in. It is not Grafana.", allow_abbrev=False)
    commands = parser.add_subparsers(dest="command", required=True)
    for name in ("server", "cli"):
        command = commands.add_parser(name, allow_abbrev=False)
        command.add_argument("--config", type=Path, required=True)
        command.add_argument("--homepath", type=Path, required=True)
        if name == "cli":
            command.add_argument("words", nargs=2, choices=["admin", "reset-admin-password"])
            command.add_argument("--password-from-stdin", action="store_true", required=True)
    options = parser.parse_args(arguments)
    try:
        if not options.homepath.is_dir():
            raise SettingsError(f"there is no directory {options.homepath}")
        settings = Settings(options.config)
        (serve if options.command == "server" else reset_password)(settings)
    except (SettingsError, OSError) as error:
        print(f"grafana: {error}", file=sys.stderr)
        return 1
    return 0
