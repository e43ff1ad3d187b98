"""What the tests of dstack-poller share."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from slurm_observability.dstack.settings import Settings

from tests.stand_ins.dstack import TOKEN, DstackStandIn
from tests.unit.programs.web_server import WebServer


@pytest.fixture
def dstack(web_server: WebServer) -> DstackStandIn:
    return DstackStandIn(web_server)


@pytest.fixture
def token_file(tmp_path: Path) -> Path:
    path = tmp_path / "token"
    path.write_text(f"{TOKEN}\n")
    path.chmod(0o400)
    return path


@pytest.fixture
def make_settings(dstack: DstackStandIn, token_file: Path) -> Callable[..., Settings]:
    def make(**more: object) -> Settings:
        return Settings(**{"url": dstack.url, "token_file": token_file, **more})  # type: ignore[arg-type]

    return make
