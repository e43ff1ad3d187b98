"""A job's script that uses known amounts: it takes them, says in a file what they came to, and waits to be told to end.

In /tmp/JOB.used is what it used, as JSON; it ends when there is /tmp/JOB.end. In /tmp/JOB.ended are the CPU seconds
that it had used by then: to give memory back takes some, too.
"""

from __future__ import annotations

import json
import mmap
import os
import resource
import time
from pathlib import Path

# Of each of two processes, by their own clocks.
CPU_SECONDS = 80.0
MEMORY_BYTES = 1 << 30
IO_BYTES = 256 << 20
BLOCK = 1 << 20


def private(size: int) -> mmap.mmap:
    """Return memory of which nothing is there yet."""
    return mmap.mmap(-1, size, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)


def burn() -> None:
    while time.process_time() < CPU_SECONDS:
        sum(range(1000))


def burn_on_two_cpus() -> None:
    child = os.fork()
    burn()
    if child == 0:
        os._exit(0)
    os.waitpid(child, 0)


def touch(memory: mmap.mmap) -> None:
    for page in range(0, len(memory), mmap.PAGESIZE):
        memory[page] = 1


def write_and_read(path: Path) -> tuple[int, int]:
    """Write and read a file past the page cache; return the bytes of each."""
    block = private(BLOCK)
    file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_DIRECT, 0o600)
    written = sum(os.write(file, block) for _ in range(IO_BYTES // BLOCK))
    os.lseek(file, 0, os.SEEK_SET)
    read = sum(os.readv(file, [block]) for _ in range(IO_BYTES // BLOCK))
    os.close(file)
    path.unlink()
    return written, read


def cpu_seconds() -> float:
    """Return what this process and its children have used."""
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(each.ru_utime + each.ru_stime for each in used)


def main() -> None:
    stem = Path("/tmp", os.environ["SLURM_JOB_ID"])
    memory = private(MEMORY_BYTES)
    touch(memory)
    written, read = write_and_read(Path(f"/var{stem}.io"))
    burn_on_two_cpus()
    used = {
        "cpu_seconds": cpu_seconds(),
        "memory_bytes": len(memory),
        "written_bytes": written,
        "read_bytes": read,
    }
    unfinished = stem.with_suffix(".unfinished")
    unfinished.write_text(json.dumps(used))
    unfinished.rename(stem.with_suffix(".used"))
    while not stem.with_suffix(".end").exists():
        time.sleep(1)
    memory.close()
    stem.with_suffix(".ended").write_text(str(cpu_seconds()))


main()
