"""Read a secret from a file that others cannot read."""

from __future__ import annotations

import os
import stat
from pathlib import Path

MAX_SECRET_BYTES = 1 << 16


class SecretFileError(Exception):
    """There is no secret to be had from a file. The message is one sentence, and says nothing of the secret."""


def read_secret(path: Path) -> str:
    """Return the one line that the file holds, in ASCII. Raises SecretFileError, also when everybody may read it."""
    try:
        with path.open("rb") as file:
            if os.fstat(file.fileno()).st_mode & (stat.S_IROTH | stat.S_IWOTH):
                raise SecretFileError(f"everybody can read or write {path}: chmod o= {path}")
            text = file.read(MAX_SECRET_BYTES).decode("ascii").strip()
    except OSError as error:
        raise SecretFileError(f"{path} cannot be read: {error.strerror or error}") from error
    except UnicodeDecodeError:
        raise SecretFileError(f"{path} holds no plain text") from None
    if not text.isprintable() or not text:
        raise SecretFileError(f"{path} has to hold one line, and nothing else")
    return text
