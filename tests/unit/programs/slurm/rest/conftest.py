"""A slurmrestd that answers what a test tells it to, and a client of it."""

from __future__ import annotations

import base64
import json

import pytest
from slurm_observability.slurm.endpoint import Endpoint
from slurm_observability.slurm.rest.client import RestClient


def make_token(**claims) -> str:
    def part(content: object) -> str:
        return base64.urlsafe_b64encode(json.dumps(content).encode()).decode().rstrip("=")

    return f"{part({'alg': 'HS256'})}.{part(claims)}.c2lnbmF0dXJl"


class Slurmrestd:
    """Answers of slurmrestd, in JSON, and clients that ask for them."""

    def __init__(self, server, token_file) -> None:
        self.server = server
        self.token_file = token_file
        self.set_token(sun="slurm", exp=1 << 40)

    def set_token(self, **claims) -> None:
        self.token_file.write_text(make_token(**claims))

    def serves(self, version: str) -> None:
        self.server.pages[f"/slurm/{version}/ping"] = (200, b'{"pings": []}')

    def answers(self, path: str, answer: object, status: int = 200) -> None:
        body = answer if isinstance(answer, bytes) else json.dumps(answer).encode()
        self.server.pages[path] = (status, body)

    def client(self, **more) -> RestClient:
        return RestClient(Endpoint("slurmrestd", self.server.url, 10.0), self.token_file, **more)


@pytest.fixture
def slurmrestd(web_server, tmp_path) -> Slurmrestd:
    return Slurmrestd(web_server, tmp_path / "token")
