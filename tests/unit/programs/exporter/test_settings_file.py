"""Whatever stands in a file of settings, it is understood or refused in sentences."""

from __future__ import annotations

import re

import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from slurm_observability.exporter.custom.schema import read_custom_metrics
from slurm_observability.settings_file import SettingsFileError
from slurm_observability.web.config import read_web_config

# Keys of both files, and values that some of them take.
METRIC_KEYS = """
    name description command command_args parse_strategy columns function labels states partitions interval timeout
    max_series type after separator
"""
SERVER_KEYS = """
    cert key cert_file key_file client_ca client_ca_file client_auth_type client_allowed_sans min_version max_version
    cipher_suites prefer_server_cipher_suites curve_preferences http2 headers X-Frame-Options interval burst
"""
WORDS = """
    site_x {state} {partition} {stat} squeue ls PARSE_COLUMNS CUSTOM COUNT_LINES EXTRACT_NUMBER os:system value - TLS13
    X25519
    RequireAndVerifyClientCert VerifyClientCertIfGiven 1s deny TLS_AES_128_GCM_SHA256 counter site_total taken
"""
SCALARS = st.sampled_from(WORDS.split()) | st.text(max_size=9) | st.integers() | st.floats() | st.booleans() | st.none()
VALUES = SCALARS | st.lists(SCALARS, max_size=4) | st.dictionaries(SCALARS, SCALARS, max_size=4)
METRICS = st.dictionaries(st.sampled_from(METRIC_KEYS.split()) | SCALARS, VALUES, max_size=9)
SERVER = st.dictionaries(st.sampled_from(SERVER_KEYS.split()) | SCALARS, VALUES, max_size=9)
FILES = st.fixed_dictionaries(
    {},
    optional={
        "metrics": st.lists(METRICS, max_size=3) | VALUES,
        "tls_server_config": SERVER | VALUES,
        "http_server_config": SERVER | VALUES,
        "rate_limit": SERVER | VALUES,
        "basic_auth_users": VALUES,
    },
)


@pytest.mark.parametrize("read", [read_web_config, lambda path: read_custom_metrics(path, {"taken"})])
@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(content=st.binary(max_size=200) | FILES.map(lambda value: yaml.safe_dump(value).encode("utf-8", "replace")))
def test_anything_is_understood_or_refused(read, tmp_path, content):
    path = tmp_path / "settings.yml"
    path.write_bytes(content)
    try:
        read(path)
    except SettingsFileError as error:
        for line in str(error).splitlines():
            assert re.fullmatch(rf"{re.escape(str(path))}:\d+: .+", line), line
            assert line.isprintable()
