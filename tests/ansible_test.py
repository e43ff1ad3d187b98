#!/usr/bin/env python3
"""Run ``ansible-test sanity`` or ``ansible-test units`` on this clone.

ansible-test insists on a path ``.../ansible_collections/slurm/observability`` and refuses a link, so the tracked and
new files are copied to such a path first. It also wants to download pip's bootstrap script from a host of its own;
where that is out of reach, a stand-in of that script installs the same pip from the package index.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
import textwrap
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
CACHE = ROOT / ".cache" / "ansible-test"
COLLECTION = CACHE / "ansible_collections" / "slurm" / "observability"
PIP_VERSION = "24.2"  # the one that ansible-core 2.19 bootstraps
PYTHON = f"{sys.version_info.major}.{sys.version_info.minor}"
# Tests of what is no Ansible plugin run under plain pytest; links are for clones only.
NOT_FOR_ANSIBLE_TEST = (".collections/", ".ci/", "bin/", "dashboards/", "lab/", "molecule/", "terraform/", "tests/")
BUT = ("tests/unit/plugins/", "tests/sanity/", "tests/unit/requirements.txt", "tests/unit/conftest.py")


def copy_collection() -> None:
    """Copy what git knows of, and new files it doesn't ignore, to the path that ansible-test accepts."""
    listing = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        check=True,
        capture_output=True,
        text=True,
    ).stdout
    shutil.rmtree(COLLECTION, ignore_errors=True)
    for name in filter(None, listing.split("\0")):
        source = ROOT / name
        if (name.startswith(NOT_FOR_ANSIBLE_TEST) and not name.startswith(BUT)) or not source.exists():
            continue
        target = COLLECTION / name
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(source, target, follow_symlinks=False)
    # Sanity asks git for the list of files; without a repository it walks the folder, which is what we want here.
    # The cut keeps it from finding the clone's own repository above.
    subprocess.run(["git", "init", "--quiet", str(COLLECTION)], check=True)
    subprocess.run(["git", "-C", str(COLLECTION), "add", "--all", "--force"], check=True)


def provide_pip_bootstrap() -> None:
    """Write the stand-in for pip's bootstrap script, unless ansible-test already has one in its cache."""
    script = Path.home() / ".ansible" / "test" / "cache" / f"get_pip_{PIP_VERSION.replace('.', '_')}.py"
    if script.exists():
        return
    wheels = script.parent / "wheels"
    wheels.mkdir(parents=True, exist_ok=True)
    subprocess.run(
        [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--dest", str(wheels), f"pip=={PIP_VERSION}"],
        check=True,
    )
    (wheel,) = wheels.glob(f"pip-{PIP_VERSION}-*.whl")
    script.write_text(
        textwrap.dedent(f'''\
            """Stand-in for pip's bootstrap script: installs pip {PIP_VERSION} out of its wheel."""
            import sys

            sys.path.insert(0, {str(wheel)!r})
            arguments = [a for a in sys.argv[1:] if a not in ("--no-setuptools", "--no-wheel")]
            from pip._internal.cli.main import main

            sys.exit(main(["install", "--upgrade", "--force-reinstall", *arguments]))
            ''')
    )


def main() -> int:
    """Run the command named on the command line; further words are passed on to ansible-test."""
    if len(sys.argv) < 2 or sys.argv[1] not in ("sanity", "units"):
        print("usage: tests/ansible_test.py sanity|units [OPTION...]", file=sys.stderr)
        return 2
    copy_collection()
    provide_pip_bootstrap()
    command = ["ansible-test", sys.argv[1], "--venv", "--python", PYTHON, "--color", "no", *sys.argv[2:]]
    return subprocess.run(command, cwd=COLLECTION, check=False).returncode


if __name__ == "__main__":
    sys.exit(main())
