# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
name: wheel
author: slurm.observability contributors (@slurm-observability)
short_description: Build a reproducible wheel of a pure Python project
version_added: 0.1.0
description:
  - Builds the wheel on the control node, with the standard library alone, so that no host needs a build backend.
  - The same source gives the same file, byte for byte. Its digest can stand for the source.
  - The file lives in Ansible's temporary folder of this run.
options:
  _terms:
    description: Folders of projects, each with a C(pyproject.toml) and its packages under C(src/).
    type: list
    elements: path
    required: true
"""

EXAMPLES = r"""
- name: Show what the source is
  ansible.builtin.debug:
    msg: "{{ lookup('slurm.observability.wheel', role_path ~ '/files/slurm_observability').sha256 }}"
"""

RETURN = r"""
_raw:
  description: One dictionary per project.
  type: list
  elements: dict
  contains:
    path:
      description: Where the wheel is on the control node.
      type: path
    file:
      description: Its file name.
      type: str
    version:
      description: Version of the project.
      type: str
    sha256:
      description: SHA-256 of the wheel, as hexadecimal digits.
      type: str
"""

import hashlib
import os
import tempfile

from ansible import constants
from ansible.errors import AnsibleLookupError
from ansible.plugins.lookup import LookupBase
from ansible_collections.slurm.observability.plugins.plugin_utils.wheel import WheelError, build_wheel


class LookupModule(LookupBase):
    """Runs in every worker, so a wheel is written beside its place and moved there: none reads half of one."""

    def run(self, terms, variables=None, **kwargs):
        self.set_options(var_options=variables, direct=kwargs)
        return [self._build(term) for term in terms]

    def _build(self, project_dir):
        try:
            name, content = build_wheel(project_dir)
        except WheelError as error:
            raise AnsibleLookupError(str(error)) from error
        digest = hashlib.sha256(content).hexdigest()
        folder = os.path.join(constants.DEFAULT_LOCAL_TMP, digest)
        os.makedirs(folder, exist_ok=True)
        path = os.path.join(folder, name)
        if not os.path.exists(path):
            handle, temporary = tempfile.mkstemp(dir=folder)
            with os.fdopen(handle, "wb") as stream:
                stream.write(content)
            os.replace(temporary, path)
        return {"path": path, "file": name, "version": name.split("-")[1], "sha256": digest}
