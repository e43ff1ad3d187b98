# -*- coding: utf-8 -*-
# Copyright: slurm.observability contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What goes wrong with Azure, in words that say what to mend."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any


class AzureError(Exception):
    """Something that Azure, or the way to it, does not let be done. The text is for a person."""


class CredentialError(AzureError):
    """Nobody can sign in: what is missing, or what the sign-in said."""


class UnreachableError(AzureError):
    """No answer: the name, the network, TLS."""


class DocumentError(AzureError):
    """What is asked for cannot be: found before anything was changed."""


def refuse(faults: Sequence[str]) -> None:
    """Raise one DocumentError for all faults, if there are any."""
    if faults:
        raise DocumentError("; ".join(faults))


class PatienceError(AzureError):
    """Azure took the work on, and did not end it in the time that was given."""


class ArmError(AzureError):
    """A refusal of Azure Resource Manager.

    ``status`` is the HTTP status (200 where an operation failed after it had been accepted), ``code`` the code of the
    error, ``codes`` that of the error and of all its details. The text has the code, the message and the details.
    """

    def __init__(self, what: str, status: int, error: Mapping[str, Any]) -> None:
        self.status = status
        self.code = str(error.get("code") or "")
        entries = list(_entries(error))
        self.codes = frozenset(code for code, _text in entries)
        super().__init__(f"{what}: {'; '.join(text for _code, text in entries)} (HTTP {status})")

    @classmethod
    def of_body(cls, what: str, status: int, body: str) -> ArmError:
        """The error of a response that refused, whatever its body is."""
        try:
            document = json.loads(body)
        except ValueError:
            document = None
        error = document.get("error") if isinstance(document, dict) else None
        if isinstance(error, str):  # a token endpoint says it this way
            error = {"code": error, "message": document.get("error_description", "")}
        if not isinstance(error, dict):
            error = {"message": " ".join(body.split())[:300] or "no explanation"}
        return cls(what, status, error)


def _entries(error: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Each error as (code, text), from the outermost in: the details hold the reason, the message only a title."""
    code = str(error.get("code") or "")
    target = error.get("target")
    message = " ".join(str(error.get("message") or "").split())
    title = f"{code} at {target}" if target else code
    yield code, ": ".join(filter(None, (title, message))) or "no explanation"
    for detail in (*(error.get("details") or ()), error.get("innererror")):  # the latter of queries
        if isinstance(detail, dict):
            yield from _entries(detail)
