"""The web configuration: what is understood, and what is refused with file, line and reason."""

from __future__ import annotations

import ssl

import pytest
from slurm_observability.settings_file import SettingsFileError
from slurm_observability.web import config as web_config
from slurm_observability.web.config import RateLimit, WebConfig, read_web_config

from tests.unit.programs.exporter.certificates import Authority

HASH = "$2y$10$X0h1gDsPszWURQaxFh.zoubFi6DXncSjhoQNJgRrnGs7EsimhC7zG"


@pytest.fixture(scope="module")
def directory(tmp_path_factory):
    """A directory with certificates: server, client, other (of another authority)."""
    directory = tmp_path_factory.mktemp("certificates")
    authority = Authority(directory, "ca")
    authority.sign("server")
    Authority(directory, "other-ca").sign("other")
    (directory / "junk").write_text("this is no certificate\n")
    return directory


@pytest.fixture
def read(directory):
    """Read this text as a web configuration that lies beside the certificates."""

    def write_and_read(text: str | bytes) -> WebConfig:
        path = directory / "web.yml"
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        return read_web_config(path)

    return write_and_read


TLS = "tls_server_config:\n  cert_file: server.crt\n  key_file: server.key\n"


def test_an_empty_file_lets_everybody_in_over_plain_http(read):
    for text in ("", "# nothing\n", "---\n", "tls_server_config: {}\nbasic_auth_users:\n"):
        config = read(text)
        assert (config.users, config.tls, config.rate_limit, config.headers) == ({}, None, None, {})


def test_everything_that_the_format_knows(read, directory):
    config = read(
        TLS
        + "  client_auth_type: RequireAndVerifyClientCert\n"
        + "  client_ca_file: ca.crt\n"
        + "  client_allowed_sans: [prometheus.example, 10.0.0.1]\n"
        + "  min_version: TLS12\n"
        + "  max_version: TLS13\n"
        + "  cipher_suites: [TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256, TLS_AES_128_GCM_SHA256]\n"
        + "  prefer_server_cipher_suites: false\n"
        + "  curve_preferences: [CurveP384, X25519]\n"
        + "http_server_config:\n"
        + "  http2: true\n"
        + "  headers:\n"
        + "    X-Frame-Options: deny\n"
        + "    Content-Security-Policy: default-src 'none'\n"
        + f"basic_auth_users:\n  alice: {HASH}\n  42: {HASH}\n"
        + "rate_limit:\n  interval: 1m30s\n  burst: 20\n"
    )
    assert config.users == {"alice": HASH.encode(), "42": HASH.encode()}
    assert config.headers == {"X-Frame-Options": "deny", "Content-Security-Policy": "default-src 'none'"}
    assert config.rate_limit == RateLimit(90.0, 20)
    assert config.allowed_sans == {"prometheus.example", "10.0.0.1"}
    assert config.tls.verify_mode == ssl.CERT_REQUIRED
    assert not config.tls.options & ssl.OP_CIPHER_SERVER_PREFERENCE
    names = {cipher["name"] for cipher in config.tls.get_ciphers() if cipher["protocol"] != "TLSv1.3"}
    assert names == {"ECDHE-ECDSA-AES128-GCM-SHA256"}
    assert set(config.files) == {directory / name for name in ("web.yml", "server.crt", "server.key", "ca.crt")}
    assert config.notices == (
        "http2 is not offered; clients are answered in HTTP/1.1",
        "of curve_preferences only the first is offered, CurveP384",
    )


def test_without_wishes_it_is_tls_12_or_13_for_any_client(read):
    context = read(TLS).tls
    assert (context.minimum_version, context.maximum_version) == (ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3)
    assert context.verify_mode == ssl.CERT_NONE
    assert context.options & ssl.OP_CIPHER_SERVER_PREFERENCE


def test_old_versions_are_not_offered_and_that_is_said(read):
    config = read(TLS + "  min_version: TLS10\n")
    assert config.tls.minimum_version == ssl.TLSVersion.TLSv1_2
    assert config.notices == ("min_version TLS10 is not offered; the oldest is TLS12",)


def test_suites_of_tls_13_alone_leave_tls_13_alone(read):
    assert read(TLS + "  cipher_suites: [TLS_AES_256_GCM_SHA384]\n").tls.minimum_version == ssl.TLSVersion.TLSv1_3


def test_certificates_can_stand_in_the_file(read, directory):
    def block(key: str, name: str) -> str:
        return f"  {key}: |\n" + "".join(f"    {line}\n" for line in (directory / name).read_text().splitlines())

    config = read(
        "tls_server_config:\n"
        + block("cert", "server.crt")
        + block("key", "server.key")
        + block("client_ca", "ca.crt")
        + "  client_auth_type: VerifyClientCertIfGiven\n"
    )
    assert config.tls.verify_mode == ssl.CERT_OPTIONAL
    assert set(config.files) == {directory / "web.yml"}


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        (
            "tls_server_cfg: {}\n",
            "1: tls_server_cfg is unknown in the web configuration; did you mean tls_server_config?",
        ),
        ("zzz: 1\n", "1: zzz is unknown in the web configuration; known are basic_auth_users, http_server_config, "),
        (
            TLS + "  client_auth: NoClientCert\n",
            "4: client_auth is unknown in tls_server_config; did you mean client_auth_type?",
        ),
        ("http_server_config:\n  http3: true\n", "2: http3 is unknown in http_server_config; did you mean http2?"),
        ("http_server_config:\n  http2: maybe\n", "2: http2 has to be true or false"),
        ("http_server_config:\n  headers:\n    X-Other: 1\n", "3: X-Other is unknown in headers"),
        (
            "http_server_config:\n  headers:\n    X-Frame-Options: allow\n",
            "3: X-Frame-Options has to be deny or sameorigin",
        ),
        (
            'http_server_config:\n  headers:\n    X-XSS-Protection: "1\\nX: y"\n',
            "3: X-XSS-Protection has to be one line of ASCII",
        ),
        ("basic_auth_users:\n  alice: secret\n", "2: basic_auth_users takes bcrypt hashes"),
        ("basic_auth_users:\n  alice: 5\n", "2: alice has to be a string"),
        ('basic_auth_users:\n  "al\\x1b\\nice": 5\n', "2: al ice has to be a string"),
        ("basic_auth_users: [alice]\n", "1: basic_auth_users has to be a mapping"),
        (f"basic_auth_users:\n  a: {HASH}\n  a: {HASH}\n", "3: a is given twice in basic_auth_users"),
        ("rate_limit:\n  interval: soon\n", "2: interval has to be a time like 1s or 500ms"),
        ("rate_limit:\n  interval: 1s\n", "2: with a burst of 0 nobody would be answered"),
        ("rate_limit:\n  burst: 1.5\n", "2: burst has to be a whole number"),
        ("rate_limit:\n  burst: -1\n", "2: burst has to be a number from 0"),
        ("rate_limit:\n  burst: true\n", "2: burst has to be a number from 0"),
        ("tls_server_config:\n  key_file: server.key\n", "2: cert_file is missing in tls_server_config"),
        ("tls_server_config:\n  cert_file: server.crt\n", "2: key_file is missing in tls_server_config"),
        ("tls_server_config:\n  min_version: TLS12\n", "2: cert_file is missing in tls_server_config"),
        (
            "tls_server_config:\n  cert_file: none.crt\n  key_file: server.key\n",
            "2: cert_file: none.crt cannot be read: No such file",
        ),
        (
            "tls_server_config:\n  cert_file: server.crt\n  key_file: other.key\n",
            "3: certificate and key cannot be used: key values mismatch",
        ),
        ("tls_server_config:\n  cert_file: junk\n  key_file: server.key\n", "3: certificate and key cannot be used: "),
        ("tls_server_config:\n  cert_file: [a]\n", "2: cert_file has to be a single value"),
        (TLS + "  cert: x\n", "4: cert and cert_file exclude each other"),
        (TLS + "  min_version: SSL3\n", "4: min_version has to be one of TLS10, TLS11, TLS12, TLS13"),
        (TLS + "  max_version: TLS11\n", "4: max_version has to be TLS12 or TLS13"),
        (
            TLS + "  min_version: TLS13\n  max_version: TLS12\n",
            "5: max_version has to be TLS12 or TLS13, and not below",
        ),
        (TLS + "  cipher_suites: [TLS_NULL]\n", "4: cipher_suites: TLS_NULL unknown; known are TLS_ECDHE_ECDSA_WITH"),
        (TLS + "  cipher_suites: TLS_NULL\n", "4: cipher_suites has to be a list"),
        (TLS + "  cipher_suites: [[TLS_NULL]]\n", "4: cipher_suites has to be a list of strings"),
        (TLS + "  curve_preferences: [P256]\n", "4: curve_preferences: P256 unknown; known are CurveP256, "),
        (TLS + "  client_auth_type: Always\n", "4: client_auth_type has to be one of NoClientCert, "),
        (TLS + "  client_auth_type: RequireAnyClientCert\n", "4: RequireAnyClientCert accepts any certificate"),
        (
            TLS + "  client_auth_type: RequireAndVerifyClientCert\n",
            "4: RequireAndVerifyClientCert needs client_ca_file",
        ),
        (TLS + "  client_ca_file: ca.crt\n", "2: client_ca_file and client_allowed_sans need client_auth_type"),
        (TLS + "  client_allowed_sans: [a]\n", "2: client_ca_file and client_allowed_sans need client_auth_type"),
        (
            TLS + "  client_auth_type: VerifyClientCertIfGiven\n  client_ca_file: junk\n",
            "5: client_ca_file holds no certificate",
        ),
        (TLS + "  client_auth_type: !!int x\n", "4: client_auth_type cannot be read"),
        ("- a\n", "1: this has to be a mapping"),
        ("? [a]\n: b\n", "1: a key has to be a single value"),
        ("a: b: c\n", "1: this is no YAML: mapping values are not allowed here"),
        ("a: &x [*x\n", "2: this is no YAML: "),
        (b"\xff\xfe\x00\xd8", "1: this is no YAML: "),
        ("a: b\n---\nc: d\n", "2: this is no YAML: "),
        ("[" * 5000, "1: this is nested too deeply"),
    ],
)
def test_faults_have_file_line_and_reason(read, directory, text, fault):
    with pytest.raises(SettingsFileError) as raised:
        read(text)
    lines = str(raised.value).splitlines()
    assert any(line.startswith(f"{directory}/web.yml:{fault}") for line in lines), lines


def test_all_faults_are_told_at_once_and_in_order(read, directory):
    with pytest.raises(SettingsFileError) as raised:
        read("basic_auth_users:\n  alice: secret\nrate_limit:\n  interval: soon\nzzz: 1\n")
    assert [line.split(":")[1] for line in str(raised.value).splitlines()] == ["2", "4", "5"]


def test_no_secret_is_repeated(read):
    with pytest.raises(SettingsFileError) as raised:
        read("basic_auth_users:\n  alice: hunter2\ntls_server_config:\n  cert: x\n  key: hunter3\n")
    assert "hunter" not in str(raised.value)


def test_a_file_that_is_not_there(directory):
    with pytest.raises(SettingsFileError, match=r"none\.yml:1: cannot be read: No such file"):
        read_web_config(directory / "none.yml")


def test_an_openssl_that_cannot_choose_the_curve(read, monkeypatch):
    monkeypatch.setitem(web_config.CURVES, "X25519", "no-such-curve")
    with pytest.raises(SettingsFileError, match="4: curve_preferences: this host's OpenSSL cannot choose X25519"):
        read(TLS + "  curve_preferences: [X25519]\n")


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("0", 0), ("1s", 1), ("500ms", 0.5), ("1m30s", 90), ("1.5h", 5400), ("20us", 2e-5)],
)
def test_intervals_are_written_as_in_go(read, text, seconds):
    limit = read(f"rate_limit:\n  interval: {text}\n  burst: 1\n").rate_limit
    assert (limit.interval if limit else 0) == pytest.approx(seconds)
