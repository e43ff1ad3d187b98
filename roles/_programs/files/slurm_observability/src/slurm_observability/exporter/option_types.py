"""The values of options that only the exporter has."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from typing import TypeVar

from ..command_line.types import port, seconds
from ..slurm.endpoint import Endpoint
from ..slurm.rest.client import API_VERSIONS, AUTO
from .discovery import SCRAPE_JOBS
from .topics import jobs, nodes
from .wiring import OFTEN, TOPICS

T = TypeVar("T")


def interval(text: str) -> float | None:
    """Return a time in seconds, or None for ``off``."""
    return None if text == "off" else seconds(text)


def by_topic(parse: Callable[[str], T]) -> Callable[[str], dict[str, T]]:
    """Return a parser of ``TOPIC=VALUE,TOPIC=VALUE``."""

    def parse_all(text: str) -> dict[str, T]:
        values: dict[str, T] = {}
        for item in filter(None, text.split(",")):
            topic, _equals, value = item.partition("=")
            if topic not in TOPICS:
                raise argparse.ArgumentTypeError(f"'{item}' names no topic; give {'=VALUE, '.join(TOPICS)}=VALUE")
            values[topic] = parse(value)
            if values[topic] is None and topic in (jobs.NAME, nodes.NAME):
                raise argparse.ArgumentTypeError(f"'{item}': the {topic} cannot be off")
        return values

    return parse_all


def max_commands(text: str) -> int:
    """Return how many commands may run at a time: one more than those that never wait, at least."""
    least = len(OFTEN) + 1
    if not text.isascii() or not text.isdigit() or int(text) < least:
        raise argparse.ArgumentTypeError(f"'{text}' is too few or no number; give {least} or more")
    return int(text)


def url(text: str) -> str:
    """Return the URL of a server of Slurm."""
    try:
        return Endpoint("server", text, timeout=1.0).url
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from error


def api_version(text: str) -> str:
    """Return a version of slurmrestd's API, or ``auto``."""
    if text not in (AUTO, *API_VERSIONS):
        raise argparse.ArgumentTypeError(f"'{text}' is no version of the API; give {AUTO} or {', '.join(API_VERSIONS)}")
    return text


def ports(text: str) -> dict[str, int]:
    """Return ports by scrape job, from ``JOB=PORT,JOB=PORT``."""
    chosen: dict[str, int] = {}
    for item in filter(None, text.split(",")):
        job, _equals, value = item.partition("=")
        if job not in SCRAPE_JOBS:
            raise argparse.ArgumentTypeError(f"'{item}' names no scrape job; give {'=PORT, '.join(SCRAPE_JOBS)}=PORT")
        chosen[job] = port(value)
    return chosen
