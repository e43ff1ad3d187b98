"""Which database: the options that say so."""

from __future__ import annotations

import argparse
import os
from collections.abc import Sequence

from ..command_line.options import Options, UsageError
from ..command_line.types import directory, file
from ..secret_file import read_secret
from .option_types import has_password


def add_database_options(parser: Options, prefix: str) -> None:
    """Add the options. ``prefix`` is that of the service's variables: the report takes the same ones."""
    option = parser.option
    option(
        "database-url",
        "",
        "sqlite:////PATH or postgres://USER@HOST/DATABASE, also $DATABASE_URL (default: jobs.db in the state "
        "directory); one with a password belongs into the environment, or a file",
        variable="DATABASE_URL",
    )
    option(
        "database-url-file", "", "file with the URL of the database", variable=f"{prefix}DATABASE_URL_FILE", type=file
    )
    option(
        "state-directory",
        os.environ.get("STATE_DIRECTORY"),
        "where the database is, when it is a file (default: $STATE_DIRECTORY)",
        variable=f"{prefix}STATE_DIRECTORY",
        type=directory,
    )


def database_url(options: argparse.Namespace, arguments: Sequence[str]) -> str:
    """Return the URL of the database that the options name. Raises UsageError, SecretFileError."""
    in_process_list = any(argument.partition("=")[0] == "--database-url" for argument in arguments)
    if in_process_list and has_password(options.database_url):
        raise UsageError(
            "a password on the command line is seen by everybody on this host; give the URL in the environment as "
            "DATABASE_URL, or in a file with --database-url-file"
        )
    if options.database_url_file is not None:
        return read_secret(options.database_url_file)
    if options.database_url:
        return str(options.database_url)
    if options.state_directory is None:
        raise UsageError("there is no place for the database; give --state-directory, or DATABASE_URL")
    return f"sqlite:///{options.state_directory.absolute()}/jobs.db"
