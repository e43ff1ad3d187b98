"""The command line of job-observability report."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Mapping, Sequence

from ...command_line.options import Options, UsageError
from ...command_line.types import file, some_of
from ...secret_file import read_secret
from ..database_options import add_database_options, database_url
from ..option_types import server_url
from ..store.errors import StoreError
from ..store.store import Store
from ..store.usage import UsageRow
from . import api
from .forms import Report, as_csv, as_json, as_table
from .period import moment
from .usage import ACCOUNT, GROUPS, USER, by_groups, total

EXIT_WRONG = 1
_TABLE, _JSON, _CSV = "table", "json", "csv"
_FORMS: Mapping[str, Callable[[Report], str]] = {_TABLE: as_table, _JSON: as_json, _CSV: as_csv}


def parser(program: str, prefix: str) -> Options:
    """Return the parser of the options that follow the word ``report``, with which ``program`` ends."""
    result = Options(program, prefix, "GPU-hours and CPU-hours that users held and used, the most idle GPUs first.")
    option = result.option
    option("since", "7days", "count from here: 7days, 24hours, 2026-01-26 (default: 7days)", type=moment)
    option("until", "0hours", "count up to here (default: now)", type=moment)
    option(
        "by",
        f"{USER},{ACCOUNT}",
        f"add up by these: {','.join(GROUPS)} (default: {USER},{ACCOUNT})",
        type=some_of(GROUPS),
    )
    forms = result.add_mutually_exclusive_group()
    forms.add_argument("--json", dest="form", action="store_const", const=_JSON, default=_TABLE, help="print JSON")
    forms.add_argument("--csv", dest="form", action="store_const", const=_CSV, help="print CSV")
    option("url", "", "ask the service there, and not the database: https://HOST:8080", type=server_url)
    option("reader-token-file", "", "with --url: file with the token to show there", type=file)
    add_database_options(result, prefix)
    return result


def main(program: str, prefix: str, arguments: Sequence[str]) -> int:
    """Print a report. Return the exit status. Raises UsageError, SecretFileError."""
    options = parser(program, prefix).parse_args(arguments)
    if not options.by:
        raise UsageError(f"--by names nothing; give some of {','.join(GROUPS)}")
    if options.until <= options.since:
        raise UsageError("--until is not after --since")
    try:
        rows = _rows(options, arguments)
    except (StoreError, api.ApiError) as error:
        print(f"{program}: {error}", file=sys.stderr)
        return EXIT_WRONG
    report = Report(options.since, options.until, options.by, by_groups(rows, options.by), total(rows))
    sys.stdout.write(_FORMS[options.form](report))
    return 0


def _rows(options: argparse.Namespace, arguments: Sequence[str]) -> list[UsageRow]:
    if options.url:
        token = "" if options.reader_token_file is None else read_secret(options.reader_token_file)
        return api.ask(options.url, token, options.since, options.until)
    store = Store(database_url(options, arguments))
    try:
        store.check()
        return store.usage(options.since, options.until)
    finally:
        store.close()
