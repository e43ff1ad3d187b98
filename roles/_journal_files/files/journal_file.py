"""Keeps entries of the systemd journal in a text file, for programs that read files.

    python3 journal_file.py FILE STATE MAX_BYTES MATCH...

FILE gets a line for each line of a message, with its date: 2025-09-08T21:11:35.869000+00:00 node1 kernel: text. Beyond
MAX_BYTES it is renamed to FILE.1 and begun anew, so that whoever has it open reads it to its end. MATCH is what
journalctl takes, such as _TRANSPORT=kernel.

STATE holds the cursor of the last entry whose place in FILE is certain. A program that was killed may have written more
than that; the same entries make the same text, so the next one sees what is there already, and nothing is lost or
doubled. Python 3.6 and its standard library are enough.
"""

import datetime
import json
import os
import subprocess
import sys
from pathlib import Path

FIELDS = "MESSAGE,SYSLOG_IDENTIFIER,_COMM,SYSLOG_PID,_PID,_HOSTNAME,_SOURCE_REALTIME_TIMESTAMP"
CHUNK_BYTES = 1 << 16


def text_of(value):
    """A field of journalctl's JSON as text: bytes that are no UTF-8 come as numbers, several values as a list."""
    if isinstance(value, list):
        if not all(isinstance(item, int) for item in value):
            return text_of(value[0])
        return bytes(value).decode(errors="replace")
    return value or ""


def render(entry):
    """The lines of an entry."""
    field = {name: text_of(value) for name, value in entry.items()}
    microseconds = int(field.get("_SOURCE_REALTIME_TIMESTAMP") or field["__REALTIME_TIMESTAMP"])
    moment = datetime.datetime(1970, 1, 1, tzinfo=datetime.timezone.utc) + datetime.timedelta(microseconds=microseconds)
    number = field.get("SYSLOG_PID") or field.get("_PID")
    who = (field.get("SYSLOG_IDENTIFIER") or field.get("_COMM") or "unknown") + (f"[{number}]" if number else "")
    prefix = f"{moment.isoformat(timespec='microseconds')} {field.get('_HOSTNAME') or '-'} {who}: "
    message = field.get("MESSAGE", "").rstrip("\n")
    return "".join(f"{prefix}{line}\n" for line in message.split("\n")).encode()


class JournalFile:
    """The text file, and how far the journal is in it."""

    def __init__(self, path, state, max_bytes):
        self.path, self.state, self.max_bytes = path, state, max_bytes
        kept = json.loads(state.read_text()) if state.exists() else {"cursor": "", "inode": 0, "size": 0}
        self.cursor = kept["cursor"]
        self.file = path.open("ab")
        begin = kept["size"] if os.fstat(self.file.fileno()).st_ino == kept["inode"] else 0
        # What was written after the cursor was kept, if anything was kept.
        self.ahead = b""
        if state.exists():
            with path.open("rb") as written:
                written.seek(begin)
                self.ahead = written.read()
        else:
            self.keep(self.cursor)

    def take(self, entries):
        """Write entries that follow the cursor."""
        for entry in entries:
            self.write(render(entry))
        self.file.flush()
        os.fsync(self.file.fileno())
        cursor = entries[-1]["__CURSOR"]
        if self.ahead:
            return  # the file is further on than this: what it holds is still to be compared with
        self.keep(cursor)
        if self.file.tell() >= self.max_bytes:
            self.file.close()
            self.path.rename(f"{self.path}.1")
            self.file = self.path.open("ab")
            self.keep(cursor)

    def write(self, text):
        """Write what is not in the file yet."""
        if self.ahead.startswith(text):
            self.ahead = self.ahead[len(text) :]
            return
        # What was torn is completed; behind anything else that is no whole line, a line begins.
        if text.startswith(self.ahead):
            text = text[len(self.ahead) :]
        elif not self.ahead.endswith(b"\n"):
            text = b"\n" + text
        self.ahead = b""
        self.file.write(text)

    def keep(self, cursor):
        """Keep the cursor, and how much of the file belongs to it."""
        self.cursor = cursor
        now = os.fstat(self.file.fileno())
        scratch = self.state.with_suffix(".new")
        scratch.write_text(json.dumps({"cursor": cursor, "inode": now.st_ino, "size": now.st_size}))
        scratch.replace(self.state)


def follow(cursor, matches):
    """The entries behind a cursor, or of this boot, as lists of those that have come; never ends by itself."""
    begin = ["--after-cursor", cursor] if cursor else ["--boot"]
    options = ["--quiet", "--follow", "--no-tail", "--all", "--output=json", f"--output-fields={FIELDS}"]
    command = ["journalctl", *options, *begin, "--", *matches]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as journal:
        rest = b""
        while True:
            data = os.read(journal.stdout.fileno(), CHUNK_BYTES)
            if not data:
                break
            *lines, rest = (rest + data).split(b"\n")
            if lines:
                yield [json.loads(line.decode()) for line in lines]
    sys.exit(f"journalctl ended with {journal.returncode}")


def main(path, state, max_bytes, *matches):
    """Follow the journal until it ends."""
    file = JournalFile(Path(path), Path(state), int(max_bytes))
    for entries in follow(file.cursor, matches):
        file.take(entries)


if __name__ == "__main__":
    if len(sys.argv) < 5:
        sys.exit(__doc__)
    main(*sys.argv[1:])
