"""The offline check takes the rules that Microsoft shows with the description of the interface.

They are read where a clone of github.com/Azure/azure-rest-api-specs is: AZURE_REST_API_SPECS is its path.
"""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest
from ansible_collections.slurm.observability.plugins.module_utils.azure.rule_lint import lint_rule

SPECS = os.environ.get("AZURE_REST_API_SPECS", "")
EXAMPLES = sorted(
    Path(SPECS).glob(
        "specification/monitor/resource-manager/Microsoft.Insights/stable/*/examples/DataCollectionRules*ate*.json"
    )
)

# What Microsoft shows and never tried: its examples are not validated.
FAULTS = {
    "DataCollectionRulesCreateEmbeddedDCE.json": [
        "dataFlows[0].destinations: there is no destination 'myworkspace' in this rule."
    ],
    "DataCollectionRulesCreateEnrichment.json": [
        "streamDeclarations.Custom-TabularDataABC: it is to have RawData and TimeGenerated, which files give."
    ],
}


@pytest.mark.skipif(not SPECS, reason="AZURE_REST_API_SPECS names no clone of azure-rest-api-specs")
def test_rules_that_microsoft_shows() -> None:
    assert EXAMPLES
    found = {example.name: lint_rule(json.loads(example.read_text())["parameters"]["body"]) for example in EXAMPLES}
    assert {name: findings for name, findings in found.items() if findings} == FAULTS
