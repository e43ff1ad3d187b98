#!/usr/bin/python
# -*- coding: utf-8 -*-
# Copyright: slurm.observability contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Install one version of a program from its release tarball."""

from __future__ import annotations

DOCUMENTATION = r"""
module: release_artifact
short_description: Install one version of a program from its release tarball
version_added: 0.1.0
author: slurm.observability contributors (@slurm-observability)
description:
  - Downloads a release tarball, compares its SHA-256 on the host itself, unpacks it into a directory of its own
    for each version, and switches the links to it.
  - C(dest) is a link to C(dest-VERSION). It and everything in O(links) is replaced by a rename, so that a program
    is at no moment missing.
  - Older versions stay on disk, see O(keep). To go back, set the older O(version) again; nothing is downloaded.
  - All files belong to root. The program's own user has no need to write to its binaries.
options:
  name:
    description: Name of the program, as the names of its directories start.
    type: str
    required: true
  version:
    description: The version to install, without a leading C(v). Required unless O(state=absent).
    type: str
  url:
    description: Where the tarball is, C(https://), C(http://) or C(file://). Required unless O(state=absent).
    type: str
  checksum:
    description: The SHA-256 that the tarball must have, 64 hexadecimal digits. Takes precedence over O(checksum_url).
    type: str
  checksum_url:
    description:
      - A list of checksums in the format of C(sha256sum), which must have a line for the tarball.
      - Used when there is no O(checksum). It proves that the tarball arrived whole, not who made it.
    type: str
  arch:
    description: The architecture that the tarball was chosen for. It is only named in messages.
    type: str
  dest:
    description: The link that leads to the installed version, C(/opt/NAME) by default.
    type: path
  links:
    description: Links to keep, from absolute path to the file inside the tarball (below its top directory).
    type: dict
    default: {}
  keep:
    description: How many versions stay on disk, the installed one included.
    type: int
    default: 2
  timeout:
    description: Seconds that the server may stay silent.
    type: int
    default: 30
  state:
    description: Whether the program is to be there. V(absent) removes its links and every version installed here.
    type: str
    choices: [present, absent]
    default: present
attributes:
  check_mode:
    description: Can run in check mode and say exactly what it would change. Nothing is downloaded then.
    support: full
  diff_mode:
    description: Shows the old and the new version, and the links.
    support: full
"""

EXAMPLES = r"""
- name: Install Prometheus
  slurm.observability.release_artifact:
    name: prometheus
    version: 3.5.3
    url: "{{ mirror }}/prometheus/prometheus/releases/download/v3.5.3/prometheus-3.5.3.linux-arm64.tar.gz"
    checksum_url: "{{ mirror }}/prometheus/prometheus/releases/download/v3.5.3/sha256sums.txt"
    arch: aarch64
    links:
      /usr/local/bin/prometheus: prometheus
      /usr/local/bin/promtool: promtool
"""

RETURN = r"""
path:
  description: The directory of the installed version.
  type: str
  returned: when O(state=present)
previous_version:
  description: The version that O(dest) led to before, empty if none.
  type: str
  returned: always
sha256:
  description: Checksum of the tarball that the installed version came from.
  type: str
  returned: when O(state=present), not in check mode when it was not downloaded yet
"""

import hashlib
import json
import os
import re
import shutil
import tarfile
import tempfile

from ansible.module_utils.basic import AnsibleModule
from ansible.module_utils.common.text.converters import to_native
from ansible.module_utils.urls import open_url

# Written into each version's directory. A directory without it is not ours to replace or remove.
RECEIPT = ".release.json"


class ArtifactError(Exception):
    """What went wrong and what to do about it, in one sentence."""


def checksum_from_list(text, filename):
    """Find a file's SHA-256 in the output of C(sha256sum); raise ArtifactError if it is not there."""
    for line in text.splitlines():
        words = line.split()
        if len(words) == 2 and words[1].lstrip("*").rpartition("/")[2] == filename:
            return normalise_checksum(words[0])
    raise ArtifactError("the list of checksums has no line for %s; set its checksum yourself" % filename)


def normalise_checksum(value):
    """Return a SHA-256 as 64 lower-case hexadecimal digits; raise ArtifactError if it is not one."""
    digest = value.strip().lower().replace("sha256:", "", 1)
    if not re.match(r"^[0-9a-f]{64}$", digest):
        raise ArtifactError("'%s' is not a SHA-256 checksum; it takes 64 hexadecimal digits" % value)
    return digest


def member_path(name):
    """Return a tar member's path below the top directory, '' for the top directory itself.

    Raise ArtifactError for a path that could leave the directory it is unpacked in.
    """
    parts = [part for part in name.split("/") if part not in ("", ".")]
    if name.startswith("/") or ".." in parts:
        raise ArtifactError("the tarball holds the unsafe path '%s'; do not use it" % name)
    return "/".join(parts[1:])


def unpack(archive, directory):
    """Unpack a tarball's files and directories, without its top directory, with plain modes and no owner of its own."""
    try:
        with tarfile.open(archive, "r:*") as tar:
            for member in tar:
                path = member_path(member.name)
                target = os.path.join(directory, path)
                if member.isdir():
                    os.makedirs(target, mode=0o755, exist_ok=True)
                elif member.isreg() and path:
                    os.makedirs(os.path.dirname(target), mode=0o755, exist_ok=True)
                    with tar.extractfile(member) as source, open(target, "wb") as sink:
                        shutil.copyfileobj(source, sink)
                    os.chmod(target, 0o755 if member.mode & 0o111 else 0o644)
                else:
                    raise ArtifactError(
                        "the tarball holds '%s', which is neither a file nor a directory in its "
                        "top directory; do not use it" % member.name
                    )
    except (tarfile.TarError, EOFError) as error:
        raise ArtifactError("the tarball cannot be read: %s" % to_native(error)) from error


def switch_link(link, target):
    """Make C(link) a symbolic link to C(target) by a rename, so that it never is missing."""
    os.makedirs(os.path.dirname(link), mode=0o755, exist_ok=True)
    scratch = "%s.%d.new" % (link, os.getpid())
    os.symlink(target, scratch)
    os.replace(scratch, link)


class ReleaseArtifact:
    """One program below its C(dest) link: what is there, and what is wanted."""

    def __init__(self, params):
        self.name = params["name"]
        self.version = params["version"] or ""
        self.url = params["url"] or ""
        self.checksum = normalise_checksum(params["checksum"]) if params["checksum"] else ""
        self.checksum_url = params["checksum_url"] or ""
        self.arch = params["arch"] or os.uname().machine
        self.dest = params["dest"] or "/opt/" + self.name
        self.keep = params["keep"]
        self.timeout = params["timeout"]
        self.path = "%s-%s" % (self.dest, self.version)
        self.links = {link: os.path.join(self.dest, inside) for link, inside in params["links"].items()}
        self.inside = sorted(params["links"].values())

    # What is there

    def link_targets(self):
        """Return where each wanted link leads now, C(dest) included; '' for what is not there.

        Raise ArtifactError if something else than a link stands in the way.
        """
        targets = {}
        for link in [self.dest] + sorted(self.links):
            if os.path.lexists(link) and not os.path.islink(link):
                raise ArtifactError("%s is there and is not a link; move it away, then run this again" % link)
            targets[link] = os.readlink(link) if os.path.islink(link) else ""
        return targets

    def receipt(self, path=None):
        """Return what is known of an installed version, an empty dict if this module did not install it whole."""
        try:
            with open(os.path.join(path or self.path, RECEIPT), encoding="utf-8") as stream:
                content = json.load(stream)
        except (OSError, ValueError):
            return {}
        return content if isinstance(content, dict) else {}

    def current_version(self):
        """Return the version that C(dest) leads to, '' if none."""
        return str(self.receipt(self.dest).get("version", ""))

    def installed_paths(self):
        """Return the directories of all versions that this module installed, the newest installation first."""
        parent, prefix = os.path.split(self.dest + "-")
        try:
            names = os.listdir(parent)
        except OSError:
            return []
        paths = [os.path.join(parent, name) for name in names if name.startswith(prefix)]
        paths = [path for path in paths if self.receipt(path).get("name") == self.name]
        return sorted(paths, key=lambda path: os.stat(os.path.join(path, RECEIPT)).st_mtime, reverse=True)

    def is_unpacked(self):
        """Tell whether the wanted version is on disk whole, from a tarball with the wanted checksum."""
        receipt = self.receipt()
        return (
            receipt.get("version") == self.version
            and self.checksum in ("", receipt.get("sha256"))
            and all(os.path.isfile(os.path.join(self.path, inside)) for inside in self.inside)
        )

    def wanted_targets(self):
        """Return where each link is to lead."""
        return dict(self.links, **{self.dest: os.path.basename(self.path)})

    # What is wanted

    def download(self, url, sink):
        """Write what is at C(url) to a binary stream and return its SHA-256."""
        digest = hashlib.sha256()
        try:
            response = open_url(url, timeout=self.timeout, http_agent="slurm.observability", follow_redirects="safe")
            for chunk in iter(lambda: response.read(1 << 20), b""):
                digest.update(chunk)
                sink.write(chunk)
        except Exception as error:  # urllib, ssl and socket each raise their own
            raise ArtifactError(
                "%s cannot be downloaded: %s; check the network, or set observability_mirror_url"
                % (url, to_native(error))
            ) from error
        return digest.hexdigest()

    def expected_checksum(self):
        """Return the SHA-256 that the tarball must have: the pinned one, else the one that the release lists."""
        if self.checksum:
            return self.checksum
        with tempfile.TemporaryFile() as sums:
            self.download(self.checksum_url, sums)
            sums.seek(0)
            return checksum_from_list(sums.read().decode("utf-8", "replace"), self.url.rpartition("/")[2])

    def unpack_version(self):
        """Download, verify and unpack the wanted version. Until all of it is on disk, nothing else is touched."""
        parent = os.path.dirname(self.dest)
        os.makedirs(parent, mode=0o755, exist_ok=True)
        expected = self.expected_checksum()
        workdir = tempfile.mkdtemp(prefix=".%s-" % self.name, dir=parent)
        try:
            archive = os.path.join(workdir, "archive")
            with open(archive, "wb") as sink:
                actual = self.download(self.url, sink)
            if actual != expected:
                raise ArtifactError(
                    "%s (for %s) has the checksum %s, but %s was expected; nothing was installed: the file was "
                    "changed on its way, or the checksum is that of another build"
                    % (self.url, self.arch, actual, expected)
                )
            tree = os.path.join(workdir, "tree")
            os.mkdir(tree, mode=0o755)
            unpack(archive, tree)
            missing = [inside for inside in self.inside if not os.path.isfile(os.path.join(tree, inside))]
            if missing:
                raise ArtifactError("%s does not hold %s; nothing was installed" % (self.url, ", ".join(missing)))
            with open(os.path.join(tree, RECEIPT), "w", encoding="utf-8") as stream:
                json.dump({"name": self.name, "version": self.version, "sha256": actual, "url": self.url}, stream)
            if os.path.lexists(self.path):
                os.rename(self.path, os.path.join(workdir, "replaced"))
            os.rename(tree, self.path)
        finally:
            shutil.rmtree(workdir, ignore_errors=True)

    def prune(self):
        """Remove the versions beyond C(keep), the oldest first, never the wanted one."""
        older = [path for path in self.installed_paths() if path != self.path]
        spared = max(self.keep - 1, 0)
        for path in older[spared:]:
            shutil.rmtree(path)

    def remove(self, targets):
        """Remove the links and every version that this module installed."""
        for link in [link for link in targets if targets[link]]:
            os.unlink(link)
        for path in self.installed_paths():
            shutil.rmtree(path)


def describe(version, targets):
    """Return the state that a diff shows."""
    return dict({link: target for link, target in targets.items() if target}, version=version)


def ensure_present(artifact, check_mode):
    """Install the wanted version unless it is; return the module's result."""
    before = artifact.link_targets()
    wanted = artifact.wanted_targets()
    previous = artifact.current_version()
    unpack_needed = not artifact.is_unpacked()
    if os.path.lexists(artifact.path) and not artifact.receipt():
        raise ArtifactError("%s was not installed by this module; move it away, then run this again" % artifact.path)
    if not check_mode:
        if unpack_needed:
            artifact.unpack_version()
        for link in [link for link in wanted if before[link] != wanted[link]]:
            switch_link(link, wanted[link])
        artifact.prune()
    result = {
        "changed": unpack_needed or before != wanted,
        "path": artifact.path,
        "previous_version": previous,
        "diff": {"before": describe(previous, before), "after": describe(artifact.version, wanted)},
    }
    if artifact.receipt().get("sha256"):
        result["sha256"] = artifact.receipt()["sha256"]
    return result


def ensure_absent(artifact, check_mode):
    """Remove the program; return the module's result."""
    before = artifact.link_targets()
    previous = artifact.current_version()
    changed = any(before.values()) or bool(artifact.installed_paths())
    if not check_mode:
        artifact.remove(before)
    return {
        "changed": changed,
        "previous_version": previous,
        "diff": {"before": describe(previous, before), "after": {}},
    }


def main():
    """Run the module."""
    module = AnsibleModule(
        argument_spec={
            "name": {"type": "str", "required": True},
            "version": {"type": "str"},
            "url": {"type": "str"},
            "checksum": {"type": "str"},
            "checksum_url": {"type": "str"},
            "arch": {"type": "str"},
            "dest": {"type": "path"},
            "links": {"type": "dict", "default": {}},
            "keep": {"type": "int", "default": 2},
            "timeout": {"type": "int", "default": 30},
            "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
        },
        required_if=[
            ("state", "present", ["version", "url"]),
            ("state", "present", ["checksum", "checksum_url"], True),
        ],
        supports_check_mode=True,
    )
    os.umask(0o022)  # hardened hosts give root a stricter one, but every user may run what is installed
    ensure = ensure_present if module.params["state"] == "present" else ensure_absent
    try:
        result = ensure(ReleaseArtifact(module.params), module.check_mode)
    except (ArtifactError, OSError) as error:
        module.fail_json(msg="%s: %s." % (module.params["name"], to_native(error).rstrip(".")))
    module.exit_json(**result)


if __name__ == "__main__":
    main()
