"""The helper that plays the cloud."""

from __future__ import annotations

import pytest

from lab import power, state


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("1763719488000000000.up.cloud1", ("up", "cloud1")),
        ("1763719488000000000.down.cloud10", ("down", "cloud10")),
        (".1763719488000000000.up.cloud1", None),
        ("1.up.../head", None),
        ("1.reboot.cloud1", None),
        ("", None),
    ],
)
def test_request_names(name: str, expected: tuple[str, str] | None) -> None:
    assert power.parse_request(name) == expected


@pytest.mark.parametrize("node", ["cloud3", "head", "node1", "nonsense"])
def test_only_bootable_cloud_nodes_are_touched(
    paper_lab: state.Lab, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], node: str
) -> None:
    monkeypatch.setattr(power, "Container", lambda *_: pytest.fail(f"{node} was touched"))
    power.carry_out(paper_lab, "up", node)
    power.carry_out(paper_lab, "down", node)
    assert "left alone" in capsys.readouterr().out
