#!/usr/bin/python
# -*- coding: utf-8 -*-
# Copyright: slurm.observability contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Make, change and remove data sources of Grafana."""

from __future__ import annotations

DOCUMENTATION = r"""
module: grafana_datasource
short_description: Make, change and remove data sources of Grafana
version_added: 0.1.0
author: slurm.observability contributors (@slurm-observability)
description:
  - Makes data sources where no file provisioning reaches, such as in Azure Managed Grafana and Grafana Cloud.
  - Settings that have no option here, or whose option is not set, stay as they are.
options:
  name:
    description: The name of the data source.
    type: str
    required: true
  uid:
    description:
      - The uid, by which dashboards know the data source. Without it, the data source is found by O(name), and a new
        one gets a uid that is derived from it.
    type: str
  type:
    description:
      - The type, such as V(prometheus), V(alertmanager), V(grafana-postgresql-datasource) or
        V(grafana-azure-monitor-datasource). Required unless O(state=absent).
    type: str
  url:
    description: Where the data is.
    type: str
  access:
    description: Whether Grafana asks for the data itself, or each browser does.
    type: str
    choices: [proxy, direct]
  database:
    description: The name of the database.
    type: str
  user:
    description: The user of the database.
    type: str
  basic_auth:
    description: Whether Grafana signs in with a name and a password.
    type: bool
  basic_auth_user:
    description: The name to sign in with. The password is V(basicAuthPassword) in O(secure_json_data).
    type: str
  with_credentials:
    description: Whether browsers send cookies to other sites, with O(access=direct).
    type: bool
  is_default:
    description: Whether panels that name no data source take this one.
    type: bool
  json_data:
    description: The settings that the type has. It replaces what is there as a whole.
    type: dict
  secure_json_data:
    description:
      - Passwords, tokens and keys, by the names that the type has for them.
      - Grafana does not give them out again, so that nobody can tell if they differ. See O(update_secrets).
    type: dict
  update_secrets:
    description:
      - V(on_create) sends secrets with a new data source, and later those that it has not yet.
      - V(always) sends all of them each time, and each run changes the data source.
    type: str
    choices: [on_create, always]
    default: on_create
  check_health:
    description: Whether the module fails when Grafana cannot use the data source. Not looked at in check mode.
    type: bool
    default: false
  state:
    description: Whether the data source is to be there.
    type: str
    choices: [absent, present]
    default: present
extends_documentation_fragment:
  - slurm.observability.grafana
attributes:
  diff_mode:
    description: Shows the settings before and after. Of secrets it shows the names.
    support: full
seealso:
  - module: slurm.observability.grafana_dashboard
"""

EXAMPLES = r"""
- name: Let a Grafana elsewhere read the metrics of the cluster
  slurm.observability.grafana_datasource:
    grafana_url: https://grafana.example.org
    token: "{{ grafana_token }}"
    name: Slurm
    uid: prometheus
    type: prometheus
    url: https://controller.example.org:9090
    access: proxy
    basic_auth: true
    basic_auth_user: grafana
    secure_json_data:
      basicAuthPassword: "{{ prometheus_password }}"
    check_health: true
  delegate_to: localhost

- name: Let Azure Managed Grafana read Azure Monitor with its managed identity
  slurm.observability.grafana_datasource:
    grafana_url: https://example.wus.grafana.azure.com
    token: "{{ grafana_token }}"
    name: Azure Monitor
    uid: azure-monitor
    type: grafana-azure-monitor-datasource
    json_data:
      azureCredentials:
        authType: msi
      subscriptionId: 00000000-0000-0000-0000-000000000000
  delegate_to: localhost
"""

RETURN = r"""
datasource:
  description:
    - The data source, as Grafana describes it; in check mode, as it would be sent. Empty when there is none.
    - Of secrets it has the names.
  type: dict
  returned: always
uid:
  description: The uid of the data source.
  type: str
  returned: always
"""

from ansible_collections.slurm.observability.plugins.module_utils.grafana import datasources, uids
from ansible_collections.slurm.observability.plugins.module_utils.grafana.errors import (
    DocumentError,
    GrafanaError,
    refuse,
)
from ansible_collections.slurm.observability.plugins.module_utils.grafana.module import GrafanaModule

ARGUMENTS = {
    "name": {"type": "str", "required": True},
    "uid": {"type": "str"},
    "type": {"type": "str"},
    "url": {"type": "str"},
    "access": {"type": "str", "choices": ["proxy", "direct"]},
    "database": {"type": "str"},
    "user": {"type": "str"},
    "basic_auth": {"type": "bool"},
    "basic_auth_user": {"type": "str"},
    "with_credentials": {"type": "bool"},
    "is_default": {"type": "bool"},
    "json_data": {"type": "dict"},
    "secure_json_data": {"type": "dict", "no_log": True},
    "update_secrets": {"type": "str", "choices": ["on_create", "always"], "default": "on_create", "no_log": False},
    "check_health": {"type": "bool", "default": False},
    "state": {"type": "str", "choices": ["absent", "present"], "default": "present"},
}


def wanted_settings(params, before):
    """Return the data source as the options want it, with what they leave open as it is."""
    given = {key: params[option] for option, key in datasources.SETTINGS.items() if params[option] is not None}
    uid = params["uid"] or (before or {}).get("uid") or uids.derived(params["name"])
    refuse([uids.fault(uid)] if uids.fault(uid) else [])
    return {"access": "proxy", **datasources.settings(before), **given, "name": params["name"], "uid": uid}


def check_owner(before):
    """Raise DocumentError when the data source comes from a file, from which Grafana would restore it."""
    if before and before.get("readOnly"):
        raise DocumentError(
            f"the data source '{before['name']}' ({before['uid']}) comes from file provisioning: change it there, or "
            "take it out of there first"
        )


def ensure_present(module, client):
    """Make the data source, or change what differs; return the result."""
    params = module.params
    before = datasources.find(client, params["uid"], params["name"])
    wanted = wanted_settings(params, before)
    there = datasources.secrets(before)
    given = params["secure_json_data"] or {}
    new = {name: value for name, value in given.items() if params["update_secrets"] == "always" or name not in there}
    old, comparable = datasources.settings(before), datasources.settings(wanted)
    changed = old != comparable or bool(new)
    after = before
    if changed:
        check_owner(before)
        after = bring_about(module, client, before, {**wanted, **({"secureJsonData": new} if new else {})})
    if params["check_health"] and not module.check_mode:
        check_health(client, after)
    return {
        "changed": changed,
        "diff": {"before": shown(old, there), "after": shown(comparable, there | set(given), set(new))},
        "datasource": after,
        "uid": wanted["uid"],
    }


def bring_about(module, client, before, wanted):
    """Make or change the data source; return it, in check mode as it would be sent, without the secrets."""
    if module.check_mode:
        return {key: value for key, value in wanted.items() if key != "secureJsonData"}
    return datasources.update(client, before, wanted) if before else datasources.create(client, wanted)


def check_health(client, after):
    """Raise GrafanaError when Grafana cannot use the data source."""
    complaint = datasources.complaint(client, after["uid"])
    if complaint:
        raise GrafanaError(f"Grafana has the data source '{after['name']}', and cannot use it: {complaint}")


def ensure_absent(module, client):
    """Remove the data source; return the result."""
    before = datasources.find(client, module.params["uid"], module.params["name"])
    check_owner(before)
    if before and not module.check_mode:
        datasources.delete(client, before)
    return {
        "changed": before is not None,
        "diff": {"before": shown(datasources.settings(before), datasources.secrets(before)), "after": {}},
        "datasource": {},
        "uid": (before or {}).get("uid", ""),
    }


def shown(settings, secrets, new=()):
    """Return what a diff shows: of secrets the names, and which of them are sent."""
    if not settings:
        return {}
    return {**settings, "secrets": {name: "sent" if name in new else "kept" for name in sorted(secrets)}}


def main():
    """Run the module."""
    module = GrafanaModule(ARGUMENTS, required_if=[("state", "present", ["type"])])
    ensure = ensure_present if module.params["state"] == "present" else ensure_absent
    module.run(lambda client: ensure(module, client))


if __name__ == "__main__":
    main()
