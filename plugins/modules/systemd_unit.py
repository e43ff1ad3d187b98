#!/usr/bin/python
# -*- coding: utf-8 -*-
# Copyright: slurm.observability contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Keep a systemd service running what is on disk."""

from __future__ import annotations

DOCUMENTATION = r"""
module: systemd_unit
short_description: Keep a systemd service running what is on disk
version_added: 0.1.0
author: slurm.observability contributors (@slurm-observability)
description:
  - Enables and starts a service, restarts it when it is older than a file in O(restart_after), and reloads it when
    its last reload is older than a file in O(reload_after).
  - It takes the place of handlers. A handler is lost when a run breaks off between the change and the handler, and the
    next run, seeing no change, leaves the service on its old configuration for ever. Here the comparison is made on
    every run, so nothing can be lost, and a file that was changed by hand is noticed, too.
  - A missing service counts as stopped and disabled.
options:
  name:
    description: Name of the unit, with its suffix.
    type: str
    required: true
  state:
    description: Whether the service is to run, or to be stopped and disabled.
    type: str
    choices: [started, stopped]
    default: started
  restart_after:
    description:
      - Files that the service reads only when it starts. Links are not followed, so that a switched link counts.
      - A missing file is passed over. The unit file and its drop-ins need not be named.
    type: list
    elements: path
    default: []
  reload_after:
    description: Files and directories that the service reads again on a reload. A missing one is passed over.
    type: list
    elements: path
    default: []
attributes:
  check_mode:
    description: Can run in check mode. A service that is not there yet counts as one that would be started.
    support: partial
    details:
      - A restart or a reload for a file that check mode did not write cannot be foreseen.
  diff_mode:
    description: Shows the state before and after.
    support: full
"""

EXAMPLES = r"""
- name: Run Prometheus with what is on disk
  slurm.observability.systemd_unit:
    name: prometheus.service
    restart_after: [/opt/prometheus]
    reload_after: [/etc/prometheus/prometheus.yml, /etc/prometheus/rules]
"""

RETURN = r"""
actions:
  description: What was done, in order.
  type: list
  elements: str
  returned: always
  sample: [daemon-reload, restart]
"""

import os
import time

from ansible.module_utils.basic import AnsibleModule

# Where a site's drop-ins are. A new one is not among the DropInPaths that systemd has loaded, and one that was removed
# has no time of its own: the directory's time tells about both.
DROP_IN_ROOT = "/etc/systemd/system"

PROPERTIES = (
    "Id",
    "LoadState",
    "ActiveState",
    "UnitFileState",
    "NeedDaemonReload",
    "FragmentPath",
    "DropInPaths",
    "ExecMainStartTimestampMonotonic",
    "ActiveEnterTimestampMonotonic",
    "StateChangeTimestampMonotonic",
)


def parse_properties(text):
    """Turn the output of C(systemctl show) into a dict."""
    return dict(line.split("=", 1) for line in text.splitlines() if "=" in line)


def wall_clock(monotonic_microseconds):
    """Turn a systemd monotonic time stamp, microseconds since boot, into seconds since the epoch."""
    return time.time() - time.clock_gettime(time.CLOCK_MONOTONIC) + int(monotonic_microseconds or 0) / 1e6


def newest_change(paths):
    """Return when the youngest of some files was changed, in seconds since the epoch, and its path.

    Links are not followed. A directory stands for itself and for what lies in it. Missing paths are passed over.
    """
    newest = (0.0, "")
    for path in paths:
        candidates = [path]
        if os.path.isdir(path) and not os.path.islink(path):
            candidates += [os.path.join(path, name) for name in os.listdir(path)]
        for candidate in candidates:
            try:
                newest = max(newest, (os.lstat(candidate).st_mtime, candidate))
            except OSError:
                continue
    return newest


def actions_to_start(unit, restart_after, reload_after):
    """Return what has to be done so that a unit is enabled and runs what is on disk, and why it is not up to date."""
    actions, reason = [], ""
    if unit.get("LoadState") == "not-found" or unit.get("NeedDaemonReload") == "yes":
        actions.append("daemon-reload")
    if unit.get("UnitFileState") in ("", "disabled", None):
        actions.append("enable")
    if unit.get("ActiveState") not in ("active", "reloading"):
        return actions + ["start"], reason
    definition = [unit.get("FragmentPath", "")] + unit.get("DropInPaths", "").split()
    definition.append(os.path.join(DROP_IN_ROOT, unit.get("Id", "") + ".d"))
    changed, path = newest_change([path for path in definition if path] + restart_after)
    # A timer has no process.
    started = unit.get("ExecMainStartTimestampMonotonic", unit.get("ActiveEnterTimestampMonotonic"))
    if changed > wall_clock(started):
        return actions + ["restart"], "%s is younger than the running service" % path
    changed, path = newest_change(reload_after)
    if changed > wall_clock(unit.get("StateChangeTimestampMonotonic")):
        return actions + ["reload"], "%s is younger than what the service runs" % path
    return actions, reason


def actions_to_stop(unit):
    """Return what has to be done so that a unit is stopped and disabled."""
    if unit.get("LoadState") == "not-found":
        return []
    actions = [] if unit.get("ActiveState") in ("inactive", "failed") else ["stop"]
    return actions + (["disable"] if unit.get("UnitFileState") == "enabled" else [])


def difference(before, actions):
    """Return what a diff shows: the state of the unit before and after the actions, and the actions."""
    states = {"start": "active", "stop": "inactive"}
    files = {"enable": "enabled", "disable": "disabled"}
    old = (before.get("ActiveState", "unknown"), before.get("UnitFileState") or "disabled")
    new = (
        [states[action] for action in actions if action in states] or [old[0]],
        [files[action] for action in actions if action in files] or [old[1]],
    )
    return {
        "before": "%s, %s\n" % old,
        "after": "%s, %s\n%s" % (new[0][0], new[1][0], "".join("(%s)\n" % action for action in actions)),
    }


def main():
    """Run the module."""
    module = AnsibleModule(
        argument_spec={
            "name": {"type": "str", "required": True},
            "state": {"type": "str", "choices": ["started", "stopped"], "default": "started"},
            "restart_after": {"type": "list", "elements": "path", "default": []},
            "reload_after": {"type": "list", "elements": "path", "default": []},
        },
        supports_check_mode=True,
    )
    name = module.params["name"]
    systemctl = module.get_bin_path("systemctl", required=True)

    def run(*arguments):
        code, out, err = module.run_command([systemctl] + list(arguments))
        if code != 0:
            module.fail_json(
                msg="systemctl %s failed: %s; see journalctl -u %s on the host."
                % (" ".join(arguments), (err or out).strip().rstrip("."), name)
            )
        return out

    def show():
        return parse_properties(run("show", "--property=" + ",".join(PROPERTIES), name))

    before, reason = show(), ""
    if module.params["state"] == "started":
        actions, reason = actions_to_start(before, module.params["restart_after"], module.params["reload_after"])
    else:
        actions = actions_to_stop(before)
    if not module.check_mode:
        for action in actions:
            run(*([action] if action == "daemon-reload" else [action, name]))
    module.exit_json(changed=bool(actions), actions=actions, reason=reason, diff=difference(before, actions))


if __name__ == "__main__":
    main()
