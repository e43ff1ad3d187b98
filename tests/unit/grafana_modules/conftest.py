"""The modules for Grafana, run in this process against a stand-in for Grafana."""

from __future__ import annotations

import importlib
import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from ansible.module_utils.common import warnings as common_warnings
from ansible.module_utils.testing import patch_module_args
from ansible_collections.slurm.observability.plugins.module_utils.grafana import client

from tests.stand_ins.grafana import GrafanaStandIn
from tests.stand_ins.grafana.stand_in import TOKEN

Result = dict[str, Any]


class Failed(Exception):
    """A module failed; the text is its message, ``result`` the rest."""

    def __init__(self, result: Result) -> None:
        super().__init__(result["msg"])
        self.result = result


class Grafana:
    """A stand-in for Grafana, and the modules to use on it.

    ``output`` is everything that the modules printed, ``pauses`` the seconds that they would have slept.
    """

    def __init__(self, stand_in: GrafanaStandIn, captured: Callable[[], str]) -> None:
        self.stand_in = stand_in
        self.organisation = stand_in.organisation
        self.faults = stand_in.faults
        self.output = ""
        self.pauses: list[float] = []
        self._captured = captured

    def run(self, module: str, check: bool = False, **options: Any) -> Result:
        """The result of a module. Raises Failed."""
        name = f"ansible_collections.slurm.observability.plugins.modules.grafana_{module}"
        arguments = {
            "_ansible_check_mode": check,
            "_ansible_diff": True,
            "grafana_url": self.stand_in.url,
            "ca_path": self.stand_in.ca_file or None,
            **({} if "url_username" in options else {"token": TOKEN}),
            **options,
        }
        arguments = {name: value for name, value in arguments.items() if value is not None}
        common_warnings._global_warnings.clear()  # a module is a process of its own elsewhere
        with patch_module_args(arguments), pytest.raises(SystemExit):
            importlib.import_module(name).main()
        printed = self._captured()
        self.output += printed
        result: Result = json.loads(printed)
        if result.get("failed"):
            raise Failed(result)
        return result

    def converge(self, module: str, **options: Any) -> Result:
        """The result of a module that has something to do, and nothing more after that; check mode foretells it."""
        before = len(self.stand_in.writes)
        foretold = self.run(module, check=True, **options)
        assert foretold["changed"]
        assert len(self.stand_in.writes) == before, "check mode changed something"
        result = self.run(module, **options)
        assert result["changed"]
        assert result["diff"] == foretold["diff"]
        after = len(self.stand_in.writes)
        assert after > before
        for check in (True, False):
            assert not self.run(module, check=check, **options)["changed"], "a second run changes something"
        assert len(self.stand_in.writes) == after
        return result


def warnings(result: Result) -> str:
    """The warnings of a result, as one text."""
    return " ".join(str(one.get("event", one) if isinstance(one, dict) else one) for one in result.get("warnings", ()))


@pytest.fixture
def start(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Iterator[Callable[..., Grafana]]:
    """Starts a stand-in for a version of Grafana."""
    for name in ("GRAFANA_URL", "GRAFANA_TOKEN", "GRAFANA_USER", "GRAFANA_PASSWORD"):
        monkeypatch.delenv(name, raising=False)
    started: list[Grafana] = []

    def one(version: int = 13, **more: Any) -> Grafana:
        grafana = Grafana(GrafanaStandIn(version, **more), lambda: capsys.readouterr().out)
        monkeypatch.setattr(client, "sleep", grafana.pauses.append)
        started.append(grafana)
        return grafana

    yield one
    for grafana in started:
        grafana.stand_in.close()
        assert not grafana.stand_in.crashes


@pytest.fixture(params=[9, 10, 11, 12, 13], ids=lambda version: f"grafana{version}")
def grafana(request: pytest.FixtureRequest, start: Callable[..., Grafana]) -> Grafana:
    """Each version of Grafana, one after the other."""
    return start(request.param)
