# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
name: job_hook_settings
author: slurm.observability contributors (@slurm-observability)
short_description: Say what slurm.conf lacks for the job hooks, beside what the site already has
version_added: 0.1.0
description:
  - Looks for C(Prolog), C(Epilog), C(PrologSlurmctld) and C(EpilogSlurmctld) in what C(scontrol show config) prints.
  - Nothing of the site's is replaced. Slurm 24.05 and later take several lines of C(Prolog) and C(Epilog), so ours is
    one more. An older Slurm takes the last line only, so there the site has to make room.
  - Ours is never a second C(PrologSlurmctld) or C(EpilogSlurmctld). slurmctld runs several of them at once, and lets
    the job start when the first has ended.
  - The answer is the same before the lines are added and afterwards.
options:
  _input:
    description: The output of C(scontrol show config).
    type: str
    required: true
  hooks:
    description: The path of our hook for each of the four parameters.
    type: dict
    required: true
"""

EXAMPLES = r"""
- name: Show the lines
  ansible.builtin.debug:
    msg: "{{ (config.stdout | slurm.observability.job_hook_settings({'Epilog': '/etc/slurm/epilog.d/5.sh'})).lines }}"
"""

RETURN = r"""
_value:
  description: >-
    C(version) of Slurm. C(lines) to add to slurm.conf. C(missing), the parameters of those that Slurm does not run yet.
    C(conflicts) and C(left_out), the site's own paths by parameter - where nothing can be added to an old Slurm, and
    where nothing should be added. C(running), by parameter, the settings that make Slurm run ours.
  type: dict
"""

import re

from ansible.errors import AnsibleFilterError

# slurmd runs these, several after each other. slurmctld runs the other two.
OF_SLURMD = ("Prolog", "Epilog")
# The first version that takes several lines of a hook.
SEVERAL_LINES = (24, 5)

SETTING = re.compile(r"^(\w+)(?:\[\d+\])?\s+= (.*?)\s*$", re.MULTILINE)


def job_hook_settings(config, hooks):
    """See DOCUMENTATION."""
    found = {}
    for name, value in SETTING.findall(config):
        found.setdefault(name, []).extend([value] if value != "(null)" else [])
    version = (found.get("SLURM_VERSION") or [""])[0]
    numbers = re.match(r"(\d+)\.(\d+)", version)
    if numbers is None:
        raise AnsibleFilterError("job_hook_settings: give it what scontrol show config prints")
    several = (int(numbers[1]), int(numbers[2])) >= SEVERAL_LINES
    answer = {"version": version, "lines": [], "missing": [], "conflicts": {}, "left_out": {}, "running": {}}
    for parameter, path in hooks.items():
        values = found.get(parameter, [])
        theirs = [value for value in values if value != path]
        running = [value for value in values if value == path or (parameter in OF_SLURMD and _matches(value, path))]
        if running:
            answer["running"][parameter] = running
        if running and path not in running:
            continue
        if theirs and parameter not in OF_SLURMD:
            answer["left_out"][parameter] = theirs
        elif theirs and not several:
            answer["conflicts"][parameter] = theirs
        else:
            answer["lines"].append(f"{parameter}={path}")
            if not running:
                answer["missing"].append(parameter)
    return answer


def _matches(pattern, path):
    """Tells whether a glob pattern stands for a path. Its wildcards match no slash."""
    expression = re.escape(pattern).replace(r"\*", "[^/]*").replace(r"\?", "[^/]")
    return re.fullmatch(expression, path) is not None


class FilterModule:
    """Makes the filter known to Ansible."""

    def filters(self):
        """Returns the filter by its name."""
        return {"job_hook_settings": job_hook_settings}
