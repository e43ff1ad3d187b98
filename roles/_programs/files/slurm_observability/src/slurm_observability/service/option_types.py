"""The values of options that only the service has."""

from __future__ import annotations

import argparse
import ipaddress
import re

from ..slurm.endpoint import Endpoint
from ..slurm.rest.client import API_VERSIONS, AUTO
from .store.retention import DAY

MAX_DAYS = 36500


def days(text: str) -> float:
    """Return a number of days in seconds."""
    if not text.isascii() or not text.isdigit() or not 0 < int(text) <= MAX_DAYS:
        raise argparse.ArgumentTypeError(f"'{text}' is no number of days; give one from 1 to {MAX_DAYS}")
    return int(text) * DAY


def api_version(text: str) -> str:
    """Return a version of slurmrestd's API, or ``auto``."""
    if text not in (AUTO, *API_VERSIONS):
        raise argparse.ArgumentTypeError(f"'{text}' is no version of the API; give {AUTO} or {', '.join(API_VERSIONS)}")
    return text


def server_url(text: str) -> str:
    """Return the URL of a server, empty for an empty text."""
    try:
        return Endpoint("server", text, timeout=1.0).url if text else ""
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from error


def is_loopback(address: str) -> bool:
    """Return whether only this host can reach an address."""
    try:
        return ipaddress.ip_address(address).is_loopback
    except ValueError:
        return address == "localhost"


def has_password(url: str) -> bool:
    """Return whether the URL of a database holds a password."""
    return re.search(r"//[^/@:]*:[^@]*@|[?&](ssl)?password=", url) is not None
