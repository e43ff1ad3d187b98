# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Builds a wheel of a pure Python project with nothing but the standard library.

A build backend would have to be downloaded on the control node or on every host. A wheel is a zip file with a few
lines of metadata; built here, the same source gives the same bytes everywhere, so that the digest names a release.
"""

from __future__ import annotations

import base64
import hashlib
import io
import os
import re
import zipfile

try:
    import tomllib
except ImportError:  # Python 3.10
    tomllib = None

EPOCH = (1980, 1, 1, 0, 0, 0)  # the earliest time a zip file can hold
WHEEL = b"Wheel-Version: 1.0\nGenerator: slurm.observability\nRoot-Is-Purelib: true\nTag: py3-none-any\n"


class WheelError(Exception):
    """The project cannot be built; the text is one sentence for a person."""


def read_project(project_dir):
    """Returns the [project] table of a pyproject.toml.

    :param project_dir: folder of the project.
    :raises WheelError: when it is missing, broken or lacks a name or a version.
    """
    if tomllib is None:
        raise WheelError("The control node needs Python 3.11 or newer, because reading pyproject.toml does.")
    path = os.path.join(project_dir, "pyproject.toml")
    try:
        with open(path, "rb") as stream:
            project = tomllib.load(stream).get("project", {})
    except (OSError, tomllib.TOMLDecodeError) as error:
        raise WheelError(f"The project file {path} cannot be read: {error}.") from error
    missing = [key for key in ("name", "version") if not project.get(key)]
    if missing:
        raise WheelError(f"The project file {path} has no {' and no '.join(missing)} under [project].")
    return project


def build_wheel(project_dir):
    """Builds the wheel of a project whose packages lie under src/.

    :param project_dir: folder with pyproject.toml and src/.
    :returns: (file name, content) of the wheel; the content is the same for the same source.
    :raises WheelError: when the project cannot be read or holds no package.
    """
    project = read_project(project_dir)
    distribution = re.sub(r"[-_.]+", "_", project["name"]).lower()
    info = f"{distribution}-{project['version']}.dist-info"

    files = dict(_sources(os.path.join(project_dir, "src")))
    if not files:
        raise WheelError(f"There is no Python package under {project_dir}/src.")
    files[info + "/METADATA"] = _metadata(project)
    files[info + "/WHEEL"] = WHEEL
    if project.get("scripts"):
        files[info + "/entry_points.txt"] = _entry_points(project["scripts"])
    files[info + "/RECORD"] = _record(files, info + "/RECORD")

    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            entry = zipfile.ZipInfo(name, EPOCH)
            entry.external_attr = 0o644 << 16
            archive.writestr(entry, content, zipfile.ZIP_DEFLATED)
    return f"{distribution}-{project['version']}-py3-none-any.whl", buffer.getvalue()


def _sources(src):
    """Yields (name in the wheel, content) of every file under src in a stable order, without Python's leftovers."""
    for folder, folders, names in os.walk(src):
        folders[:] = sorted(f for f in folders if f != "__pycache__" and not f.endswith(".egg-info"))
        for name in sorted(names):
            if not name.endswith(".pyc"):
                path = os.path.join(folder, name)
                with open(path, "rb") as stream:
                    yield os.path.relpath(path, src).replace(os.sep, "/"), stream.read()


def _metadata(project):
    lines = ["Metadata-Version: 2.1", "Name: " + project["name"], "Version: " + project["version"]]
    if "description" in project:
        lines.append("Summary: " + project["description"])
    if "requires-python" in project:
        lines.append("Requires-Python: " + project["requires-python"])
    lines += ["Requires-Dist: " + requirement for requirement in project.get("dependencies", [])]
    for extra, requirements in project.get("optional-dependencies", {}).items():
        lines.append("Provides-Extra: " + extra)
        lines += ["Requires-Dist: " + _for_extra(requirement, extra) for requirement in requirements]
    return "\n".join(lines + [""]).encode()


def _for_extra(requirement, extra):
    """Adds the extra to the requirement's own marker."""
    requirement, _semicolon, marker = (part.strip() for part in requirement.partition(";"))
    condition = f'extra == "{extra}"'
    return f"{requirement} ; ({marker}) and {condition}" if marker else f"{requirement} ; {condition}"


def _entry_points(scripts):
    lines = ["[console_scripts]"] + [f"{name} = {target}" for name, target in sorted(scripts.items())]
    return "\n".join(lines + [""]).encode()


def _record(files, record_name):
    rows = []
    for name, content in files.items():
        digest = base64.urlsafe_b64encode(hashlib.sha256(content).digest()).rstrip(b"=").decode()
        rows.append(f"{name},sha256={digest},{len(content)}")
    return "\n".join(rows + [record_name + ",,", ""]).encode()
