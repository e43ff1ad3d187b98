"""The command line of job-agent."""

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
from .agent import Agent
from .check import FAILED, as_json, as_text, check
from .options import CHECK, PROGRAM, parser
from .pages import AgentPages
from .settings import Settings

log = logging.getLogger(__name__)

EXIT_WRONG = 1
EXIT_USAGE = 2


def main(arguments: Sequence[str] | None = None) -> int:
    """Run until a signal ends it, or check once. Return the exit status.

    2 is for what the caller has to repair, 1 for a check that found something wrong.
    """
    try:
        options = parser().parse_args(arguments)
        logging.basicConfig(level=options.log_level, format="%(levelname)s %(message)s", stream=sys.stderr)
        settings = _settings(options)
        guard = Guard(options.web_config)
        if settings.token_file and options.command != CHECK:
            read_secret(settings.token_file)
        if options.json and options.command != CHECK:
            raise UsageError(f"--json goes with '{CHECK}'")
        if options.command == CHECK:
            return _check(settings, options.json)
        if options.check_config:
            return 0
        agent = Agent(settings)
        server = listen(PROGRAM, options.listen_address, options.port, AgentPages(agent), guard)
    except (UsageError, SettingsFileError, SecretFileError) as error:
        print("\n".join(f"{PROGRAM}: {line}" for line in str(error).splitlines()), file=sys.stderr)
        return EXIT_USAGE
    serve(server, agent)
    return 0


def _check(settings: Settings, json: bool) -> int:
    findings = check(settings)
    sys.stdout.write(as_json(findings) if json else as_text(findings))
    return EXIT_WRONG if any(finding.state == FAILED for finding in findings) else 0


def _settings(options: argparse.Namespace) -> Settings:
    # Each option that the agent is told of has the name that it has in Settings.
    return Settings(**{field.name: getattr(options, field.name) for field in fields(Settings)})
