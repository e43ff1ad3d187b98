"""The modules for Azure, run in this process against a stand-in for Azure."""

from __future__ import annotations

import importlib
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from ansible.module_utils.basic import AnsibleModule
from ansible.module_utils.testing import patch_module_args
from ansible_collections.slurm.observability.plugins.module_utils.azure import client
from ansible_collections.slurm.observability.plugins.module_utils.azure.clouds import CLOUDS
from azure.identity import ClientSecretCredential

from tests.stand_ins.azure import AzureStandIn, Furniture

Result = dict[str, Any]


class Failed(Exception):
    """A module failed; the text is its message, ``result`` the rest."""

    def __init__(self, result: Result) -> None:
        super().__init__(result["msg"])
        self.result = result


class Ended(Exception):
    """A module ended well."""

    def __init__(self, result: Result) -> None:
        super().__init__()
        self.result = result


class Azure:
    """A stand-in for Azure with a workspace, and the modules to use on it."""

    def __init__(self, stand_in: AzureStandIn) -> None:
        self.stand_in = stand_in
        self.estate = stand_in.estate
        self.faults = stand_in.estate.faults
        self.furniture = Furniture(stand_in.services)
        self.workspace = self.furniture.workspace()
        self.warnings: list[str] = []

    def run(self, module: str, check: bool = False, **options: Any) -> Result:
        """The result of a module. Raises Failed."""
        name = f"ansible_collections.slurm.observability.plugins.modules.azure_{module}"
        arguments = {"_ansible_check_mode": check, "ca_file": str(self.stand_in.ca_file), **options}
        with patch_module_args(arguments):
            try:
                importlib.import_module(name).main()
            except Ended as end:
                return end.result
        raise AssertionError("the module did not end")

    def converge(self, module: str, **options: Any) -> Result:
        """The result of a module that has something to do, and nothing more after that; check mode foretells it."""
        foretold = self.run(module, check=True, **options)
        writes = self.writes()
        assert foretold["changed"]
        result = self.run(module, **options)
        assert result["changed"] and self.writes() > writes, "check mode changed something, or the module nothing"
        assert result["diff"] == foretold["diff"]
        writes = self.writes()
        assert not self.run(module, **options)["changed"], "a second run changes something"
        assert self.writes() == writes
        return result

    def client(self) -> client.ArmClient:
        """A client of the modules, signed in as the operator."""
        tenancy, operator = self.estate.tenancy, self.estate.tenancy.operator
        credential = ClientSecretCredential(
            tenancy.tenant,
            operator.client_id,
            operator.secret,
            authority=self.stand_in.url,
            disable_instance_discovery=True,
        )
        scope = CLOUDS["AzureCloud"].scope
        return client.ArmClient(
            credential, tenancy.subscription, self.stand_in.url, scope, ca_file=str(self.stand_in.ca_file), timeout=5
        )

    def writes(self) -> int:
        """How many requests changed something so far."""
        return sum(count for kind, count in self.counts().items() if not kind.startswith(("GET", "POST token")))

    def counts(self) -> Counter[str]:
        """How many requests there were, by method and kind."""
        return self.stand_in.services.counts()

    def document(self, path: str) -> Result:
        """What there is at a path."""
        document = self.estate.store.get(path)
        assert document is not None, f"there is no {path}"
        return document

    def id(self, resource_type: str, name: str) -> str:
        """The id of a resource of the group."""
        return f"{self.furniture.group}/providers/{resource_type}/{name}"


@pytest.fixture
def azure(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Azure]:
    monkeypatch.setattr(client, "_PAUSE_SECONDS", 0.01)
    # The credential file of whoever runs this is none of ours.
    monkeypatch.setenv("HOME", str(tmp_path))
    with AzureStandIn(tmp_path / "azure") as stand_in:
        for name, value in stand_in.environment().items():
            monkeypatch.setenv(name, value)
        cloud = Azure(stand_in)

        def ended(_module: AnsibleModule, **result: Any) -> None:
            raise Ended(result)

        def failed(_module: AnsibleModule, msg: str, **result: Any) -> None:
            raise Failed({"msg": msg, **result})

        monkeypatch.setattr(AnsibleModule, "exit_json", ended)
        monkeypatch.setattr(AnsibleModule, "fail_json", failed)
        monkeypatch.setattr(AnsibleModule, "warn", lambda _module, text: cloud.warnings.append(text))
        yield cloud
        assert not stand_in.services.crashes
