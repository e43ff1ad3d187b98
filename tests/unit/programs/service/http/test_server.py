"""What the server asks of the system, and what counts as this host."""

from __future__ import annotations

import resource

import pytest
from slurm_observability.service.http import server
from slurm_observability.service.option_types import has_password, is_loopback


@pytest.mark.parametrize(
    ("limits", "wanted"),
    [
        ((1024, 524288), (2304, 524288)),
        ((1024, resource.RLIM_INFINITY), (2304, resource.RLIM_INFINITY)),
        ((1024, 2000), (2000, 2000)),
        ((4096, 4096), None),
        ((resource.RLIM_INFINITY, resource.RLIM_INFINITY), None),
    ],
)
def test_files_for_all_connections(monkeypatch, limits, wanted):
    asked = []
    monkeypatch.setattr(resource, "getrlimit", lambda _kind: limits)
    monkeypatch.setattr(resource, "setrlimit", lambda _kind, given: asked.append(given))
    server._allow_files(2304)
    assert asked == ([wanted] if wanted else [])


def test_a_limit_that_may_not_be_raised_stays(monkeypatch):
    def refuse(_kind, _given):
        raise ValueError("not allowed to raise maximum limit")

    monkeypatch.setattr(resource, "getrlimit", lambda _kind: (1, 100))
    monkeypatch.setattr(resource, "setrlimit", refuse)
    server._allow_files(10)


def test_what_only_this_host_reaches():
    assert all(map(is_loopback, ("127.0.0.1", "127.1.2.3", "::1", "localhost")))
    assert not any(map(is_loopback, ("0.0.0.0", "::", "10.0.0.1", "head", "")))


def test_urls_with_a_password():
    for url in (
        *("postgres://a:b@c/d", "postgresql+psycopg://a:b@c/d", "postgres://a:b/+=@c/d", "postgres://:b@c/d"),
        *("postgres://c/d?x=1&password=b", "postgres://c/d?sslpassword=b"),
    ):
        assert has_password(url)
    for url in ("postgres://a@c/d", "postgres://c:5432/d", "sqlite:////var/lib/a:b@c", ""):
        assert not has_password(url)
