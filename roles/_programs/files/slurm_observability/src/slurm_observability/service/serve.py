"""The service put together, and run until a signal ends it."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from dataclasses import dataclass

from .. import __version__
from ..command_line.options import UsageError
from ..command_line.signals import EndSignal
from .app import create_app
from .audit import Audit
from .background import Background
from .http.server import HttpServer
from .http.tls import Certificate
from .option_types import is_loopback
from .options import PROGRAM
from .readiness import Readiness
from .service import Service
from .settings import Settings
from .slurm_side import SlurmSide
from .store.errors import StoreError
from .store.store import Store
from .tokens import Tokens
from .wiring import parts

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Prepared:
    """The service before it listens."""

    settings: Settings
    store: Store
    service: Service
    slurm: SlurmSide
    certificate: Certificate | None


def prepare(settings: Settings) -> Prepared:
    """Read the files that the settings name, and make the parts. Raises UsageError, SettingsFileError."""
    if settings.token_file is None and not is_loopback(settings.listen_address):
        raise UsageError(
            f"without tokens everybody who reaches {settings.listen_address} could read and write; give --token-file, "
            "or listen on 127.0.0.1"
        )
    tokens = Tokens(settings.token_file)
    certificate = None
    if settings.tls_certificate is not None and settings.tls_key is not None:
        certificate = Certificate(settings.tls_certificate, settings.tls_key, settings.tls_client_ca)
    try:
        store = Store(settings.database_url, settings.cluster)
    except StoreError as error:
        raise UsageError(str(error)) from error
    try:
        audit = Audit(settings.audit_log)
    except OSError as error:
        raise UsageError(f"--audit-log {settings.audit_log} cannot be written: {error.strerror or error}") from error
    readiness = Readiness(store)
    slurm = SlurmSide(settings, store)
    found = parts(settings, readiness, certificate, slurm)
    background = Background([task for part in found for task in part.tasks])
    service = Service(
        readiness, tokens, audit, background, [part.families for part in found], open_metrics=not settings.metrics_token
    )
    return Prepared(settings, store, service, slurm, certificate)


def exposures(settings: Settings) -> Iterator[str]:
    """Yield what others on the network can read without a token, and what would keep it from them."""
    if is_loopback(settings.listen_address):
        return
    if settings.tls_certificate is None:
        yield "tokens and events travel unencrypted; give --tls-certificate and --tls-key"
    if settings.metrics_of_jobs and not settings.metrics_token:
        yield "/metrics shows whose jobs run to everybody who asks; give --metrics-token yes"


def serve(prepared: Prepared) -> int:
    """Listen, and answer until a signal comes. Return the exit status. Raises UsageError."""
    settings, background = prepared.settings, prepared.service.background
    ended = EndSignal()
    try:
        server = HttpServer(
            create_app(prepared.service),
            settings.listen_address,
            settings.port,
            prepared.certificate.context if prepared.certificate else None,
        )
    except OSError as error:
        raise UsageError(
            f"cannot listen on {settings.listen_address} port {settings.port} ({error.strerror or error}); choose "
            "others with --listen-address and --port"
        ) from error
    for exposure in exposures(settings):
        log.warning("%s", exposure)
    background.start()
    server.start(ended.end)
    log.info("%s %s listens on %s port %d, with %s", PROGRAM, __version__, *server.address, prepared.store)
    ended.wait()
    server.stop()
    prepared.slurm.close()
    background.stop()
    prepared.store.close()
    log.info("stopped")
    return int(server.failed)
