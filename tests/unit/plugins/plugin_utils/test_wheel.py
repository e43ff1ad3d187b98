# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A wheel that pip accepts, the same for the same source."""

from __future__ import annotations

import base64
import csv
import hashlib
import io
import os
import subprocess
import sys
import zipfile

import pytest
from ansible_collections.slurm.observability.plugins.plugin_utils.wheel import WheelError, build_wheel

PYPROJECT = """
[project]
name = "Example-Programs"
version = "1.2.3"
description = "An example."
requires-python = ">=3.10"
dependencies = []

[project.optional-dependencies]
web = ["flask>=3", "tomli ; python_version < '3.11'"]

[project.scripts]
example = "example.cli:main"
"""


@pytest.fixture
def project(tmp_path):
    package = tmp_path / "project" / "src" / "example"
    (package / "__pycache__").mkdir(parents=True)
    (package / "__pycache__" / "cli.pyc").write_bytes(b"left behind")
    (package / "__init__.py").write_text("")
    (package / "cli.py").write_text(
        "import importlib.metadata\n\n\ndef main():\n    print(importlib.metadata.version('example-programs'))\n"
    )
    (package / "query.sql").write_text("select 1")
    (tmp_path / "project" / "pyproject.toml").write_text(PYPROJECT)
    return tmp_path / "project"


def read(content):
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def test_the_same_source_gives_the_same_file(project):
    first = build_wheel(project)
    os.utime(project / "src/example/cli.py", (0, 0))
    assert build_wheel(project) == first
    assert first[0] == "example_programs-1.2.3-py3-none-any.whl"


def test_another_source_gives_another_file(project):
    first = build_wheel(project)
    (project / "src/example/query.sql").write_text("select 2")
    assert build_wheel(project)[1] != first[1]


def test_it_holds_the_package_and_nothing_that_python_left_behind(project):
    names = [name for name in read(build_wheel(project)[1]) if "dist-info" not in name]
    assert names == ["example/__init__.py", "example/cli.py", "example/query.sql"]


def test_the_record_agrees_with_the_files(project):
    files = read(build_wheel(project)[1])
    rows = list(csv.reader(io.StringIO(files["example_programs-1.2.3.dist-info/RECORD"].decode())))
    assert {row[0] for row in rows} == set(files)
    for name, digest, size in rows:
        if name.endswith("/RECORD"):
            assert (digest, size) == ("", "")
            continue
        expected = base64.urlsafe_b64encode(hashlib.sha256(files[name]).digest()).rstrip(b"=").decode()
        assert (digest, int(size)) == ("sha256=" + expected, len(files[name]))


def test_an_extra_is_added_to_the_marker_of_its_requirement(project):
    metadata = read(build_wheel(project)[1])["example_programs-1.2.3.dist-info/METADATA"].decode().splitlines()
    assert "Provides-Extra: web" in metadata
    assert 'Requires-Dist: flask>=3 ; extra == "web"' in metadata
    assert "Requires-Dist: tomli ; (python_version < '3.11') and extra == \"web\"" in metadata
    assert "Requires-Python: >=3.10" in metadata


def test_pip_installs_it_and_the_program_runs(project, tmp_path):
    name, content = build_wheel(project)
    (tmp_path / name).write_bytes(content)
    target = tmp_path / "venv"
    subprocess.run([sys.executable, "-m", "venv", str(target)], check=True)
    pip = [str(target / "bin" / "python"), "-m", "pip", "install", "--quiet", "--no-index", "--no-deps"]
    subprocess.run([*pip, str(tmp_path / name)], check=True)
    assert subprocess.check_output([str(target / "bin" / "example")], text=True) == "1.2.3\n"


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("[project\n", "cannot be read"),
        ("[project]\nversion = '1'\n", "has no name under [project]"),
        ("", "has no name and no version under [project]"),
    ],
)
def test_a_broken_project_is_refused_with_words(project, text, words):
    (project / "pyproject.toml").write_text(text)
    with pytest.raises(WheelError) as refused:
        build_wheel(project)
    assert words in str(refused.value)


def test_a_project_without_a_package_is_refused(tmp_path):
    (tmp_path / "pyproject.toml").write_text(PYPROJECT)
    with pytest.raises(WheelError, match="There is no Python package"):
        build_wheel(tmp_path)
