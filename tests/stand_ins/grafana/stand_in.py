"""One stand-in: its listener, its accounts, its organisations, and the journal of what it was asked."""

from __future__ import annotations

import ssl
import traceback
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType

from .about import About
from .dashboards import ClassicDashboards
from .datasources import DataSources
from .exchange import Refusal, Request, Response
from .faults import Faults
from .flavour import FLAVOURS
from .folders import Folders
from .organisation import Organisation
from .resources import ResourceDashboards
from .router import Router
from .search import Search
from .server import Listener
from .sign_in import Accounts, Who

TOKEN = "glsa_standin0000000000000000000000_0a1b2c3d"  # of a stand-in
PASSWORD = "stand-in-password"
_NOBODY = Who("nobody", "Viewer", (1,))


class GrafanaStandIn:
    """A stand-in for one version of Grafana, from the beginning of a ``with`` to its end.

    With ``directory``, which gets the certificates, it speaks TLS, as it does with a ``context``. ``journal`` has each
    request as its method and path, and ``crashes`` what it failed at by itself.
    """

    def __init__(
        self,
        version: int = 13,
        port: int = 0,
        directory: Path | None = None,
        *,
        address: str = "127.0.0.1",
        context: ssl.SSLContext | None = None,
        accounts: Accounts | None = None,
    ) -> None:
        self.flavour = FLAVOURS[version]
        self.organisations = {number: Organisation(number) for number in (1, 2)}
        self.faults = Faults()
        self.journal: list[str] = []
        self.crashes: list[str] = []
        self.accounts = accounts or Accounts(
            users={"admin": (PASSWORD, Who("admin", "Admin", (1, 2)))},
            tokens={TOKEN: Who("service-account", "Admin", (1,))},
        )
        self._router = Router()
        for part in (About, ClassicDashboards, Folders):
            part(self.flavour).register(self._router)
        Search().register(self._router)
        DataSources().register(self._router)
        ResourceDashboards(self.flavour).register(self._router)
        self.ca_file = ""
        if directory is not None:
            context = self._certified(directory)
        self._listener = Listener(self.answer, (address, port), context)

    @property
    def url(self) -> str:
        """Where it is."""
        return self._listener.url

    @property
    def organisation(self) -> Organisation:
        """The organisation that tokens and new users are in."""
        return self.organisations[1]

    @property
    def writes(self) -> list[str]:
        """The requests of the journal that change something."""
        return [line for line in self.journal if not line.startswith("GET") and "dryRun=All" not in line]

    def answer(
        self, method: str, path: str, query: Mapping[str, list[str]], headers: Mapping[str, str], body: bytes
    ) -> Response:
        """The answer to one request."""
        dry = "?dryRun=All" if query.get("dryRun") == ["All"] else ""
        self.journal.append(f"{method} {path}{dry}")
        if self.faults.before_write and method != "GET" and not dry:
            before_write, self.faults.before_write = self.faults.before_write, None
            before_write()
        early = self.faults.met(method, path, late=False)
        if early:
            return early
        try:
            response = self._answer(method, path, query, headers, body)
        except Refusal as refusal:
            return refusal.response
        except Exception:
            self.crashes.append(traceback.format_exc())
            return Response(500, {"message": "the stand-in crashed"})
        return self.faults.met(method, path, late=True) or response

    def _answer(
        self, method: str, path: str, query: Mapping[str, list[str]], headers: Mapping[str, str], body: bytes
    ) -> Response:
        route, handler, names = self._router.find(method, path)
        who, number = _NOBODY, 1
        if route.signed_in:
            who = self.accounts.who(headers)
            number = self.accounts.organisation(who, headers)
        return handler(Request(method, path, query, headers, body, names, who, self.organisations[number]))

    def _certified(self, directory: Path) -> ssl.SSLContext:
        # Not at the top: the stand-in is also installed where there are no tests.
        from tests.unit.programs.exporter.certificates import Authority

        authority = Authority(directory, "stand-in-authority")
        pair = authority.sign("stand-in-for-grafana")
        self.ca_file = str(authority.certificate)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(pair.certificate, pair.key)
        return context

    def close(self) -> None:
        """Stop listening."""
        self._listener.close()

    def __enter__(self) -> GrafanaStandIn:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()
