"""Let the owner of a job read its files."""

from __future__ import annotations

import os
import stat
import struct
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

# How: an entry for the owner in the file's ACL; the file given to the owner; or only the archive and its group read.
ACL, CHOWN, NOBODY = "acl", "chown", "none"
CHOICES = (ACL, CHOWN, NOBODY)

# POSIX ACLs as the kernel takes them (linux/posix_acl_xattr.h): a version, then tag, permissions and id of each entry.
ATTRIBUTE = "system.posix_acl_access"
_VERSION = struct.pack("<I", 2)
_ENTRY = struct.Struct("<HHI")
_OWNER, _USER, _GROUP, _MASK, _OTHERS = 0x01, 0x02, 0x04, 0x10, 0x20
_READ, _WRITE = 4, 2
_NO_ID = 0xFFFFFFFF

_GIVEN_MODE = 0o440


def grant(how: str, descriptor: int, uid: int) -> bool:
    """Let the user read the open file; nobody but its group gets more. Return whether it was possible."""
    try:
        _GRANTS[how](descriptor, uid)
    except OSError:  # a file system without ACLs, as most NFS; or without the right to give files away
        return False
    return True


def owner(path: Path) -> int | None:
    """Return the user whom :func:`grant` let read the file, None where it is nobody."""
    with suppress(OSError):
        entries = os.getxattr(path, ATTRIBUTE)[len(_VERSION) :]
        for tag, _permissions, uid in _ENTRY.iter_unpack(entries):
            if tag == _USER:
                return int(uid)
    with suppress(OSError):
        uid = path.stat().st_uid
        return None if uid == os.geteuid() else uid
    return None


def restore(path: Path) -> None:
    """Let the archive and its group read a file again whose owner, to whom it was given, has changed its mode."""
    status = path.lstat()
    if stat.S_IMODE(status.st_mode) == _GIVEN_MODE or status.st_uid == os.geteuid():
        return
    os.chown(path, os.geteuid(), -1, follow_symlinks=False)  # only the owner may change the mode
    path.chmod(_GIVEN_MODE)
    os.chown(path, status.st_uid, -1, follow_symlinks=False)


def _by_acl(descriptor: int, uid: int) -> None:
    entries = (
        (_OWNER, _READ | _WRITE, _NO_ID),
        (_USER, _READ, uid),
        (_GROUP, _READ, _NO_ID),
        (_MASK, _READ, _NO_ID),
        (_OTHERS, 0, _NO_ID),
    )
    os.setxattr(descriptor, ATTRIBUTE, _VERSION + b"".join(_ENTRY.pack(*entry) for entry in entries))


def _by_owner(descriptor: int, uid: int) -> None:
    os.fchmod(descriptor, _GIVEN_MODE)
    os.fchown(descriptor, uid, -1)


_GRANTS: dict[str, Callable[[int, int], None]] = {
    ACL: _by_acl,
    CHOWN: _by_owner,
    NOBODY: lambda descriptor, uid: None,
}
