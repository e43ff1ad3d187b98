# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The inventory of a live Slurm cluster."""

from __future__ import annotations

DOCUMENTATION = r"""
name: slurm
author: slurm.observability contributors (@slurm-observability)
version_added: 0.1.0
short_description: Hosts and groups of a live Slurm cluster
description:
  - Asks Slurm which nodes it has, with C(scontrol) on this machine or over SSH, or through C(slurmrestd).
  - The file must be called C(slurm.yml), or end in C(.slurm.yml) or C(_slurm.yml); C(.yaml) will do, too.
  - "Groups: C(slurm_cluster) holds C(slurm_controller) (what C(scontrol ping) names: both of a pair),
    C(slurm_login) (from O(login_nodes)) and C(slurm_compute). Below C(slurm_compute) are C(slurm_gpu) with
    C(slurm_gb200) in it, and one group per partition, feature, state and state flag. Every partition has its group,
    even if all its nodes are powered down."
  - "Host variables of nodes: C(slurm_node_address), C(slurm_architecture), C(slurm_gres), C(slurm_partitions) (list),
    C(slurm_features) (list), C(slurm_state) (such as V(IDLE)), C(slurm_flags) (list, such as V(CLOUD)),
    C(slurm_instance_type), and C(slurm_node_name) where O(hostname_from) makes it differ from the host's name."
  - "Variables of controllers: C(slurm_controller_role) (V(primary) or V(backup)), C(slurm_controller_up), and
    C(slurm_cluster_name)."
  - Every text that comes from Slurm is marked as unsafe and is never taken for a template.
  - C(scontrol)'s JSON output is used where there is one (Slurm 23.02 and later), its text output elsewhere (21.08 and
    later).
extends_documentation_fragment:
  - ansible.builtin.constructed
  - ansible.builtin.inventory_cache
options:
  plugin:
    description: Marks the file as one for this plugin.
    required: true
    choices: [slurm.observability.slurm]
  connection:
    description:
      - How to reach Slurm.
      - V(local) runs C(scontrol) on this machine, which is the controller or a login node.
      - V(ssh) runs it on O(ssh_host).
      - V(slurmrestd) asks O(slurmrestd_url).
    choices: [local, ssh, slurmrestd]
    default: local
    env: [{name: SLURM_INVENTORY_CONNECTION}]
  scontrol:
    description: The program, with its path where it is not on the search path.
    default: scontrol
  format:
    description:
      - Which output of C(scontrol) to read. V(auto) takes JSON, and text where this C(scontrol) has no JSON.
    choices: [auto, json, text]
    default: auto
  timeout:
    description: How long to wait for each answer, in seconds.
    type: int
    default: 30
  ssh_host:
    description:
      - Host to run C(scontrol) on, usually the controller. Needed with O(connection=ssh).
      - Ansible then reaches this controller by the same name, user, port and key.
    type: str
    env: [{name: SLURM_INVENTORY_SSH_HOST}]
  ssh_user:
    description: User to log in as. Without it, what the SSH configuration says.
    type: str
    env: [{name: SLURM_INVENTORY_SSH_USER}]
  ssh_port:
    description: Port of the SSH server.
    type: int
  ssh_private_key_file:
    description: Key to log in with.
    type: path
    env: [{name: SLURM_INVENTORY_SSH_PRIVATE_KEY_FILE}]
  ssh_args:
    description: Further arguments for C(ssh), as on its command line.
    type: str
    default: ""
  slurmrestd_url:
    description: Where C(slurmrestd) listens, such as V(http://head:6820). Needed with O(connection=slurmrestd).
    type: str
    env: [{name: SLURM_INVENTORY_SLURMRESTD_URL}]
  token:
    description: JSON web token, as C(scontrol token) prints it, with or without V(SLURM_JWT=).
    type: str
    env: [{name: SLURM_JWT}]
  token_file:
    description: File to read the token from, if O(token) is not given.
    type: path
    env: [{name: SLURM_INVENTORY_TOKEN_FILE}]
  slurmrestd_user:
    description: User the token is for. Without it, C(slurmrestd) takes the user from the token.
    type: str
    env: [{name: SLURM_INVENTORY_SLURMRESTD_USER}]
  api_version:
    description: Version of C(slurmrestd)'s interface, such as V(v0.0.42). V(auto) takes the newest that it serves.
    default: auto
  validate_certs:
    description: Check the certificate of C(slurmrestd).
    type: bool
    default: true
  ca_path:
    description: File with the certificates to check C(slurmrestd)'s against.
    type: path
  exclude_states:
    description:
      - Leave out nodes in one of these states, or with one of these flags.
      - Add V(DRAIN) to leave out drained and draining nodes.
    type: list
    elements: str
    choices:
      - UNKNOWN
      - DOWN
      - IDLE
      - ALLOCATED
      - ERROR
      - MIXED
      - FUTURE
      - CLOUD
      - COMPLETING
      - DRAIN
      - FAIL
      - INVALID_REG
      - MAINTENANCE
      - NOT_RESPONDING
      - PLANNED
      - POWER_DOWN
      - POWERED_DOWN
      - POWERING_DOWN
      - POWERING_UP
      - REBOOT_ISSUED
      - REBOOT_REQUESTED
      - RESERVED
    default: [POWERED_DOWN, POWERING_DOWN, POWERING_UP, FUTURE]
  login_nodes:
    description: Login nodes, as hostlists such as V(login[1-2]). Slurm itself does not know them.
    type: list
    elements: str
    default: []
  controllers:
    description: Controllers, as hostlists. Without it, those that Slurm names.
    type: list
    elements: str
    default: []
  hostname_from:
    description: What a node is called in the inventory.
    choices: [node_name, node_hostname]
    default: node_name
  ansible_host_from:
    description:
      - What Ansible connects to. C(ansible_host) is set only where it is not the host's name; V(none) never sets it.
    choices: [node_address, node_hostname, node_name, none]
    default: node_address
  partition_prefix:
    description: Prefix of the groups of partitions.
    default: slurm_partition_
  feature_prefix:
    description: Prefix of the groups of features.
    default: slurm_feature_
  state_prefix:
    description: Prefix of the groups of states and flags, which are written in lower case.
    default: slurm_state_
  gpu_pattern:
    description: Regular expression for a GRES entry that is a GPU; searched in each entry, such as V(gpu:a100:4).
    default: ^gpu(:|$)
  gb200_pattern:
    description:
      - Regular expression, searched in each feature and GRES entry. A node of architecture V(aarch64) where it is found
        is in C(slurm_gb200).
    default: (?i)gb200
  instance_type_pattern:
    description:
      - Regular expression for a feature that is the machine's instance type. Used where Slurm itself has none.
    default: ^Standard_[A-Za-z0-9_-]+$
seealso:
  - name: Slurm's scontrol
    description: What the states and flags mean.
    link: https://slurm.schedmd.com/scontrol.html
"""

EXAMPLES = r"""
# Ansible runs on the controller or on a login node
plugin: slurm.observability.slurm
login_nodes:
  - login[1-2]

---
# Ansible runs elsewhere, and reaches the controller over SSH; drained nodes are left alone
plugin: slurm.observability.slurm
connection: ssh
ssh_host: scheduler.example.org
ssh_user: azureuser
exclude_states: [POWERED_DOWN, POWERING_DOWN, POWERING_UP, FUTURE, DRAIN]

---
# Over slurmrestd; the token comes from the environment variable SLURM_JWT
plugin: slurm.observability.slurm
connection: slurmrestd
slurmrestd_url: https://head.example.org:6820
cache: true
cache_plugin: ansible.builtin.jsonfile
cache_connection: ~/.cache/slurm-inventory
cache_timeout: 60
keyed_groups:
  - key: slurm_instance_type
    prefix: instance_type
"""

import contextlib
import gc
import os
import re
import shlex
import socket

from ansible.errors import AnsibleParserError
from ansible.plugins.inventory import BaseInventoryPlugin, Cacheable, Constructable
from ansible.utils.unsafe_proxy import wrap_var
from ansible_collections.slurm.observability.plugins.plugin_utils import _hostlist, _slurm_answers, _slurm_sources

PARENTS = {
    "slurm_controller": "slurm_cluster",
    "slurm_login": "slurm_cluster",
    "slurm_compute": "slurm_cluster",
    "slurm_gpu": "slurm_compute",
    "slurm_gb200": "slurm_gpu",
}
NODE_VARIABLES = {
    "slurm_node_address": "address",
    "slurm_architecture": "architecture",
    "slurm_gres": "gres",
    "slurm_partitions": "partitions",
    "slurm_features": "features",
    "slurm_state": "state",
    "slurm_flags": "flags",
    "slurm_instance_type": "instance_type",
}
SSH_VARIABLES = {
    "ansible_host": "ssh_host",
    "ansible_user": "ssh_user",
    "ansible_port": "ssh_port",
    "ansible_ssh_private_key_file": "ssh_private_key_file",
}
FIXED_GROUPS = {"all", "ungrouped", "slurm_cluster", *PARENTS}
# What a host or an address may look like: nothing that ssh could take for an option, nothing a shell would read.
HOST = re.compile(r"[A-Za-z0-9_]([A-Za-z0-9_.-]*[A-Za-z0-9_.])?|[0-9A-Fa-f:.]*:[0-9A-Fa-f:.]*(%[A-Za-z0-9_.-]+)?")


@contextlib.contextmanager
def uncollected():
    """Pause the garbage collector, and spare what was made meanwhile from it for good.

    An inventory lives as long as its process; walking 10,000 nodes again and again costs a tenth of a run.
    """
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        gc.freeze()
        if enabled:
            gc.enable()


class InventoryModule(BaseInventoryPlugin, Constructable, Cacheable):
    """Reads the cluster from its source or the cache, and fills the inventory."""

    NAME = "slurm.observability.slurm"

    def verify_file(self, path):
        """Say whether the file's name is one of those for this plugin."""
        name = os.path.basename(path)
        return super().verify_file(path) and bool(re.fullmatch(r"(.*[._])?slurm\.ya?ml", name))

    def parse(self, inventory, loader, path, cache=True):
        """Fill the inventory; raises AnsibleParserError with one sentence where that is impossible."""
        super().parse(inventory, loader, path, cache)
        self._read_config_data(path)
        try:
            with uncollected():
                self._populate(self._cluster(path, cache))
        except (_slurm_sources.SourceError, _slurm_answers.AnswerError, _hostlist.HostlistError) as error:
            raise AnsibleParserError(f"The Slurm inventory {path} cannot be made: {error}.") from None

    def _cluster(self, path, cache):
        """Return what the source says, or the cache where it is fresh."""
        self.load_cache_plugin()
        key = self.get_cache_key(path)
        use_cache = self.get_option("cache")
        if use_cache and cache and key in self._cache:
            return self._cache[key]
        cluster = self._source().read()
        if use_cache:
            self._cache[key] = cluster
        return cluster

    def _source(self):
        """Return the source that the options name."""
        connection, timeout = self.get_option("connection"), self.get_option("timeout")
        if connection == "slurmrestd":
            return _slurm_sources.Slurmrestd(
                self._needed("slurmrestd_url", connection),
                self._token(),
                timeout,
                user=self.get_option("slurmrestd_user") or "",
                api_version=self.get_option("api_version"),
                validate_certs=self.get_option("validate_certs"),
                ca_path=self.get_option("ca_path"),
            )
        prefix = self._ssh_command() if connection == "ssh" else ()
        return _slurm_sources.Scontrol(self.get_option("scontrol"), timeout, self.get_option("format"), prefix)

    def _needed(self, option, connection):
        value = self.get_option(option)
        if not value:
            raise _slurm_sources.SourceError(f"'connection: {connection}' needs the option '{option}'")
        return value

    def _token(self):
        """Return the JSON web token without its variable name."""
        token, path = self.get_option("token"), self.get_option("token_file")
        if not token and path:
            try:
                with open(path, encoding="utf-8") as file:
                    token = file.read()
            except (OSError, ValueError) as error:
                raise _slurm_sources.SourceError(f"the token file {path} cannot be read: {error}") from None
        token = (token or "").strip().removeprefix("SLURM_JWT=")
        if not re.fullmatch(r"[A-Za-z0-9._-]+", token):
            raise _slurm_sources.SourceError(
                "there is no usable token: set SLURM_JWT, 'token' or 'token_file' to what 'scontrol token' prints"
            )
        return token

    def _ssh_command(self):
        """Return the command line up to the host's name, which never counts as an option."""
        host = self._needed("ssh_host", "ssh")
        sockets = os.path.expanduser("~/.ansible/cp")
        os.makedirs(sockets, mode=0o700, exist_ok=True)
        command = ["ssh", *shlex.split(self.get_option("ssh_args"))]
        # The first value of an option counts, so ssh_args can say otherwise. One connection serves all questions.
        command += ["-o", "BatchMode=yes", "-o", f"ConnectTimeout={self.get_option('timeout')}"]
        command += ["-o", "ControlMaster=auto", "-o", "ControlPersist=60s", "-o", f"ControlPath={sockets}/slurm-%C"]
        for flag, option in (("-l", "ssh_user"), ("-p", "ssh_port"), ("-i", "ssh_private_key_file")):
            if self.get_option(option):
                command += [flag, str(self.get_option(option))]
        return [*command, "--", host]

    def _populate(self, cluster):
        """Add groups, hosts and variables."""
        for warning in cluster["warnings"]:
            self.display.warning(f"Slurm inventory: {warning}.")
        self._marked, self._groups_of = {}, {}
        # A host that is this very machine needs no SSH.
        self._here = socket.gethostname().partition(".")[0] if self.get_option("connection") == "local" else ""
        self._constructed = any(map(self.get_option, ("compose", "groups", "keyed_groups")))
        for child, parent in PARENTS.items():
            self.inventory.add_group(parent)
            self.inventory.add_group(child)
            self.inventory.add_child(parent, child)
        if cluster["cluster_name"]:
            self.inventory.set_variable("slurm_controller", "slurm_cluster_name", self._mark(cluster["cluster_name"]))
        self._add_controllers(cluster["controllers"])
        for name in self._expand_option("login_nodes"):
            self._add_host(name, ["slurm_login"], {})
        self._add_nodes(cluster["nodes"], cluster["partitions"])

    def _add_controllers(self, controllers):
        """Add what the option names, else what Slurm names."""
        names = self._expand_option("controllers")
        if names:
            known = {controller["name"]: controller for controller in controllers}
            nothing_known = {"address": "", "role": "", "up": None}
            controllers = [{**nothing_known, **known.get(name, {}), "name": name} for name in names]
        for controller in controllers:
            name = self._mark(controller["name"])
            variables = {}
            if controller["role"]:
                variables["slurm_controller_role"] = self._mark(controller["role"])
                variables["slurm_controller_up"] = bool(controller["up"])
            if HOST.fullmatch(controller["address"]):
                variables["ansible_host"] = self._mark(controller["address"])
            if self.get_option("connection") == "ssh" and (
                len(controllers) == 1 or self.get_option("ssh_host") in (name, controller["address"])
            ):
                for variable, option in SSH_VARIABLES.items():
                    if self.get_option(option):
                        variables[variable] = self.get_option(option)
            self._add_host(name, ["slurm_controller"], variables)

    def _add_nodes(self, nodes, partitions):
        """Add the nodes in none of the states to leave out, and their groups."""
        excluded = set(self.get_option("exclude_states"))
        patterns = {name: self._pattern(f"{name}_pattern") for name in ("gpu", "gb200", "instance_type")}
        name_key = self.get_option("hostname_from").removeprefix("node_")
        host_key = self.get_option("ansible_host_from").removeprefix("node_")
        for partition in partitions:
            self._derived_groups("partition_prefix", [partition])
        skipped = []
        for node in nodes:
            if node["state"] in excluded or not excluded.isdisjoint(node["flags"]):
                continue
            if not (HOST.fullmatch(node[name_key]) and (host_key == "none" or HOST.fullmatch(node[host_key]))):
                skipped.append(node["name"])
                continue
            node = {key: self._mark(value) for key, value in node.items()}
            if not node["instance_type"]:
                node["instance_type"] = next(filter(patterns["instance_type"].search, node["features"]), "")
            variables = {variable: node[key] for variable, key in NODE_VARIABLES.items()}
            if node[name_key] != node["name"]:
                variables["slurm_node_name"] = node["name"]
            if host_key != "none" and node[host_key] != node[name_key]:
                variables["ansible_host"] = node[host_key]
            groups = [
                *self._kinds(node, patterns),
                *self._derived_groups("partition_prefix", node["partitions"]),
                *self._derived_groups("feature_prefix", node["features"]),
                *self._derived_groups("state_prefix", [node["state"], *node["flags"]]),
            ]
            self._add_host(node[name_key], groups, variables)
        if skipped:
            names = ", ".join(repr(name) for name in skipped[:20])
            self.display.warning(
                f"Slurm inventory: left out, because no host can have such a name or address: {names}."
            )

    def _kinds(self, node, patterns):
        """Return the fixed groups of a node; a group's parents come by themselves."""
        gres = _slurm_answers.gres_entries(node["gres"])
        if node["architecture"] in ("aarch64", "arm64") and any(
            map(patterns["gb200"].search, [*node["features"], *gres])
        ):
            return ["slurm_gb200"]
        return ["slurm_gpu"] if any(map(patterns["gpu"].search, gres)) else ["slurm_compute"]

    def _derived_groups(self, prefix_option, words):
        """Return the groups of a node's partitions, features or states; they are made below slurm_compute."""
        key = (prefix_option, *words)
        if key not in self._groups_of:
            prefix = self.get_option(prefix_option)
            names = [
                self._group_name(prefix, word.lower() if prefix_option == "state_prefix" else word) for word in words
            ]
            for name in names:
                self.inventory.add_group(name)
                self.inventory.add_child("slurm_compute", name)
            self._groups_of[key] = names
        return self._groups_of[key]

    def _group_name(self, prefix, word):
        """Return a name that Ansible takes for a group; raises SourceError where it is one of the fixed ones."""
        name = re.sub(r"[^A-Za-z0-9_]", "_", f"{prefix}{word}")
        if name[:1].isdigit():
            name = f"_{name}"
        if name in FIXED_GROUPS:
            raise _slurm_sources.SourceError(
                f"{word!r} with the prefix {prefix!r} would join the group {name}; choose another prefix"
            )
        return name

    def _add_host(self, name, groups, variables):
        """Add a host with its groups and variables, then what the constructed options make of them."""
        if name in self.inventory.groups:
            raise _slurm_sources.SourceError(f"the host {name} has the name of a group; choose other prefixes")
        self.inventory.add_host(name)
        if self._here and name.partition(".")[0] == self._here:
            variables["ansible_connection"] = "local"
        # Not one by one through the inventory: that copies and checks each value again, seconds for 10,000 nodes.
        self.inventory.get_host(name).vars.update(variables)
        for group in groups:
            self.inventory.add_child(group, name)
        if self._constructed:
            strict = self.get_option("strict")
            self._set_composite_vars(self.get_option("compose"), variables, name, strict=strict)
            self._add_host_to_composed_groups(self.get_option("groups"), variables, name, strict=strict)
            self._add_host_to_keyed_groups(self.get_option("keyed_groups"), variables, name, strict=strict)

    def _expand_option(self, option):
        """Return the host names of an option that is a list of hostlists."""
        return _hostlist.expand(",".join(self.get_option(option)))

    def _pattern(self, option):
        """Return the compiled regular expression of an option."""
        try:
            return re.compile(self.get_option(option))
        except re.error as error:
            raise _slurm_sources.SourceError(f"'{option}' is not a regular expression: {error}") from None

    def _mark(self, value):
        """Return the text, or the list of texts, marked as unsafe; equal ones are marked once."""
        key = tuple(value) if isinstance(value, list) else value
        if key not in self._marked:
            self._marked[key] = wrap_var(value)
        return self._marked[key]
