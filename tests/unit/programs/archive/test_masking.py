"""Secrets in the environment."""

from __future__ import annotations

from pathlib import Path

import pytest
from slurm_observability.archive.masking import MASK, Masks, read_masks
from slurm_observability.command_line.options import UsageError


@pytest.mark.parametrize(
    "name",
    [
        *("GITHUB_TOKEN", "my_secret_sauce", "DB_PASSWORD", "PGPASSWD", "KEY_PASSPHRASE", "MYSQL_PWD", "SMTP_PASS"),
        *("AWS_REGION", "AZURE_CLIENT_SECRET", "STORAGE_SAS", "SAS_URL", "OPENAI_API_KEY", "SSH_PRIVATE_KEY"),
        *(
            "SLURM_JWT",
            "GOOGLE_APPLICATION_CREDENTIALS",
            "HTTP_COOKIE",
            "AZURE_STORAGE_CONNECTION_STRING",
            "SENTRY_DSN",
        ),
    ],
)
def test_names_of_secrets(name: str) -> None:
    assert Masks().mask(name.encode(), b"value") == MASK


@pytest.mark.parametrize(
    "name",
    ["PATH", "PWD", "OLDPWD", "SSH_AUTH_SOCK", "KEYBOARD", "SLURM_JOB_ID", "LD_LIBRARY_PATH", "PASTA", "SASS_DIR"],
)
def test_names_of_no_secrets(name: str) -> None:
    assert Masks().mask(name.encode(), b"value") == b"value"


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (b"postgres://hpc:pa@ss@db:5432/jobs?a=b", b"postgres://hpc:" + MASK + b"@db:5432/jobs?a=b"),
        (b"redis://:pw@cache", b"redis://:" + MASK + b"@cache"),
        (b"http://proxy:3128/", b"http://proxy:3128/"),
        (b"Authorization: Bearer abcdef123456", b"Authorization: Bearer " + MASK),
        (b"x -----BEGIN RSA PRIVATE KEY-----\nabc\n-----END RSA PRIVATE KEY----- y", b"x " + MASK + b" y"),
        (b"-----BEGIN PRIVATE KEY-----\nabc", MASK),
        (b"jwt eyJhbGciOiJIUzI1NiJ9.eyJzdWIi.c2ln", b"jwt " + MASK),
        (b"ghp_0123456789abcdef0123", MASK),
        (b"AKIAIOSFODNN7EXAMPLE", MASK),
        (b"run --password=hunter2 --size=4", b"run --password=" + MASK + b" --size=4"),
        (b"https://a.blob/c?sv=1&sig=abc%3D&se=2", b"https://a.blob/c?sv=1&sig=" + MASK + b"&se=2"),
        (b"\xff\xfe plain", b"\xff\xfe plain"),
    ],
)
def test_values_that_look_like_secrets(value: bytes, shown: bytes) -> None:
    assert Masks().mask(b"SETTING", value) == shown


def test_an_empty_value_hides_nothing() -> None:
    assert Masks().mask(b"MY_TOKEN", b"") == b""


@pytest.mark.parametrize(
    "part", [b"a", b"a://", b"a://b:", b"eyJ-", b"eyJ", b"-----BEGIN A", b"bearer ", b"sk-", b"token=", b"AKIA", b"@"]
)
def test_no_value_takes_for_ever(part: bytes) -> None:
    """With a pattern that needs time in proportion to the square of the length this would not end."""
    Masks().mask(b"SETTING", part * (120_000 // len(part)))


def test_a_site_adds_patterns(tmp_path: Path) -> None:
    path = tmp_path / "masks"
    path.write_text("# ours\n\nCORP_*\n!AWS_REGION\n~corp-[0-9]+\n")
    masks = read_masks(path)

    assert masks.mask(b"Corp_Name", b"x") == MASK
    assert masks.mask(b"AWS_REGION", b"eu") == b"eu"
    assert masks.mask(b"AWS_PROFILE", b"eu") == MASK
    assert masks.mask(b"ID", b"is corp-12 there") == b"is " + MASK + b" there"


def test_a_file_that_cannot_be_used_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "masks"
    with pytest.raises(UsageError, match="cannot be read"):
        read_masks(path)
    path.write_text("~(")
    with pytest.raises(UsageError, match=r"masks: line 1: '\(' is no regular expression"):
        read_masks(path)


def test_without_a_file_there_are_the_usual_masks() -> None:
    assert read_masks(None).mask(b"A_TOKEN", b"x") == MASK
