"""The certificate that the service shows, renewed without a restart, and those that it wants to see of its clients."""

from __future__ import annotations

import logging
import ssl
import stat
from pathlib import Path

from ...settings_file import SettingsFileError
from ...web.config import Stamp, stamp

log = logging.getLogger(__name__)

# Up to TLS 1.2; those of TLS 1.3 are all good, and cannot be chosen.
CIPHERS = "ECDHE+AESGCM:ECDHE+CHACHA20"


class Certificate:
    """TLS 1.2 or 1.3 with a certificate of two files, which :meth:`renew` reads again when they changed."""

    def __init__(self, certificate: Path, key: Path, client_ca: Path | None = None) -> None:
        """Read the files. With ``client_ca`` a client has to show a certificate of that authority.

        Raises SettingsFileError.
        """
        self._certificate = certificate
        self._key = key
        self._stamps = self._now()
        self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.context.minimum_version = ssl.TLSVersion.TLSv1_2
        self.context.options |= ssl.OP_CIPHER_SERVER_PREFERENCE | ssl.OP_NO_RENEGOTIATION
        self.context.set_ciphers(CIPHERS)
        self.context.set_alpn_protocols(["http/1.1"])
        self._load(self.context)
        if client_ca is not None:
            self._require_clients_of(client_ca)

    def renew(self) -> None:
        """Show the certificate that is in the files now. Raises SettingsFileError, and shows the old one on."""
        stamps = self._now()
        if stamps == self._stamps:
            return
        self._load(ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER))  # a key that does not fit would spoil the one in use
        self._load(self.context)
        self._stamps = stamps
        log.info("%s was read again", self._certificate)

    def _now(self) -> tuple[Stamp, Stamp]:
        return stamp(self._certificate), stamp(self._key)

    def _load(self, context: ssl.SSLContext) -> None:
        try:
            if self._key.stat().st_mode & stat.S_IRWXO:
                raise SettingsFileError(f"{self._key}: everybody may read this key; chmod o= {self._key}")
            # Without a password an encrypted key would be asked for on the terminal.
            context.load_cert_chain(self._certificate, self._key, password="")
        except ssl.SSLError as error:
            reason = (error.reason or "").replace("_", " ").lower() or "they are not in the format PEM"
            raise SettingsFileError(f"{self._certificate} and {self._key} cannot be used: {reason}") from error
        except OSError as error:
            raise SettingsFileError(
                f"{self._certificate} and {self._key} cannot be read: {error.strerror or error}"
            ) from error

    def _require_clients_of(self, authority: Path) -> None:
        try:
            self.context.load_verify_locations(authority)
        except OSError as error:  # ssl.SSLError is one
            raise SettingsFileError(f"{authority} holds no certificate that can be read: {error}") from error
        self.context.verify_mode = ssl.CERT_REQUIRED
