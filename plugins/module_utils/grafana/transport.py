# -*- coding: utf-8 -*-
# Copyright: slurm.observability contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The way to a Grafana: TLS, proxies, and no redirections. Made once for all requests of a module."""

from __future__ import annotations

import ssl
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit
from urllib.request import (
    HTTPDefaultErrorHandler,
    HTTPErrorProcessor,
    HTTPHandler,
    HTTPRedirectHandler,
    HTTPSHandler,
    OpenerDirector,
    ProxyHandler,
)

from ansible_collections.slurm.observability.plugins.module_utils.grafana.errors import DocumentError

# Who sends the requests, in the logs of the other side.
AGENT = "slurm.observability"


class _NoRedirections(HTTPRedirectHandler):
    """A redirection is an error: the credential would go with it."""

    def redirect_request(self, *request: Any) -> None:
        return None


def opener(params: Mapping[str, Any]) -> OpenerDirector:
    """What opens addresses as the options say, and no files. Raises DocumentError for a file of theirs that is none."""
    director = OpenerDirector()
    director.add_handler(ProxyHandler(None if params["use_proxy"] else {}))
    for handler in (HTTPHandler, HTTPDefaultErrorHandler, HTTPErrorProcessor, _NoRedirections):
        director.add_handler(handler())
    if urlsplit(params["grafana_url"]).scheme == "https":
        director.add_handler(HTTPSHandler(context=_context(params)))
    return director


def _context(params: Mapping[str, Any]) -> ssl.SSLContext:
    name = "ca_path"
    try:
        context = ssl.create_default_context(cafile=params["ca_path"])
        if not params["validate_certs"]:
            context.check_hostname = False
            context.verify_mode = ssl.CERT_NONE
        if params["client_cert"]:
            name = "client_cert"
            context.load_cert_chain(params["client_cert"], params["client_key"])
    except OSError as error:  # ssl's own are such, too
        raise DocumentError(f"{name} cannot be used: {error.strerror or error}") from error
    return context
