"""Usage, asked of a service that runs."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import fields
from http import HTTPStatus
from typing import Any
from urllib.parse import urlencode

from ...slurm.command import SlurmError
from ...slurm.endpoint import Endpoint
from ..store.usage import UsageRow

PATH = "/v1/usage"
TIMEOUT = 60.0
MAX_BYTES = 1 << 26

_TYPES: Mapping[str, Callable[[Any], Any]] = {"str": str, "int": int, "float": float}


class ApiError(Exception):
    """The service gave no usable answer. The message is one sentence."""


def ask(url: str, token: str, since: float, until: float) -> list[UsageRow]:
    """Return the usage between two times. ``token`` may be empty. Raises ApiError."""
    path = f"{PATH}?{urlencode({'since': since, 'until': until})}"
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    try:
        with Endpoint("job-observability", url, TIMEOUT, MAX_BYTES).get(path, headers) as answer:
            if answer.status != HTTPStatus.OK:
                raise answer.refusal(answer.beginning())
            document = json.loads(b"".join(answer.chunks()))
        return [_row(each) for each in document["usage"]]
    except SlurmError as error:
        raise ApiError(str(error)) from error
    except (KeyError, TypeError, ValueError) as error:
        raise ApiError(f"{url} gives no usable answer to {PATH}") from error


def _row(document: Mapping[str, Any]) -> UsageRow:
    return UsageRow(**{field.name: _TYPES[str(field.type)](document[field.name]) for field in fields(UsageRow)})
