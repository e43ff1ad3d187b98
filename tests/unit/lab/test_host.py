"""What guests take over from their host."""

from __future__ import annotations

from pathlib import Path

import pytest

from lab import host, network, state, topology
from lab.errors import LabError


@pytest.fixture
def etc(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder whose files stand in for those of /etc and /run by their last name."""
    real_read = Path.read_text

    def read(path: Path, *args: object, **kwargs: object) -> str:
        absolute = str(path)
        if absolute.startswith(("/etc/", "/run/")):
            path = tmp_path / absolute.lstrip("/").replace("/", "-")
        return real_read(path, *args, **kwargs)  # type: ignore[arg-type]

    monkeypatch.setattr(Path, "read_text", read)
    return tmp_path


def test_resolvers_are_the_hosts(etc: Path) -> None:
    (etc / "etc-resolv.conf").write_text("search example\nnameserver 192.0.2.1\nnameserver 192.0.2.2\n")
    assert host.name_servers() == ["192.0.2.1", "192.0.2.2"]


def test_a_loopback_resolver_leads_to_the_real_ones(etc: Path) -> None:
    (etc / "etc-resolv.conf").write_text("nameserver 127.0.0.53\n")
    (etc / "run-systemd-resolve-resolv.conf").write_text("nameserver 192.0.2.9\n")
    assert host.name_servers() == ["192.0.2.9"]


def test_no_resolver_that_guests_could_reach(etc: Path) -> None:
    (etc / "etc-resolv.conf").write_text("nameserver 127.0.0.1\n")
    with pytest.raises(LabError, match="nameserver"):
        host.name_servers()


def test_pip_asks_where_the_host_asks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PIP_INDEX_URL", "https://mirror.example/simple")
    monkeypatch.setenv("PIP_FIND_LINKS", "/a/folder/of/the/host")
    settings = host.pip_settings()
    assert settings["index-url"] == "https://mirror.example/simple"
    assert "find-links" not in settings, "a folder of the host means nothing to a guest"


def test_a_failing_command_is_one_sentence_with_its_last_words() -> None:
    with pytest.raises(LabError, match=r"failed \(3\): bad thing"):
        host.run(["sh", "-c", "echo bad thing >&2; exit 3"])


def test_every_rule_says_whose_it_is(paper_lab: state.Lab) -> None:
    rules = network._rules(paper_lab)
    assert all("slurm-observability-lab:paper" in match for _, _, match in rules)
    assert {chain for _, chain, _ in rules} == {"POSTROUTING", "FORWARD", "INPUT"}
    assert all(topology.bridge_name("paper") in match or "10.213.7.0/24" in match for _, _, match in rules)
