"""What the archive may do beyond other users, start a reader as somebody else, is not for the reader to inherit."""

from __future__ import annotations

import ctypes

# <linux/prctl.h>
_PR_CAP_AMBIENT, _PR_CAP_AMBIENT_CLEAR_ALL = 47, 4


def keep_to_oneself() -> None:
    """Give up the ambient capabilities: this process keeps its own, and programs that it starts have none.

    systemd hands capabilities to a service as ambient ones. A reader that kept CAP_SETUID would be a user's process
    that can become any other.
    """
    # Without ambient capabilities, or on a kernel before 4.3 that has none, there is nothing to give up.
    ctypes.CDLL(None).prctl(_PR_CAP_AMBIENT, _PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0)
