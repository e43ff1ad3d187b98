"""Read the beginnings and the ends of files, with the rights of whoever runs this.

A program of its own: the archive starts it as the user whose files they are, so that the kernel says what that user may
read. It is started for each job, so it imports little, and nothing of this package. It reads its request from standard
input, ``HEAD NUL TAIL NUL PATH NUL PATH NUL ...``, and answers each path with HEADER, the head and the tail. Its
argument is after how many seconds it ends: the archive has no right to kill a process of another user.
"""

from __future__ import annotations

import os
import signal
import stat
import struct
import sys
from collections.abc import Iterator
from typing import BinaryIO

# What became of it; the size of the file; the bytes of its head and of its tail that follow.
HEADER = struct.Struct(">BQQQ")
READ, MISSING, DENIED, IRREGULAR, FAILED = range(5)

Part = tuple[int, int, bytes, bytes]


def read(path: bytes, head: int, tail: int) -> Part:
    """Return outcome, size, and the first ``head`` and the last ``tail`` bytes: all in the head where it is no longer.

    Only regular files are read. O_PATH opens nothing yet: a FIFO does not wait and a device notices nothing.
    """
    found = -1
    try:
        found = os.open(path, os.O_PATH | os.O_CLOEXEC)
        status = os.fstat(found)
        if not stat.S_ISREG(status.st_mode) or status.st_dev in _pseudo_file_systems():
            return IRREGULAR, 0, b"", b""
        # The very file that was looked at, whatever its name means by now.
        descriptor = os.open(f"/proc/self/fd/{found}", os.O_RDONLY | os.O_CLOEXEC)
        try:
            size = status.st_size
            if size <= head + tail:
                return READ, size, _read(descriptor, 0, size), b""
            return READ, size, _read(descriptor, 0, head), _read(descriptor, size - tail, tail)
        finally:
            os.close(descriptor)
    except (FileNotFoundError, NotADirectoryError):
        return MISSING, 0, b"", b""
    except PermissionError:
        return DENIED, 0, b"", b""
    except OSError:
        return FAILED, 0, b"", b""
    finally:
        if found >= 0:
            os.close(found)


def _read(descriptor: int, offset: int, length: int) -> bytes:
    """Return the bytes from the offset on: fewer where the file has become shorter."""
    parts = []
    while length > 0 and (part := os.pread(descriptor, min(length, 1 << 20), offset)):
        parts.append(part)
        offset += len(part)
        length -= len(part)
    return b"".join(parts)


def _pseudo_file_systems() -> Iterator[int]:
    # Their files look regular, and /proc/self would be this program itself.
    for path in ("/proc", "/sys"):
        try:
            yield os.stat(path).st_dev  # noqa: PTH116 (pathlib takes longer to import than all else here)
        except OSError:
            continue


def main(request: BinaryIO, answer: BinaryIO) -> None:
    """Answer one request."""
    head, tail, *paths = request.read().split(b"\0")[:-1]
    for path in paths:
        outcome, size, first, last = read(path, int(head), int(tail))
        answer.write(HEADER.pack(outcome, size, len(first), len(last)) + first + last)


if __name__ == "__main__":
    signal.setitimer(signal.ITIMER_REAL, float(sys.argv[1]))
    main(sys.stdin.buffer, sys.stdout.buffer)
