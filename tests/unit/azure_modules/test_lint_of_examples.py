"""The offline check takes the rules that Microsoft shows with the description of the interface."""

from __future__ import annotations

import json

from ansible_collections.slurm.observability.plugins.module_utils.azure.rule_lint import lint_rule

from tests.azure_rest_api_specs import SPECIFICATION, needs_specs

EXAMPLES = sorted(
    SPECIFICATION.glob("monitor/resource-manager/Microsoft.Insights/stable/*/examples/DataCollectionRules*ate*.json")
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


@needs_specs
def test_rules_that_microsoft_shows() -> None:
    assert EXAMPLES
    found = {example.name: lint_rule(json.loads(example.read_text())["parameters"]["body"]) for example in EXAMPLES}
    assert {name: findings for name, findings in found.items() if findings} == FAULTS
