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


class Modules:
    """The modules for Grafana, with the options that lead to one. ``output`` is everything that they printed."""

    def __init__(self, captured: Callable[[], str], **options: Any) -> None:
        self.output = ""
        self._captured = captured
        self._options = options

    def run(self, module: str, check: bool = False, **options: Any) -> Result:
        """The result of a module. Raises Failed."""
        name = f"ansible_collections.slurm.observability.plugins.modules.grafana_{module}"
        token = {"token": None} if "url_username" in options else {}
        given = {**self._options, **token, **options}
        arguments = {name: value for name, value in given.items() if value is not None}
        common_warnings._global_warnings.clear()  # a module is a process of its own elsewhere
        with (
            patch_module_args({"_ansible_check_mode": check, "_ansible_diff": True, **arguments}),
            pytest.raises(SystemExit),
        ):
            importlib.import_module(name).main()
        printed = self._captured()
        self.output += printed
        result: Result = json.loads(printed)
        if result.get("failed"):
            raise Failed(result)
        return result

    def converge(self, module: str, **options: Any) -> Result:
        """The result of a module that has something to do, and nothing more after that; check mode foretells it."""
        foretold = self.run(module, check=True, **options)
        assert foretold["changed"]
        result = self.run(module, **options)
        assert result["changed"], "check mode changed something"
        assert result["diff"] == foretold["diff"]
        for check in (True, False):
            assert not self.run(module, check=check, **options)["changed"], "a second run changes something"
        return result


class Grafana(Modules):
    """The modules with a stand-in for Grafana. ``pauses`` are the seconds that they would have slept."""

    def __init__(self, stand_in: GrafanaStandIn, captured: Callable[[], str]) -> None:
        super().__init__(captured, grafana_url=stand_in.url, ca_path=stand_in.ca_file or None, token=TOKEN)
        self.stand_in = stand_in
        self.organisation = stand_in.organisation
        self.faults = stand_in.faults
        self.pauses: list[float] = []

    def run(self, module: str, check: bool = False, **options: Any) -> Result:
        """The result of a module, which sends no request that changes something unless it says that it has."""
        before = len(self.stand_in.writes)
        result = super().run(module, check, **options)
        assert (len(self.stand_in.writes) > before) == (result["changed"] and not check)
        return result


def warnings(result: Result) -> str:
    """The warnings of a result, as one text."""
    return " ".join(str(one.get("event", one) if isinstance(one, dict) else one) for one in result.get("warnings", ()))


@pytest.fixture(autouse=True)
def far_from_a_controller(monkeypatch: pytest.MonkeyPatch) -> None:
    """Modules keep their warnings for their result; a test of templates in the same process makes them print them."""
    monkeypatch.setattr("ansible.module_utils._internal.is_controller", False, raising=False)


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
