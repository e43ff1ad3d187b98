"""Microsoft's descriptions of Azure's interfaces, which are not a part of this project.

AZURE_REST_API_SPECS is the folder of a clone of github.com/Azure/azure-rest-api-specs. Tests that compare with it are
skipped where it is not set, and fail where it leads nowhere.
"""

from __future__ import annotations

import os
from pathlib import Path

import pytest

SPECIFICATION = Path(os.environ.get("AZURE_REST_API_SPECS", ""), "specification")
needs_specs = pytest.mark.skipif(
    not os.environ.get("AZURE_REST_API_SPECS"), reason="AZURE_REST_API_SPECS names no clone of azure-rest-api-specs"
)
