"""The command line of job-archive."""

from __future__ import annotations

import argparse
import logging
import sys
from collections.abc import Sequence

from .. import __version__
from ..command_line.options import UsageError
from ..command_line.signals import EndSignal
from .archiver import OutputLimits
from .options import PROGRAM, TIDY, parser
from .privileges import keep_to_oneself
from .service import Service
from .settings import Settings
from .shelf import ShelfError
from .tidy import Limits, tidy

log = logging.getLogger(__name__)

EXIT_WRONG = 1
EXIT_USAGE = 2


def main(arguments: Sequence[str] | None = None) -> int:
    """Run until a signal ends it, or tidy up once. Return the exit status.

    2 is for what the caller has to repair, 1 for an archive that cannot be tidied up now.
    """
    try:
        options = parser().parse_args(arguments)
        logging.basicConfig(level=options.log_level, format="%(levelname)s %(message)s", stream=sys.stderr)
        if options.command == TIDY:
            return _tidy(options)
        service = Service(_settings(options))
    except UsageError as error:
        print(f"{PROGRAM}: {error}", file=sys.stderr)
        return EXIT_USAGE
    if not options.check_config:
        _serve(service)
    return 0


def _settings(options: argparse.Namespace) -> Settings:
    return Settings(
        archive=options.archive,
        held=options.state_directory / "held",
        spool=options.spool,
        state_save_location=options.state_save_location,
        slurm_user=options.slurm_user,
        readers=options.readers,
        min_free=options.min_free,
        limits=OutputLimits(options.head, options.tail),
        max_held=options.max_held,
        max_waiting=options.max_waiting,
        timeout=options.timeout,
        patience=options.patience,
        mask_file=options.mask_file,
        metrics_file=options.metrics_file,
    )


def _serve(service: Service) -> None:
    ended = EndSignal()
    keep_to_oneself()
    service.start()
    log.info("%s %s runs", PROGRAM, __version__)
    ended.wait()
    service.stop()
    log.info("stopped")


def _tidy(options: argparse.Namespace) -> int:
    try:
        done = tidy(options.archive, Limits(options.pack_after, options.keep_days, options.keep_bytes), options.readers)
    except ShelfError as error:
        log.error("%s", error)
        return EXIT_WRONG
    log.info("%d runs packed, %d files removed, %d bytes kept", done.packed, done.removed, done.bytes_kept)
    return 0
