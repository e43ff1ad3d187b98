"""Keeps a supplied fluent-bit in the place of the Azure Monitor Agent's own, where that cannot run.

    python3 keep_fluent_bit.py ask|replace|restore [OPTION...]

The agent's fluent-bit may be built for pages of 4 KiB. On aarch64 with pages of 64 KiB it then ends at its start
("Unsupported system page size"), and no text log is collected. Only such a machine is touched, and only when the binary
that the agent shipped has been run and did so. The supplied one is run in the same way before it is used.

"ask" changes nothing and says what "replace" would do. "replace" keeps the shipped binary beside its place, with the
agent's version in its name, and renames the supplied one over it. An upgrade of the agent brings a binary of its own:
run again after it, "replace" decides anew. "restore" puts back what the agent's present version shipped, nothing older.

Prints a JSON object: "verdict", "message", "changed". Python 3.6 and its standard library are enough.
"""

import argparse
import contextlib
import fcntl
import hashlib
import json
import os
import re
import resource
import shutil
import struct
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ARCHITECTURE, PAGE_SIZE = "aarch64", 65536
PACKAGE = "azuremonitoragent"
BINARY = Path("/opt/microsoft/azuremonitoragent/bin/fluent-bit")
# The launcher starts fluent-bit, which connects to the agent.
SERVICES = ("azuremonitoragent.service", "azuremonitor-agentlauncher.service")
WRONG_PAGE_SIZE = "Unsupported system page size"
# A build without the plugins that it is tried with has come as far as it is tried for.
UNKNOWN_PLUGIN = "tried to instance a plugin name"
DUMMY = ("-i", "dummy", "-p", "samples=1", "-o", "null", "-f", "1")
PACKAGE_LOCKS = tuple(map(Path, ("/var/lib/dpkg/lock", "/var/lib/rpm/.rpm.lock", "/usr/lib/sysimage/rpm/.rpm.lock")))
FLOCK = "hhqqi"  # struct flock: type, whence, start, length, process
# What an upgrade may take, while which the binary comes and goes.
UPGRADE_SECONDS = 600


class Refusal(Exception):
    """What has to be mended by hand; the text says how."""


class Moved(Exception):
    """Somebody else is changing the binary."""


def output_of(*command):
    """What a command prints, or nothing where it fails or is not there."""
    if not shutil.which(command[0]):
        return ""
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, check=False)
    return done.stdout.decode().strip() if done.returncode == 0 else ""


def agent_version():
    """The version of the agent's package, or nothing while it is not installed whole."""
    known = output_of("dpkg-query", "-W", "-f", "${Status}/${Version}", PACKAGE)
    if known.startswith("install ok installed/"):
        return known.partition("/")[2]
    return output_of("rpm", "-q", "--queryformat", "%{VERSION}", PACKAGE)


def packages_are_changing():
    """Whether dpkg or rpm is at work, by their locks."""
    for lock in PACKAGE_LOCKS:
        if lock.exists():
            with lock.open("rb") as file:
                wanted = struct.pack(FLOCK, fcntl.F_WRLCK, os.SEEK_SET, 0, 0, 0)
                if struct.unpack(FLOCK, fcntl.fcntl(file, fcntl.F_GETLK, wanted))[0] != fcntl.F_UNLCK:
                    return True
    return False


def numbers(version):
    """The first three numbers of a version, to compare by."""
    return [int(number) for number in re.findall(r"\d+", version)[:3]]


def digest(path):
    """The SHA-256 of a file."""
    sha = hashlib.sha256()
    with path.open("rb") as file:
        for block in iter(lambda: file.read(1 << 20), b""):
            sha.update(block)
    return sha.hexdigest()


def mark(path):
    """What changes when a file is replaced or written to; None when it is not there."""
    try:
        found = path.stat()
    except FileNotFoundError:
        return None
    return found.st_ino, found.st_size, found.st_mtime_ns


def run(command, seconds):
    """Run a command for so long at most; return how it ended by itself (None: it did not) and what it said."""
    with tempfile.TemporaryDirectory() as home, tempfile.TemporaryFile() as said:
        process = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=said,
            stderr=subprocess.STDOUT,
            cwd=home,
            preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_CORE, (0, 0)),  # no threads here
        )
        try:
            code = process.wait(seconds)
        except subprocess.TimeoutExpired:
            code = None
            process.terminate()
            try:
                process.wait(10)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
        said.seek(0)
        return code, " ".join(said.read().decode(errors="replace").split())


def probe(binary, seconds):
    """Run a fluent-bit; return why it does not work (nothing: it does), and whether that is for the size of pages."""
    try:
        for arguments, limit in (("--version",), 30), (DUMMY, seconds):
            code, said = run([str(binary), *arguments], limit)
            told = f"{binary} {' '.join(arguments)}: {said[-300:] or 'it said nothing'}"
            # What was built for other pages says so, or dies of it.
            if WRONG_PAGE_SIZE in said or (code or 0) < 0:
                return f"{told} (ended with {code})", True
            if UNKNOWN_PLUGIN in said:
                return "", False
            if code or (code is None and arguments is not DUMMY):
                return f"{told} (ended with {code})", False
    except OSError as error:
        return f"{binary}: {error.strerror}", False
    return "", False


class Keeper:
    """The agent's fluent-bit on this machine, and what is to be in its place."""

    def __init__(self, options):
        self.options = options
        self.supplied = options.supplied
        self.record = options.supplied.parent / "record.json"
        self.seen = None

    def recorded(self):
        """The checksums of what was put in place, and whether the services still have to take notice."""
        return json.loads(self.record.read_text()) if self.record.exists() else {"placed": [], "restart_due": False}

    def write_record(self, **changes):
        """Change the record."""
        scratch = self.record.with_suffix(".new")
        scratch.write_text(json.dumps({**self.recorded(), **changes}))
        scratch.replace(self.record)

    def is_ours(self):
        """Whether what is in the agent's place is none of the agent's."""
        return BINARY.exists() and digest(BINARY) in self.recorded()["placed"]

    def shipped_copy(self, version):
        """Where the binary is kept that a version of the agent shipped."""
        return BINARY.with_name(f"fluent-bit.shipped-{re.sub('[^0-9A-Za-z.+~-]', '_', version)}")

    def other_copies(self, *but):
        """The copies of versions that are gone."""
        return sorted(set(BINARY.parent.glob("fluent-bit.shipped-*")) - set(but))

    def judge(self):
        """What is to be done, as a verdict and its reason. Changes nothing. Raises Refusal."""
        architecture, page_size = output_of("uname", "-m"), int(output_of("getconf", "PAGESIZE"))
        machine = f"{architecture} with pages of {page_size} bytes"
        if (architecture, page_size) != (ARCHITECTURE, PAGE_SIZE):
            return "other_machine", f"this machine is {machine}: the agent's fluent-bit is left alone"
        version = agent_version()
        if not version or not BINARY.exists():
            return "no_agent", "the Azure Monitor Agent is not installed (yet)"
        minimum = self.options.minimum_version
        if numbers(version) < numbers(minimum):
            raise Refusal(
                f"the Azure Monitor Agent is {version}; on aarch64 it collects text logs from {minimum} on, whatever "
                "fluent-bit it has: upgrade its extension first"
            )
        if self.is_ours():
            if not self.supplied.exists() or digest(self.supplied) == digest(BINARY):
                return "replaced", f"the supplied fluent-bit is in the place of that of the agent {version}"
            return "replace", "another fluent-bit is supplied than the one in place"
        reason, of_pages = probe(BINARY, self.options.probe_seconds)
        if not reason:
            return "works", f"the fluent-bit of the agent {version} works on {machine}: it is left alone"
        if not of_pages:
            raise Refusal(f"the agent's fluent-bit fails, but not for the size of pages: {reason}")
        return "replace", reason

    def ask(self):
        """What replace would do."""
        verdict, message = self.judge()
        return verdict, message, False

    def replace(self):
        """Put the supplied binary in the agent's place where it has to be. Waits while the agent is being upgraded."""
        end, changed = time.monotonic() + UPGRADE_SECONDS, False
        with self.alone():
            while time.monotonic() < end:
                try:
                    verdict, message, changed_now = self.replace_now()
                except Moved:
                    continue
                changed = changed or changed_now
                # The path unit does not tell about what happens while its service runs.
                if mark(BINARY) == self.seen:
                    return verdict, message, changed
        raise Refusal(f"{BINARY} does not come to rest")

    @contextlib.contextmanager
    def alone(self):
        """One process at a time: a run of the role makes the path unit start another."""
        directory = os.open(str(self.record.parent), os.O_RDONLY)
        try:
            fcntl.flock(directory, fcntl.LOCK_EX)
            yield
        finally:
            os.close(directory)

    def replace_now(self):
        """Do it, unless somebody else is at it. Raises Moved."""
        if packages_are_changing():
            time.sleep(1)
            raise Moved
        before, version = mark(BINARY), agent_version()
        if before and not self.is_ours():
            time.sleep(self.options.settle_seconds)
        verdict, message = self.judge()
        if (mark(BINARY), agent_version()) != (before, version):
            raise Moved
        self.seen = before
        changed = False
        if verdict == "replace":
            self.place(before, version)
            changed = True
        elif verdict in ("replaced", "works") and self.recorded()["restart_due"]:
            self.restart()
            changed = True
        if verdict in ("replace", "replaced", "works"):
            for copy in self.other_copies(self.shipped_copy(version)):
                copy.unlink()
                changed = True
        return verdict, message, changed

    def place(self, before, version):
        """Rename the supplied binary over the agent's, whose copy is kept. Raises Moved and Refusal."""
        if not self.supplied.exists():
            raise Refusal(f"there is no {self.supplied}; run the role again with a fluent-bit built for this machine")
        reason = probe(self.supplied, self.options.probe_seconds)[0]
        if reason:
            raise Refusal(f"the supplied fluent-bit does not work on this machine: {reason}")
        copy, scratch = self.shipped_copy(version), BINARY.with_name(".fluent-bit.new")
        look = BINARY.stat()
        shutil.copyfile(str(self.supplied), str(scratch))
        os.chown(str(scratch), look.st_uid, look.st_gid)
        scratch.chmod(look.st_mode & 0o777)
        with scratch.open("rb") as file:
            os.fsync(file.fileno())
        ours = self.is_ours()
        self.write_record(placed=sorted({*self.recorded()["placed"], digest(self.supplied)}), restart_due=True)
        if not ours:
            # A second name of the same file, for the first one is given away below.
            twin = BINARY.with_name(".fluent-bit.shipped")
            if twin.exists():
                twin.unlink()
            os.link(str(BINARY), str(twin))
            twin.replace(copy)
        if mark(BINARY) != before:
            scratch.unlink()
            raise Moved
        scratch.replace(BINARY)
        self.seen = mark(BINARY)
        self.restart()

    def restart(self):
        """Let the services that run have what is in place. One that was stopped stays so."""
        running = [name for name in SERVICES if output_of("systemctl", "is-active", name)]
        if running:
            command = ["systemctl", "restart", *running]
            done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False)
            if done.returncode:
                raise Refusal(f"the agent's services did not restart: {' '.join(done.stdout.decode().split())}")
        self.write_record(restart_due=False)

    def restore(self):
        """Put back what the agent shipped, and forget about it."""
        with self.alone():
            return self.restore_now()

    def restore_now(self):
        """Do it."""
        version, changed = agent_version(), False
        if self.is_ours():
            copy = self.shipped_copy(version)
            if not version or not copy.exists():
                raise Refusal(
                    f"there is no copy of what the agent {version} shipped, and an older one is not put back; "
                    "reinstall the agent's extension, then run this again"
                )
            self.write_record(restart_due=True)
            copy.replace(BINARY)
            changed = True
        if self.recorded()["restart_due"]:
            self.restart()
        for copy in self.other_copies():
            copy.unlink()
            changed = True
        return "restored", "what the agent shipped is in its place", changed


def main():
    """Do what is asked; print what came of it."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("action", choices=["ask", "replace", "restore"])
    parser.add_argument("--supplied", type=Path, required=True, help="the fluent-bit to use")
    parser.add_argument("--minimum-version", default="1.36.1", help="of the agent")
    parser.add_argument("--probe-seconds", type=float, default=3, help="how long a fluent-bit has to run")
    parser.add_argument("--settle-seconds", type=float, default=3, help="how long the agent's has to stay as it is")
    options = parser.parse_args()
    try:
        verdict, message, changed = getattr(Keeper(options), options.action)()
    except Refusal as refusal:
        print(json.dumps({"verdict": "refused", "message": str(refusal), "changed": False}))
        return 1
    print(json.dumps({"verdict": verdict, "message": message, "changed": changed}))
    return 0


if __name__ == "__main__":
    sys.exit(main())
