"""The role dstack_poller on a made-up host: what it refuses, what it leaves there, and that it goes without a trace."""

from __future__ import annotations

import os
import stat
from pathlib import Path
from typing import Any

import pytest

from tests.unit.azure_monitor_agent.made_up_host import MadeUpHost
from tests.unit.programs.web_server import WebServer

ROLE = "dstack_poller"
PROGRAM = "/opt/slurm_observability/current/bin/dstack-poller"
UNIT = "/etc/systemd/system/dstack-poller.service"
TOKEN, OPTIONS = "/etc/dstack-poller/token", "/etc/dstack-poller/options"
pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="only root can create the user, on a made-up host, too")
SERVER = {"observability_dstack_url": "https://dstack.example.org", "dstack_poller_token": "of-a-user"}


@pytest.fixture
def host(tmp_path: Path) -> MadeUpHost:
    made = MadeUpHost(tmp_path / "host")
    made.write(PROGRAM, "#!/bin/sh\ncase $1 in --completion) echo complete ;; esac\n", 0o755)
    return made


def configure(host: MadeUpHost, check: bool = False, **variables: Any) -> tuple[int, str]:
    return host.play(ROLE, check, dstack_poller_phase=["configure"], **{**SERVER, **variables})


def test_what_cannot_work_is_refused_before_anything_changes(host: MadeUpHost) -> None:
    before = host.snapshot()
    changed, said = configure(
        host,
        observability_dstack_url="https://user:password@dstack.example.org",
        dstack_poller_token="",
        dstack_poller_listen_address="9502",
    )
    assert changed == -1
    said = " ".join(said.split())
    for words in (
        "set observability_dstack_url, as in https://dstack.example.org, without a password",
        "give that of a dstack user with dstack_poller_token",
        "dstack_poller_listen_address is 9502",
    ):
        assert words in said
    assert host.snapshot() == before


def test_the_whole_life_of_it(host: MadeUpHost, tmp_path: Path) -> None:
    poller = WebServer()
    poller.pages["/-/healthy"] = (200, b"healthy\n")
    listen = {"dstack_poller_listen_address": poller.url.replace("http://localhost", "127.0.0.1")}
    before = host.snapshot()
    foretold, said = configure(host, check=True, **listen)
    assert foretold > 0, said
    assert host.snapshot() == before

    changed, said = configure(host, **listen)
    assert changed > 0, said
    assert "of-a-user" not in said
    assert host.layer(TOKEN).read_text() == "of-a-user\n"
    assert stat.S_IMODE(host.layer(TOKEN).stat().st_mode) == 0o400
    assert "--url=https://dstack.example.org" in host.layer(OPTIONS).read_text().splitlines()
    assert "token" not in host.layer(OPTIONS).read_text()
    unit = host.layer(UNIT).read_text().splitlines()
    assert f"LoadCredential=token:{TOKEN}" in unit
    assert {"User=dstack-poller", "NoNewPrivileges=yes", "ProtectSystem=strict", "CapabilityBoundingSet="} <= set(unit)
    after = host.snapshot()
    assert configure(host, **listen)[0] == 0
    assert (host.snapshot(), host.restarted()) == (after, [])

    assert configure(host, **listen, dstack_poller_token="another")[0] > 0
    assert host.restarted() == ["dstack-poller.service"]

    changed, said = host.play(ROLE, dstack_poller_state="absent", **listen)
    assert changed > 0, said
    assert not any(host.layer(path).is_file() for path in (TOKEN, OPTIONS, UNIT, "/usr/local/bin/dstack-poller"))
    assert not (host.services / "dstack-poller.service").exists()
    poller.close()
