"""Makes what the collection finds in a subscription: groups, workspaces, machines. Each returns the id."""

from __future__ import annotations

from collections.abc import Mapping

from .exchange import Document
from .roles import METRICS_PUBLISHER
from .services import Services

LOCATION = "eastus"


class Furniture:
    """Puts things into a resource group of the one subscription, past all clients."""

    def __init__(self, services: Services, group: str = "hpc") -> None:
        self._services = services
        self.group = f"/subscriptions/{services.estate.tenancy.subscription}/resourceGroups/{group}"
        services.put(self.group, {"location": LOCATION})

    def workspace(self, name: str = "logs", location: str = LOCATION) -> str:
        """A Log Analytics workspace."""
        return self._put("Microsoft.OperationalInsights/workspaces", name, {"location": location})

    def machine(self, name: str, tags: Mapping[str, str] = {}, identity: Document | None = None) -> str:
        """A virtual machine."""
        body = {"location": LOCATION, "tags": dict(tags), "identity": identity}
        return self._put("Microsoft.Compute/virtualMachines", name, body)

    def arc_machine(self, name: str) -> str:
        """A machine outside of Azure that Azure Arc knows."""
        return self._put("Microsoft.HybridCompute/machines", name, {"location": LOCATION})

    def scale_set(
        self,
        name: str,
        instances: int,
        mode: str = "Uniform",
        upgrades: str = "Manual",
        tags: Mapping[str, str] = {},
    ) -> str:
        """A scale set. Made again with more ``instances``, it grows."""
        body = {
            "location": LOCATION,
            "tags": dict(tags),
            "sku": {"capacity": instances},
            "properties": {"orchestrationMode": mode, "upgradePolicy": {"mode": upgrades}},
        }
        return self._put("Microsoft.Compute/virtualMachineScaleSets", name, body)

    def identity(self, name: str) -> str:
        """A user-assigned identity."""
        return self._put("Microsoft.ManagedIdentity/userAssignedIdentities", name, {"location": LOCATION})

    def table(self, workspace: str, name: str) -> str:
        """A table with the columns of all raw logs."""
        columns = [
            {"name": column, "type": "dateTime" if column == "TimeGenerated" else "string"}
            for column in ("TimeGenerated", "RawData", "Computer", "FilePath")
        ]
        path = f"{workspace}/tables/{name}"
        self._services.put(path, {"properties": {"schema": {"name": name, "columns": columns}}})
        return path

    def publisher(self, object_id: str, scope: str) -> None:
        """Let a principal ingest rows: Monitoring Metrics Publisher on a rule, or above it."""
        role = f"/providers/Microsoft.Authorization/roleDefinitions/{METRICS_PUBLISHER}"
        path = f"{scope}/providers/Microsoft.Authorization/roleAssignments/{object_id}"
        self._services.put(path, {"properties": {"roleDefinitionId": role, "principalId": object_id}})

    def _put(self, resource_type: str, name: str, body: Document) -> str:
        path = f"{self.group}/providers/{resource_type}/{name}"
        self._services.put(path, {key: value for key, value in body.items() if value not in (None, {})})
        return path
