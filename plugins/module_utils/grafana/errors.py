# -*- coding: utf-8 -*-
# Copyright: slurm.observability contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What goes wrong with Grafana, in words that say what to mend."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

# What to do about a refusal, where Grafana's own message does not say.
_WAYS_OUT = {
    401: (
        "the token or the password is not valid there, or not in the organisation of org_id: make a new token of a "
        "service account, or mend the password"
    ),
    403: "give the service account or the user this permission, or the role that has it",
    409: "somebody changes it, too, or has it already: look at it, and run this again",
    412: "somebody changes it, too, or has it already: look at it, and run this again",
}


class GrafanaError(Exception):
    """Something that Grafana, or the way to it, does not let be done. The text is for a person."""


class UnreachableError(GrafanaError):
    """No answer: the address, the network, TLS."""


class StrangeAnswerError(GrafanaError):
    """An answer that is none of Grafana's API: a page for people, a redirection."""


class DocumentError(GrafanaError):
    """What is asked for cannot be: found before anything was changed."""


def refuse(faults: Sequence[str]) -> None:
    """Raise one DocumentError for all faults, if there are any."""
    if faults:
        raise DocumentError("; ".join(faults))


class RefusedError(GrafanaError):
    """A refusal of Grafana's.

    ``status`` is the HTTP status, ``message`` what Grafana says, ``code`` its word for it, such as
    ``version-mismatch``. With ``retried``, an earlier attempt at the same got no proper answer.
    """

    def __init__(self, what: str, status: int, body: str, *, retried: bool = False) -> None:
        document = _object(body)
        self.status = status
        self.code = str(document.get("messageId") or document.get("reason") or document.get("status") or "")
        self.message = _message(document) or " ".join(body.split())[:200] or "no explanation"
        way_out = _WAYS_OUT.get(status)
        if retried and status in (409, 412):
            way_out = "an attempt before this one may have been taken on without an answer: run this again"
        super().__init__(f"{what}: {self.message} (HTTP {status})" + (f"; {way_out}" if way_out else ""))


def _object(body: str) -> Mapping[str, Any]:
    try:
        document = json.loads(body)
    except ValueError:
        return {}
    return document if isinstance(document, dict) else {}


def _message(document: Mapping[str, Any]) -> str:
    """The message, with the reason that some errors have beside it."""
    texts = (str(document.get(key) or "") for key in ("message", "error"))
    return ": ".join(dict.fromkeys(filter(None, texts)))
