"""Colours that mean something: thresholds, and names for values that are codes."""

from __future__ import annotations

from collections.abc import Mapping

from grafana_foundation_sdk.builders import dashboard as builders
from grafana_foundation_sdk.models import dashboard as models

GOOD, NOTICE, BAD, NEUTRAL, OFF = "green", "orange", "red", "blue", "#8e8e8e"


def steps(first: str, *others: tuple[float, str]) -> builders.ThresholdsConfig:
    """Colours by value: `steps(GOOD, (85, NOTICE), (93, BAD))` is green below 85 and red from 93."""
    thresholds = [models.Threshold(None, first), *(models.Threshold(value, color) for value, color in others)]
    return builders.ThresholdsConfig().mode(models.ThresholdsMode.ABSOLUTE).steps(thresholds)


# What is only worth a look when there is any of it.
ANY_IS_BAD = steps(GOOD, (1, BAD))
ANY_IS_NOTICED = steps(GOOD, (1, NOTICE))


def names(values: Mapping[str, tuple[str, str]]) -> models.ValueMap:
    """Texts and colours for values: `names({"0": ("up", GOOD), "1": ("down", BAD)})`."""
    return models.ValueMap(
        {
            value: models.ValueMappingResult(text=text, color=color, index=index)
            for index, (value, (text, color)) in enumerate(values.items())
        }
    )


# What is no number is not known.
NOT_KNOWN = models.SpecialValueMap(
    models.DashboardSpecialValueMapOptions(models.SpecialValueMatch.NA_N, models.ValueMappingResult(text=""))
)
YES_IS_BAD = names({"0": ("no", GOOD), "1": ("yes", BAD)})
SEVERITY = names({"critical": ("critical", BAD), "warning": ("warning", NOTICE), "info": ("info", NEUTRAL)})
UP = names({"0": ("down", BAD), "1": ("up", GOOD)})
