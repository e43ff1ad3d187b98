"""The command line of job-observability."""

from __future__ import annotations

import argparse
import logging
import sys
from collections.abc import Sequence
from dataclasses import fields

from ..command_line.options import UsageError
from ..secret_file import SecretFileError
from ..settings_file import SettingsFileError
from .check import check
from .database_options import database_url
from .options import CHECK, ENVIRONMENT_PREFIX, MIGRATE, NEW, PROGRAM, REPORT, TOKEN, parser
from .report import cli as report
from .serve import prepare, serve
from .settings import Settings
from .store.errors import StoreError
from .store.retention import Retention
from .store.store import Store
from .tokens import new_token

EXIT_WRONG = 1
EXIT_USAGE = 2


def main(arguments: Sequence[str] | None = None) -> int:
    """Run until a signal ends it, or do what the command says. Return the exit status.

    2 is for what the caller has to repair, 1 for a check that found something wrong.
    """
    given = sys.argv[1:] if arguments is None else arguments
    try:
        if given[:1] == [REPORT]:
            return report.main(f"{PROGRAM} {REPORT}", ENVIRONMENT_PREFIX, given[1:])
        options = parser().parse_args(given)
        logging.basicConfig(level=options.log_level, format="%(levelname)s %(message)s", stream=sys.stderr)
        logging.getLogger("alembic").setLevel(logging.WARNING)  # else it tells its own story at each start
        if (options.command == TOKEN) != (options.action == NEW):
            raise UsageError(f"the command is '{TOKEN} {NEW}'")
        if options.command == TOKEN:
            return _new_token(options.name, options.role)
        settings = _settings(options, given)
        if options.command == MIGRATE:
            return _migrate(settings)
        prepared = prepare(settings)
        if options.command == CHECK:
            return 0 if check(prepared) else EXIT_WRONG
        return 0 if options.check_config else serve(prepared)
    except (UsageError, SettingsFileError, SecretFileError) as error:
        print("\n".join(f"{PROGRAM}: {line}" for line in str(error).splitlines()), file=sys.stderr)
        return EXIT_USAGE


def _settings(options: argparse.Namespace, arguments: Sequence[str]) -> Settings:
    if (options.tls_certificate is None) != (options.tls_key is None):
        raise UsageError("--tls-certificate and --tls-key go together")
    if options.tls_client_ca is not None and options.tls_certificate is None:
        raise UsageError("--tls-client-ca needs --tls-certificate and --tls-key")
    # Each option that the service is told of has the name that it has in Settings.
    told = {field.name: getattr(options, field.name) for field in fields(Settings) if hasattr(options, field.name)}
    retention = Retention(
        samples=options.retention_samples, events=options.retention_events, runs=options.retention_runs
    )
    return Settings(**{**told, "database_url": database_url(options, arguments), "retention": retention})


def _new_token(name: str, role: str) -> int:
    try:
        token, line = new_token(name, role)
    except ValueError as error:
        raise UsageError(f"{error}, with --name") from error
    print(f"{token}\n\nThis is the token; it is shown only now. Below 'tokens:' in the file of tokens:\n\n{line}")
    return 0


def _migrate(settings: Settings) -> int:
    try:
        Store(settings.database_url).migrate()
    except StoreError as error:
        print(f"{PROGRAM}: {error}", file=sys.stderr)
        return EXIT_WRONG
    return 0
