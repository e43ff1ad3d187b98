"""What users, administrators and broken programs put into answers, and ways to put it there."""

from __future__ import annotations

import os

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st

# 40 examples each in the test suite; for a long run by hand: FUZZ_EXAMPLES=20000 pytest tests/unit/programs/fuzz
THOROUGH = settings(
    max_examples=int(os.environ.get("FUZZ_EXAMPLES", "40")),
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)

# Job names, comments and drain reasons that people have typed or would; numbers at the edge; other alphabets.
FRAGMENTS = [
    b"",
    b"|",
    b"||||||||",
    b"\x1f",
    b"\n",
    b"\r\n",
    b"\n\n\n",
    b"\x00",
    b"\x1b[2J",
    b'"',
    b"\\",
    b'\\"',
    b"{",
    b'"} 1\n',
    b'hpc"} 1\nslurm_jobs 999999\n# ',
    b"\xff\xfe",
    b"\xc3",
    b"\xed\xa0\x80",
    "é".encode(),
    "\u202e\u2028\u0085".encode(),
    "٣".encode(),
    "🐌".encode(),
    b"State=IDLE",
    b" State=DOWN ",
    b" Reason=",
    b"NodeName=forged ",
    b"PartitionName=forged ",
    b"RUNNING|hpc",
    b"\nRUNNING|forged\n",
    b"(null)",
    b"N/A",
    b"None",
    b"Unknown",
    b"UNLIMITED",
    b"INVALID",
    b"CANCELLED by 4294967295",
    b"nan",
    b"-inf",
    b"1e400",
    b"-1",
    b"0",
    b"00000000000000000000",
    b"4294967294",
    b"18446744073709551615",
    b"9" * 40,
    b"9" * 5000,
    b"1795167926",
    b"99:99:99",
    b"1-00:00:00",
    b"16000M",
    b"gpu:a100:4(IDX:0-3),",
    b"gres/gpu=",
    b"=",
    b",",
    b",,,,",
    b"+",
    b"*",
    b"[",
    b"n[1-4294967295]",
    b"[[[[[",
    b":",
    b"%s%n",
    b"$(reboot)",
    b"../../etc/passwd",
    b" " * 300,
    b"A" * 70_000,
]


@st.composite
def mangled(draw: st.DrawFn, answer: bytes) -> bytes:
    """Give the answer with up to four places overwritten, or pieces taken out, doubled or moved."""
    for _ in range(draw(st.integers(0, 4))):
        start = draw(st.integers(0, len(answer)))
        end = draw(st.integers(start, min(len(answer), start + 60)))
        fragment = draw(st.sampled_from(FRAGMENTS) | st.binary(max_size=20))
        match draw(st.sampled_from(["put", "line", "double", "cut", "field"])):
            case "put":
                answer = answer[:start] + fragment + answer[end:]
            case "line":
                lines = answer.split(b"\n")
                lines.insert(draw(st.integers(0, len(lines))), fragment)
                answer = b"\n".join(lines)
            case "double":
                answer = answer[:end] + answer[start:]
            case "cut":
                answer = answer[:start]
            case "field":
                answer = _with_field(draw, answer, fragment)
    return answer


def _with_field(draw: st.DrawFn, answer: bytes, fragment: bytes) -> bytes:
    """Put the fragment in the place of a whole field, whatever separates fields here."""
    separator = draw(st.sampled_from([b"|", b"\x1f", b" ", b"=", b",", b":", b"\n"]))
    fields = answer.split(separator)
    fields[draw(st.integers(0, len(fields) - 1))] = fragment
    return separator.join(fields)


def chunked(draw: st.DrawFn, answer: bytes) -> list[bytes]:
    """Return the answer in pieces, as a pipe or a socket delivers it."""
    cuts = sorted(draw(st.lists(st.integers(0, len(answer)), max_size=3)))
    return [answer[start:end] for start, end in zip([0, *cuts], [*cuts, len(answer)], strict=True)]
