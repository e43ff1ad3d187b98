"""TLS: what a client gets, and what is refused."""

from __future__ import annotations

import logging
import shutil
import ssl
import warnings
from http.client import HTTPSConnection
from pathlib import Path

import pytest
from slurm_observability.service.http.tls import Certificate
from slurm_observability.settings_file import SettingsFileError

from tests.unit.programs.exporter.certificates import Authority, Pair
from tests.unit.programs.service.api.conftest import Client, empty_database, start

__all__ = ["empty_database", "start"]


@pytest.fixture
def authority(tmp_path):
    return Authority(tmp_path, "authority")


def sign(authority: Authority, name: str) -> Pair:
    pair = authority.sign(name)
    pair.key.chmod(0o600)
    return pair


def trusting(authority, pair=None):
    context = ssl.create_default_context(cafile=authority.certificate)
    context.check_hostname = False
    if pair:
        context.load_cert_chain(pair.certificate, pair.key)
    return context


def test_https(start, authority):
    pair = sign(authority, "server")
    running = start(tls_certificate=pair.certificate, tls_key=pair.key)
    client = Client(running.client.port, tls=trusting(authority))
    assert client.get("/v1/jobs").status == 200
    connection = HTTPSConnection("127.0.0.1", client.port, context=trusting(authority), timeout=60)
    connection.connect()
    assert connection.sock.version() == "TLSv1.3"
    connection.close()
    with pytest.raises(OSError):
        running.client.get("/v1/jobs")  # in plain HTTP


def test_old_versions_are_refused(start, authority):
    pair = sign(authority, "server")
    running = start(tls_certificate=pair.certificate, tls_key=pair.key)
    old = trusting(authority)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # that is the point
        old.minimum_version = ssl.TLSVersion.TLSv1
        old.maximum_version = ssl.TLSVersion.TLSv1_1
    with pytest.raises(OSError):
        Client(running.client.port, tls=old).get("/v1/jobs")


def test_clients_with_certificates_only(start, authority, tmp_path):
    pair, ours = sign(authority, "server"), sign(authority, "client")
    other = sign(Authority(tmp_path, "other"), "stranger")
    running = start(tls_certificate=pair.certificate, tls_key=pair.key, tls_client_ca=authority.certificate)
    assert Client(running.client.port, tls=trusting(authority, ours)).get("/v1/jobs").status == 200
    for wrong in (None, other):
        with pytest.raises(OSError):
            Client(running.client.port, tls=trusting(authority, wrong)).get("/v1/jobs")


def test_a_renewed_certificate_is_shown(authority, caplog):
    caplog.set_level(logging.INFO)
    pair, new = sign(authority, "server"), sign(authority, "new")
    certificate = Certificate(pair.certificate, pair.key)
    certificate.renew()
    assert not caplog.records
    shutil.copy(new.certificate, pair.certificate)
    with pytest.raises(SettingsFileError, match="key values mismatch"):
        certificate.renew()  # the key comes a moment later
    shutil.copy(new.key, pair.key)
    certificate.renew()
    assert [record.message for record in caplog.records] == [f"{pair.certificate} was read again"]


def test_what_cannot_be_used(authority, tmp_path):
    pair = sign(authority, "server")
    text = tmp_path / "text"
    text.write_text("no certificate")
    text.chmod(0o600)
    for certificate, key, reason in (
        (tmp_path / "none", pair.key, "cannot be read: No such file"),
        (pair.certificate, tmp_path / "none", "cannot be read: No such file"),
        (text, pair.key, "they are not in the format PEM|no start line|pem lib"),
        (pair.certificate, text, "they are not in the format PEM|no start line|pem lib"),
    ):
        with pytest.raises(SettingsFileError, match=reason):
            Certificate(certificate, key)
    with pytest.raises(SettingsFileError, match="holds no certificate that can be read"):
        Certificate(pair.certificate, pair.key, Path(text))
    pair.key.chmod(0o644)
    with pytest.raises(SettingsFileError, match="everybody may read this key"):
        Certificate(pair.certificate, pair.key)
