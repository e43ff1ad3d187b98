"""The command line of dstack-poller."""

from __future__ import annotations

import argparse
import logging
import sys
from collections.abc import Sequence
from dataclasses import fields

from ..command_line.options import UsageError
from ..command_line.serving import listen, serve
from ..secret_file import SecretFileError, read_secret
from ..settings_file import SettingsFileError
from ..web.guard import Guard
from .client import Client, DstackError
from .options import PROGRAM, parser
from .pages import PollerPages
from .poller import Poller
from .settings import Settings

log = logging.getLogger(__name__)

EXIT_WRONG = 1
EXIT_USAGE = 2


def main(arguments: Sequence[str] | None = None) -> int:
    """Run until a signal ends it, or ask once. Return the exit status.

    2 is for what the caller has to repair, 1 for a server that does not answer.
    """
    try:
        options = parser().parse_args(arguments)
        logging.basicConfig(level=options.log_level, format="%(levelname)s %(message)s", stream=sys.stderr)
        guard = Guard(options.web_config)
        if options.check_config:  # by whom the token is not for
            return 0
        settings = _settings(options)
        client = Client(settings)
        poller = Poller(client, settings.interval)
        if options.once:
            return _once(poller)
        server = listen(PROGRAM, options.listen_address, options.port, PollerPages(poller), guard)
    except (UsageError, SettingsFileError, SecretFileError) as error:
        print("\n".join(f"{PROGRAM}: {line}" for line in str(error).splitlines()), file=sys.stderr)
        return EXIT_USAGE
    if client.shows_token:
        log.warning("the token goes to %s in plain text; give --url as https://", settings.url)
    serve(server, poller)
    return 0


def _once(poller: Poller) -> int:
    try:
        poller.poll()
    except DstackError as error:
        print(f"{PROGRAM}: {error}", file=sys.stderr)
        return EXIT_WRONG
    sys.stdout.write(poller.metrics().decode())
    return 0


def _settings(options: argparse.Namespace) -> Settings:
    if options.token_file is None:
        raise UsageError("dstack answers nobody without a token; name the file of one with --token-file")
    read_secret(options.token_file)
    # Each option that the poller is told of has the name that it has in Settings.
    return Settings(**{field.name: getattr(options, field.name) for field in fields(Settings)})
