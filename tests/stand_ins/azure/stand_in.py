"""One stand-in: its listeners, its certificate, and what a client needs to reach it."""

from __future__ import annotations

import ipaddress
import ssl
from pathlib import Path
from types import TracebackType

from cryptography import x509

from tests.unit.programs.exporter.certificates import Authority

from .estate import Estate
from .server import Listener
from .services import Services


class AzureStandIn:
    """A stand-in for Azure, from the beginning of a ``with`` to its end.

    ``directory`` gets the certificates. ``port`` is that of TLS; 0 is any free one. ``estate`` has what there is and
    orders faults, ``services`` the journal of requests.
    """

    def __init__(self, directory: Path, port: int = 0) -> None:
        self.estate = Estate()
        self.services = Services(self.estate)
        directory.mkdir(parents=True, exist_ok=True)
        authority = Authority(directory, "stand-in-authority")
        names = (x509.DNSName("localhost"), x509.IPAddress(ipaddress.ip_address("127.0.0.1")))
        pair = authority.sign("stand-in-for-azure", *names)
        self.ca_file = authority.certificate
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(pair.certificate, pair.key)
        self._tls = Listener(self.services, port, context)
        self._plain = Listener(self.services, 0)

    @property
    def url(self) -> str:
        """Where Resource Manager, the token endpoint, the ingestion and the queries are."""
        return self._tls.url

    @property
    def metadata_url(self) -> str:
        """Where the instance metadata service is, and the token endpoint without TLS."""
        return self._plain.url

    def environment(self) -> dict[str, str]:
        """The variables with which azure-identity and the modules of the collection come here, as the operator."""
        tenancy = self.estate.tenancy
        return {
            "AZURE_ARM_ENDPOINT": self.url,
            "AZURE_AUTHORITY_HOST": self.url,
            "AZURE_LOG_ANALYTICS_ENDPOINT": self.url,
            "AZURE_POD_IDENTITY_AUTHORITY_HOST": self.metadata_url,
            "AZURE_SUBSCRIPTION_ID": tenancy.subscription,
            "AZURE_TENANT": tenancy.tenant,
            "AZURE_CLIENT_ID": tenancy.operator.client_id,
            "AZURE_SECRET": tenancy.operator.secret,
            "ANSIBLE_AZURE_AUTH_SOURCE": "env",
            "AZURE_DISABLE_INSTANCE_DISCOVERY": "true",  # Microsoft knows no such authority
            "REQUESTS_CA_BUNDLE": str(self.ca_file),
            "SSL_CERT_FILE": str(self.ca_file),
        }

    def close(self) -> None:
        """Stop listening."""
        self._tls.close()
        self._plain.close()

    def __enter__(self) -> AzureStandIn:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()
