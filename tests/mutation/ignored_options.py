"""A plugin for pytest: does a test notice when a module ignores an option?

Runs the tests, and notes which of them give a module which option. Then it takes away one option after the other, as if
whoever wrote the task had left it out, and runs the tests that give it until one of them fails. An option that nobody
misses, or that no test gives, fails the run. Options that all modules share are taken from all of them at once.

    tests/mutation/run options [TESTS...]
"""

from __future__ import annotations

import os
import signal
import sys
from collections import defaultdict
from collections.abc import Iterator
from typing import Any

import pytest
from _pytest.runner import runtestprotocol
from ansible.module_utils.basic import AnsibleModule

_MODULES = "ansible_collections.slurm.observability.plugins.modules."
# A test that waits longer than this, for want of a timeout that it gave, has missed it.
_PATIENCE_SECONDS = 60
_PASSED, _FAILED, _BROKEN = range(3)
_MODULE_UTILS = "ansible_collections.slurm.observability.plugins.module_utils."
# The options that all modules of a family share: the first word of their names, and where their specification is.
_SHARED = {family: f"{_MODULE_UTILS}{family}.module" for family in ("azure", "grafana")}


class IgnoredOptions:
    """Takes options from modules. ``unnoticed`` are those that no test missed."""

    def __init__(self) -> None:
        self.unnoticed: list[str] = []
        self.tried = 0
        self._specified: dict[str, None] = {}
        self._given_in: dict[str, dict[pytest.Item, None]] = defaultdict(dict)
        self._test: pytest.Item | None = None
        self._ignored = ""

    def take_part(self) -> None:
        """Have a say in what options reach a module."""
        load = AnsibleModule._load_params

        def load_params(module: AnsibleModule) -> None:
            load(module)
            names = {option: _name(option) for option in module.argument_spec}
            self._specified.update(dict.fromkeys(names.values()))
            for option in set(names) & set(module.params):
                if self._test is not None:
                    self._given_in[names[option]][self._test] = None
                if names[option] == self._ignored:
                    del module.params[option]

        AnsibleModule._load_params = load_params

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_protocol(self, item: pytest.Item) -> Iterator[None]:
        """Note whose options these are."""
        self._test = item
        try:
            return (yield)
        finally:
            self._test = None

    @pytest.hookimpl(wrapper=True)
    def pytest_runtestloop(self, session: pytest.Session) -> Iterator[None]:
        """After all tests have passed: without each option in turn."""
        result = yield
        if not session.testsfailed and not session.config.option.collectonly:
            for name in self._specified:
                self.tried += 1
                if not self._is_missed(name):
                    self.unnoticed.append(name)
            session.testsfailed += len(self.unnoticed)
        return result

    def pytest_terminal_summary(self, terminalreporter: Any) -> None:
        """Say what nobody missed."""
        terminalreporter.section("options ignored, one at a time")
        for name in self.unnoticed:
            terminalreporter.line(f"no test misses {name}; {len(self._given_in[name])} give it")
        terminalreporter.line(f"{self.tried} options, {len(self.unnoticed)} unnoticed")

    def _is_missed(self, name: str) -> bool:
        """Whether one of the tests fails, in a process that is thrown away."""
        child = os.fork()
        if child:
            status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
            assert status in (_PASSED, _FAILED, -signal.SIGALRM), f"without {name} the tests end with {status}"
            return status != _PASSED
        status = _BROKEN
        try:
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.__stdout__.fileno())
            self._ignored = name
            status = _FAILED if any(map(_fails, self._given_in[name])) else _PASSED
        finally:
            os._exit(status)


def _fails(test: pytest.Item) -> bool:
    signal.alarm(_PATIENCE_SECONDS)
    return any(report.failed for report in runtestprotocol(test, log=False, nextitem=None))


def _name(option: str) -> str:
    """An option with its module in front, or the family of modules that share it."""
    frame = sys._getframe()
    while not frame.f_globals["__name__"].startswith(_MODULES):
        assert frame.f_back is not None, "a module that is none of the collection"
        frame = frame.f_back
    module = frame.f_globals["__name__"].removeprefix(_MODULES)
    family = module.partition("_")[0]
    shared = sys.modules[_SHARED[family]].ARGUMENTS if family in _SHARED else {}
    return f"{family}.{option}" if option in shared else f"{module}.{option}"


def pytest_configure(config: pytest.Config) -> None:
    """Take part in this run."""
    plugin = IgnoredOptions()
    plugin.take_part()
    config.pluginmanager.register(plugin, "ignored options")
