"""The moment from which the cumulative metrics count."""

from __future__ import annotations

import re
from datetime import datetime
from pathlib import Path

DEPLOY_TIME_FILE = Path("/opt/azurehpc/slurm/cluster_deploy_time")
DEFAULT_RESET_TIME = "24 hours ago"
SLURM_FIRST_SECOND = 1_000_000  # Slurm takes no earlier time in seconds

_UNITS = {"second": 1, "minute": 60, "hour": 3600, "day": 86400, "week": 604800}
_RELATIVE = re.compile(r"(\d{1,6})\s+(second|minute|hour|day|week)s?\s+ago", re.IGNORECASE)
_ABSOLUTE = re.compile(r"\d{4}-\d{2}-\d{2}(?:[T ]\d{2}:\d{2}(?::\d{2}(?:\.\d{1,6})?)?(?:Z|[+-]\d{2}:?\d{2})?)?")


class ResetTimeError(ValueError):
    """The text is no time to count from. The message says what would be one."""


def parse_reset_time(text: str, now: datetime) -> int:
    """Return the time in seconds since 1970. Without a zone it is local time, as in Slurm's own commands.

    A relative time is fixed by ``now``, which must know its zone: the moment does not move while the program runs.
    Raises ResetTimeError.
    """
    text = text.strip()
    if match := _RELATIVE.fullmatch(text):
        moment = int(now.timestamp()) - int(match[1]) * _UNITS[match[2].lower()]
    else:
        moment = int(_absolute(text).timestamp())
    if moment > now.timestamp():
        raise ResetTimeError(f"the reset time '{text}' is in the future; give a past one, for example '7 days ago'")
    if moment < SLURM_FIRST_SECOND:
        raise ResetTimeError(f"the reset time '{text}' is too long ago; give a later one, for example '2026-01-26'")
    return moment


def default_reset_time(path: Path = DEPLOY_TIME_FILE) -> str:
    """Return what the file of the cluster's deployment says, or the default where there is none.

    Raises ResetTimeError when the file is there and cannot be read.
    """
    try:
        return path.read_text(encoding="utf-8").strip()
    except FileNotFoundError:
        return DEFAULT_RESET_TIME
    except (OSError, UnicodeDecodeError) as error:
        raise ResetTimeError(f"{path} cannot be read ({error}); repair it or give --reset-time") from error


def _absolute(text: str) -> datetime:
    if _ABSOLUTE.fullmatch(text):
        # Python 3.10 knows neither Z nor a zone without a colon.
        iso = re.sub(r"([+-]\d{2})(\d{2})$", r"\1:\2", text.replace("Z", "+00:00"))
        iso = re.sub(r"\.(\d+)", lambda match: f".{match[1]:0<6}", iso)
        try:
            return datetime.fromisoformat(iso).astimezone()
        except (ValueError, OverflowError, OSError):
            pass
    raise ResetTimeError(
        f"the reset time '{text}' cannot be read; write it like '24 hours ago', '7 days ago', '1 week ago', "
        "'2026-01-26' or '2026-01-26T12:00:00'"
    )
