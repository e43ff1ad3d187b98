"""Servers for the tests of what asks one."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))
from web_server import WebServer


@pytest.fixture
def make_web_server() -> Iterator[Callable[..., WebServer]]:
    """Start servers that end with the test."""
    servers: list[WebServer] = []

    def make(*arguments: object, **more: object) -> WebServer:
        servers.append(WebServer(*arguments, **more))  # type: ignore[arg-type]
        return servers[-1]

    yield make
    for server in servers:
        server.close()


@pytest.fixture
def web_server(make_web_server: Callable[..., WebServer]) -> WebServer:
    return make_web_server()
