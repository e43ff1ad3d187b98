# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
name: log_queries
author: slurm.observability contributors (@slurm-observability)
short_description: Read queries on logs from files, to save them in a workspace
version_added: 0.1.0
description:
  - Reads every file C(NAME.kql) of a folder on the control node.
  - A file begins with comments, the title first and then what the query tells. C(let) statements with a number or a
    text behind them, one on a line, are its parameters.
options:
  _terms:
    description: Folders. The collection's own is C(files/queries) of the role C(_log_catalogue).
    type: list
    elements: path
    required: true
  category:
    description: The category of the queries in the workspace.
    type: str
    default: Slurm
  prefix:
    description: What their names begin with.
    type: str
    default: slurm_
  functions:
    description:
      - Save them as functions, whose parameters have defaults, instead of as queries that begin with their parameters.
      - A query is opened, changed and run in the portal; a function is called by other queries.
    type: bool
    default: false
"""

EXAMPLES = r"""
- name: Show the titles
  ansible.builtin.debug:
    msg: "{{ query('slurm.observability.log_queries', folder) | map(attribute='display_name') }}"
"""

RETURN = r"""
_raw:
  description: The queries of all folders, by name.
  type: list
  elements: dict
  contains:
    name:
      description: Name of the saved query.
      type: str
    category:
      description: Its category.
      type: str
    display_name:
      description: Its title.
      type: str
    query:
      description: Its text, comments included.
      type: str
    function_alias:
      description: Name of the function. Only with O(functions).
      type: str
    function_parameters:
      description: Parameters of the function, with defaults. Only with O(functions).
      type: str
"""

import os

from ansible.errors import AnsibleLookupError
from ansible.plugins.lookup import LookupBase
from ansible_collections.slurm.observability.plugins.plugin_utils.log_queries import QueryError, read_query


class LookupModule(LookupBase):
    """Reads the files of each folder."""

    def run(self, terms, variables=None, **kwargs):
        self.set_options(var_options=variables, direct=kwargs)
        try:
            queries = [self._read(path) for folder in terms for path in _files(folder)]
        except (OSError, QueryError) as error:
            raise AnsibleLookupError(f"log_queries: {error}") from error
        return sorted(queries, key=lambda query: query["name"])

    def _read(self, path):
        name = self.get_option("prefix") + os.path.splitext(os.path.basename(path))[0]
        with open(path, encoding="utf-8") as stream:
            return read_query(name, stream.read(), self.get_option("category"), self.get_option("functions"))


def _files(folder):
    """The queries in a folder."""
    return [os.path.join(folder, name) for name in sorted(os.listdir(folder)) if name.endswith(".kql")]
