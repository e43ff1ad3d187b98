"""The file of tokens: what is accepted, what is refused with a reason, and when it is read again."""

from __future__ import annotations

import logging
from pathlib import Path

import pytest
from slurm_observability.service import tokens
from slurm_observability.service.tokens import ADMIN, ANYBODY, READER, WRITER, Sender, Tokens, new_token, sha256
from slurm_observability.settings_file import SettingsFileError


def write(path: Path, text: str, mode: int = 0o640) -> Path:
    path.write_text(text)
    path.chmod(mode)
    return path


def test_without_a_file_everybody_may_do_everything():
    assert Tokens().sender(None) is ANYBODY
    assert ANYBODY.may_read
    assert ANYBODY.may_write


@pytest.mark.parametrize(
    ("role", "may_read", "may_write"), [(READER, True, False), (WRITER, False, True), (ADMIN, True, True)]
)
def test_a_new_token_is_let_in(tmp_path, role, may_read, may_write):
    token, line = new_token("123", role)
    other, _line = new_token("123", role)
    assert token not in line
    assert token != other
    known = Tokens(write(tmp_path / "tokens", f"tokens:\n{line}\n"))
    assert known.count == 1
    assert known.sender(f"Bearer {token}") == known.sender(f"bearer  {token} ") == Sender("123", role)
    assert (known.sender(f"Bearer {token}").may_read, known.sender(f"Bearer {token}").may_write) == (
        may_read,
        may_write,
    )
    for wrong in (None, "", token, "Bearer", f"Bearer {other}", f"Basic {token}", f"Bearer {token}x", "Bearer \udc80"):
        assert known.sender(wrong) is None


@pytest.mark.parametrize("name", ["", "a b", "a\n", "x" * 65, 'a"'])
def test_a_name_has_to_be_plain(name):
    with pytest.raises(ValueError, match="is no name for a token"):
        new_token(name, WRITER)


GOOD = sha256("a")


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("tokens: {", "this is no YAML"),
        ("[]", "this has to be a mapping"),
        ("tokens: a", "tokens has to be a list"),
        ("token: []", "token is unknown in the file of tokens; did you mean tokens?"),
        (f"tokens:\n- {{role: reader, sha256: {GOOD}}}", ":2: name is missing in tokens"),
        (f"tokens:\n- {{name: a b, role: reader, sha256: {GOOD}}}", ":2: name has to be up to 64 of the characters"),
        (f"tokens:\n- {{name: a, role: king, sha256: {GOOD}}}", ":2: role has to be one of reader, writer, admin"),
        (f"tokens:\n- {{name: a, sha256: {GOOD}}}", ":2: role is missing in tokens"),
        ("tokens:\n- {name: a, role: reader}", ":2: sha256 is missing in tokens"),
        ("tokens:\n- {name: a, role: reader, sha256: secret}", ":2: sha256 has to be 64 hexadecimal digits"),
        (f"tokens:\n- {{name: a, role: reader, sha256: {GOOD}, token: x}}", "token is unknown in tokens"),
        (f"tokens:\n- &a {{name: a, role: reader, sha256: {GOOD}}}\n- *a", "this token is given twice"),
    ],
)
def test_faults_are_named(tmp_path, text, reason):
    with pytest.raises(SettingsFileError) as raised:
        Tokens(write(tmp_path / "tokens", text))
    assert reason in str(raised.value)


def test_a_file_that_others_may_write_to(tmp_path):
    with pytest.raises(SettingsFileError, match="others may write to this file"):
        Tokens(write(tmp_path / "tokens", "tokens: []", 0o666))


def test_a_file_that_is_not_there(tmp_path):
    with pytest.raises(SettingsFileError, match="cannot be read: No such file or directory"):
        Tokens(tmp_path / "tokens")


def test_a_changed_file_is_read_again(tmp_path, monkeypatch, caplog):
    monkeypatch.setattr(tokens, "CHECK_SECONDS", 0.0)
    caplog.set_level(logging.INFO)
    first, first_line = new_token("first", READER)
    second, second_line = new_token("second", READER)
    path = write(tmp_path / "tokens", f"tokens:\n{first_line}\n")
    known = Tokens(path)
    assert known.sender(f"Bearer {second}") is None

    write(path, "tokens: [", 0o640)
    assert known.sender(f"Bearer {first}") is not None
    assert known.sender(f"Bearer {first}") is not None
    assert [record.levelname for record in caplog.records] == ["ERROR"]  # said once

    write(path, f"tokens:\n{second_line}\n")
    assert known.sender(f"Bearer {first}") is None
    assert known.sender(f"Bearer {second}") == Sender("second", READER)
    assert caplog.records[-1].message == f"{path} was read again"

    path.unlink()
    assert known.sender(f"Bearer {second}") is not None


def test_a_file_is_not_looked_at_for_each_request(tmp_path):
    token, line = new_token("first", READER)
    path = write(tmp_path / "tokens", f"tokens:\n{line}\n")
    known = Tokens(path)
    path.unlink()
    assert known.sender(f"Bearer {token}") is not None
