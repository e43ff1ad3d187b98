"""Options of a program: each has a name on the command line, one in the environment, and completion."""

from __future__ import annotations

import argparse
import os
from typing import NoReturn

from .. import __version__
from . import completion
from .types import LOG_LEVELS, YES_NO, directory, file, log_level, yes_no

# The words that an option of a type takes, for completion.
_WORDS = {yes_no: YES_NO, log_level: LOG_LEVELS}


class UsageError(Exception):
    """The program cannot run as it was told. The message is one sentence that says what to do."""


class Options(argparse.ArgumentParser):
    """A parser whose options can also be given in the environment. What it refuses raises UsageError.

    ``@FILE`` stands for the arguments in a file, one on a line: a service and whoever checks it by hand have the same.
    """

    def __init__(self, program: str, prefix: str, description: str) -> None:
        """Begin with ``--version`` and ``--completion``. ``prefix`` is that of the variables: ``JOB_AGENT_``."""
        super().__init__(
            prog=program,
            description=description,
            epilog=f"Each option can also be given in the environment, as {prefix}LOG_LEVEL and so on; @FILE stands "
            "for the arguments in a file, one on a line.",
            allow_abbrev=False,
            fromfile_prefix_chars="@",
        )
        self._prefix = prefix
        self.add_argument("--version", action="version", version=f"{program} {__version__}")
        self.add_argument("--completion", choices=("bash",), action=_Completion, help="print shell completion, and end")

    def error(self, message: str) -> NoReturn:
        """Raise UsageError."""
        raise UsageError(f"{message} (see {self.prog} --help)")

    def convert_arg_line_to_args(self, arg_line: str) -> list[str]:
        """Return the argument on a line of a file; none on an empty one and on a comment."""
        return [] if not arg_line or arg_line.startswith("#") else [arg_line]

    def option(self, name: str, default: str | None, text: str, variable: str = "", **more: object) -> None:
        """Add ``--name``. Its default comes from the environment where it is set there.

        ``variable`` is a name in the environment that is not made of the prefix and the option's name.
        """
        variable = variable or self._prefix + name.upper().replace("-", "_")
        self.add_argument(
            f"--{name}",
            default=os.environ.get(variable, default),
            help=text,
            **more,  # type: ignore[arg-type]
        )


class _Completion(argparse.Action):
    def __call__(self, parser: argparse.ArgumentParser, *_others: object) -> NoReturn:
        types = {action.option_strings[0]: action.type for action in parser._actions if action.option_strings}
        words = {name: _WORDS[kind] for name, kind in types.items() if kind in _WORDS}
        paths = [name for name, kind in types.items() if kind in (file, directory)]
        print(completion.bash(parser, words, paths), end="")
        parser.exit()
