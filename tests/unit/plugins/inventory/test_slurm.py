"""The inventory of a recorded cluster, through a stand-in for scontrol that replays what real ones printed."""

from __future__ import annotations

import json
import os
import socket
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest
import yaml
from ansible.errors import AnsibleParserError
from ansible.inventory.data import InventoryData
from ansible.parsing.dataloader import DataLoader
from ansible.plugins.loader import inventory_loader

FIXTURES = Path(__file__).parent / "fixtures"
STAND_IN = """#!/bin/sh
# A stand-in for scontrol: replays recordings of Slurm {release}.
[ -e {folder}/hang ] && sleep 60
case "$*" in
    ping) cat {folder}/ping.txt ;;
    'show config') cat {fixtures}/config.txt ;;
    '--all --json show '*)
        cat {fixtures}/{release}-$4.json 2>/dev/null && exit
        echo "scontrol: unrecognized option '--json'" >&2
        exit 1 ;;
    '--all -o show '*) cat {fixtures}/{release}-$4.txt ;;
    *) echo "scontrol: invalid keyword: $*" >&2; exit 1 ;;
esac
"""


@pytest.fixture
def parse(tmp_path, monkeypatch):
    """Return a function that parses an inventory with these options and gives the inventory back."""
    monkeypatch.setattr(socket, "gethostname", lambda: "elsewhere")
    (tmp_path / "ping.txt").write_text((FIXTURES / "ping.txt").read_text())

    def run(release="24.11", name="slurm.yml", use_cache=False, **options):
        scontrol = tmp_path / "scontrol"
        scontrol.write_text(STAND_IN.format(release=release, fixtures=FIXTURES, folder=tmp_path))
        scontrol.chmod(0o755)
        path = tmp_path / name
        path.write_text(yaml.safe_dump({"plugin": "slurm.observability.slurm", "scontrol": str(scontrol), **options}))
        plugin, inventory = inventory_loader.get("slurm.observability.slurm"), InventoryData()
        assert plugin.verify_file(str(path))
        plugin.parse(inventory, DataLoader(), str(path), use_cache)
        if options.get("cache"):
            plugin.update_cache_if_changed()  # as Ansible does
        inventory.reconcile_inventory()
        return inventory

    return run


def hosts(inventory, group):
    return sorted(host.name for host in inventory.groups[group].get_hosts())


@pytest.mark.parametrize("release", ["22.05", "24.11", "26.05"])
def test_groups(parse, release):
    inventory = parse(release, login_nodes=["login[1-2]"])
    # Only JSON proves that the node without a partition is a real one.
    lonely = [] if release == "22.05" else ["lonely"]
    assert hosts(inventory, "slurm_controller") == ["head", "head2"]
    assert hosts(inventory, "slurm_login") == ["login1", "login2"]
    assert hosts(inventory, "slurm_compute") == sorted(["n1", "n2", "n3", "n4", *lonely])
    assert hosts(inventory, "slurm_gpu") == ["n1", "n2", "n3", "n4"]
    assert hosts(inventory, "slurm_gb200") == []
    assert hosts(inventory, "slurm_partition_hidden") == ["n1", "n2"]
    assert hosts(inventory, "slurm_feature_a100") == ["n1", "n2", "n3", "n4"]
    assert hosts(inventory, "slurm_state_drain") == ["n3"]
    # The groups of partitions without a node that is up are there, too: playbooks name them.
    assert hosts(inventory, "slurm_partition_gpu") == hosts(inventory, "slurm_partition_empty") == []
    assert len(hosts(inventory, "slurm_cluster")) == 8 + len(lonely)


def test_host_variables(parse):
    variables = parse().get_host("n1").get_vars()
    wanted = {key: value for key, value in variables.items() if key.startswith(("slurm_", "ansible_"))}
    assert wanted == {
        "ansible_host": "127.0.0.1",
        "slurm_architecture": "",
        "slurm_features": ["a100", "ib"],
        "slurm_flags": wanted["slurm_flags"],
        "slurm_gres": "gpu:a100:4",
        "slurm_instance_type": "Standard_ND96isr_H100_v5",
        "slurm_node_address": "127.0.0.1",
        "slurm_partitions": ["hpc", "hidden"],
        "slurm_state": "UNKNOWN",
    }


def test_controllers_and_cluster(parse):
    inventory = parse()
    primary, backup = (inventory.get_host(name).get_vars() for name in ("head", "head2"))
    assert (primary["slurm_controller_role"], primary["slurm_controller_up"]) == ("primary", True)
    assert (backup["slurm_controller_role"], backup["slurm_controller_up"]) == ("backup", False)
    assert backup["ansible_host"] == "10.9.0.2"
    assert inventory.groups["slurm_controller"].get_vars()["slurm_cluster_name"] == "bench"


def test_states_to_leave_out(parse):
    assert hosts(parse(exclude_states=["DRAIN", "POWERED_DOWN"]), "slurm_gpu") == ["n1", "n2", "n4"]
    assert len(hosts(parse(exclude_states=[]), "slurm_gpu")) == 7


def test_controllers_can_be_named(parse):
    inventory = parse(controllers=["head2", "vip"])
    assert hosts(inventory, "slurm_controller") == ["head2", "vip"]
    assert inventory.get_host("head2").get_vars()["slurm_controller_role"] == "backup"


def test_no_ssh_to_this_very_machine(parse, monkeypatch):
    monkeypatch.setattr(socket, "gethostname", lambda: "head.example.org")
    inventory = parse()
    assert inventory.get_host("head").get_vars()["ansible_connection"] == "local"
    assert "ansible_connection" not in inventory.get_host("head2").get_vars()


def test_names_and_addresses_can_be_chosen(parse):
    inventory = parse(hostname_from="node_hostname", ansible_host_from="none", exclude_states=[])
    assert "ansible_host" not in inventory.get_host("n1").get_vars()
    assert "ansible_host" not in parse(ansible_host_from="node_name").get_host("n1").get_vars()


def write_json(tmp_path, monkeypatch, **node):
    """Make the stand-in answer with one node."""
    fixtures = tmp_path / "fixtures"
    fixtures.mkdir(exist_ok=True)
    base = {"name": "n1", "address": "10.0.0.1", "hostname": "n1", "state": ["IDLE"], "partitions": ["p"]}
    (fixtures / "24.11-nodes.json").write_text(json.dumps({"nodes": [{**base, **node}]}))
    (fixtures / "24.11-partitions.json").write_text(json.dumps({"partitions": [{"name": "p"}]}))
    (fixtures / "config.txt").write_text("")
    monkeypatch.setattr(
        "ansible_collections.slurm.observability.tests.unit.plugins.inventory.test_slurm.FIXTURES", fixtures
    )


@pytest.mark.parametrize(
    ("node", "expected"),
    [
        ({"architecture": "aarch64", "gres": "gpu:gb200:4"}, "slurm_gb200"),
        ({"architecture": "aarch64", "gres": "gpu:4", "active_features": ["GB200"]}, "slurm_gb200"),
        ({"architecture": "x86_64", "gres": "gpu:gb200:4"}, "slurm_gpu"),
        ({"architecture": "aarch64", "gres": "gpu:h100:4(S:0,1)"}, "slurm_gpu"),
        ({"gres": "nvme:1,gpu"}, "slurm_gpu"),
        ({"gres": "gpu_memory:1,nogpu:2"}, "slurm_compute"),
    ],
)
def test_kinds_of_nodes(parse, tmp_path, monkeypatch, node, expected):
    write_json(tmp_path, monkeypatch, **node)
    inventory = parse()
    kinds = [group for group in ("slurm_gb200", "slurm_gpu", "slurm_compute") if hosts(inventory, group)]
    assert kinds[0] == expected


def test_instance_type_from_a_feature(parse, tmp_path, monkeypatch):
    write_json(tmp_path, monkeypatch, active_features=["cloud", "Standard_HB120rs_v3"])
    assert parse().get_host("n1").get_vars()["slurm_instance_type"] == "Standard_HB120rs_v3"


@pytest.mark.parametrize("name", ["-oProxyCommand=x", "a b", "a/b", "n1\n", "$(id)", "{{ x }}", "n1;id"])
@pytest.mark.parametrize("field", ["name", "address"])
def test_what_cannot_be_a_host_is_left_out(parse, tmp_path, monkeypatch, field, name):
    write_json(tmp_path, monkeypatch, **{field: name})
    assert hosts(parse(), "slurm_compute") == []


def test_group_names_are_made_safe(parse, tmp_path, monkeypatch):
    write_json(tmp_path, monkeypatch, active_features=["a-b.c/é", "1x"], partitions=["p", "big mem"])
    inventory = parse(feature_prefix="")
    assert {"a_b_c__", "_1x", "slurm_partition_big_mem"} <= set(inventory.groups)


def test_no_feature_joins_a_fixed_group(parse, tmp_path, monkeypatch):
    write_json(tmp_path, monkeypatch, active_features=["slurm_controller"])
    with pytest.raises(AnsibleParserError, match="choose another prefix"):
        parse(feature_prefix="")


def test_no_host_has_the_name_of_a_group(parse, tmp_path, monkeypatch):
    write_json(tmp_path, monkeypatch, name="all")
    with pytest.raises(AnsibleParserError, match="has the name of a group"):
        parse()


def test_what_slurm_says_is_never_a_template(parse, tmp_path, monkeypatch):
    attack = "{{ lookup('pipe', 'touch /tmp/owned') }}"
    write_json(tmp_path, monkeypatch, active_features=[attack], gres=attack)
    variables = parse().get_host("n1").get_vars()
    try:
        from ansible.template import is_trusted_as_template
    except ImportError:  # before ansible-core 2.19
        from ansible.utils.unsafe_proxy import AnsibleUnsafe

        def is_trusted_as_template(value):
            return not isinstance(value, AnsibleUnsafe)

    texts = [
        variables["slurm_gres"],
        variables["ansible_host"],
        *variables["slurm_features"],
        *variables["slurm_partitions"],
    ]
    assert attack in texts
    assert not any(map(is_trusted_as_template, texts))


def test_constructed_groups_and_variables(parse):
    inventory = parse(
        keyed_groups=[{"key": "slurm_gres", "prefix": "gres"}],
        compose={"partition": "slurm_partitions | first"},
        groups={"drained": "'DRAIN' in slurm_flags"},
    )
    assert inventory.get_host("n1").get_vars()["partition"] == "hpc"
    assert hosts(inventory, "drained") == ["n3"]
    assert hosts(inventory, "gres_gpu_a100_4") == ["n1", "n2", "n3", "n4"]


def test_the_cache_is_used_and_refreshed(parse, tmp_path):
    options = {"cache": True, "cache_plugin": "ansible.builtin.jsonfile", "cache_connection": str(tmp_path / "cache")}
    fresh = parse(use_cache=True, **options)
    (tmp_path / "ping.txt").unlink()  # from here on Slurm does not answer
    cached = parse(use_cache=True, **options)
    assert hosts(cached, "slurm_cluster") == hosts(fresh, "slurm_cluster")
    assert cached.get_host("n1").get_vars()["slurm_partitions"] == ["hpc", "hidden"]
    with pytest.raises(AnsibleParserError, match="names no controller"):
        parse(use_cache=False, **options)


@pytest.mark.parametrize("name", ["slurm.yml", "slurm.yaml", "prod.slurm.yml", "prod_slurm.yaml"])
def test_file_names(parse, name):
    assert hosts(parse(name=name), "slurm_controller")


@pytest.mark.parametrize("name", ["hosts.yml", "slurmyml", "slurm.yml.bak", "notslurm.yml", "slurm.json"])
def test_other_file_names_are_declined(tmp_path, name):
    (tmp_path / name).write_text("plugin: slurm.observability.slurm\n")
    assert not inventory_loader.get("slurm.observability.slurm").verify_file(str(tmp_path / name))


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ({"connection": "ssh"}, "'connection: ssh' needs the option 'ssh_host'"),
        ({"connection": "slurmrestd"}, "needs the option 'slurmrestd_url'"),
        ({"connection": "slurmrestd", "slurmrestd_url": "http://127.0.0.1:9"}, "no usable token"),
        ({"connection": "slurmrestd", "slurmrestd_url": "http://127.0.0.1:9", "token": "x y"}, "no usable token"),
        ({"connection": "slurmrestd", "slurmrestd_url": "http://127.0.0.1:9", "token": "x"}, "cannot be reached"),
        ({"connection": "slurmrestd", "slurmrestd_url": "http://h", "token_file": "/nowhere"}, "token file /nowhere"),
        ({"scontrol": "/nowhere/scontrol"}, "'/nowhere/scontrol' cannot be run: No such file"),
        ({"gpu_pattern": "("}, "'gpu_pattern' is not a regular expression"),
        ({"login_nodes": ["login["]}, "is not a hostlist"),
        ({"exclude_states": ["DRAINED"]}, "DRAINED"),
        ({"connection": "telnet"}, "telnet"),
        ({"timeout": "soon"}, "soon"),
    ],
)
def test_bad_options_are_refused_with_a_sentence(parse, monkeypatch, options, sentence):
    monkeypatch.delenv("SLURM_JWT", raising=False)
    with pytest.raises(Exception, match=sentence) as refused:
        parse(**options)
    assert "\n" not in str(refused.value)


def test_no_controller_answers(parse, tmp_path):
    (tmp_path / "ping.txt").write_text("Slurmctld(primary) at head is DOWN\n")
    with pytest.raises(AnsibleParserError, match=r"no slurmctld answers \(asked: head\)"):
        parse()


def test_a_hung_scontrol_is_given_up(parse, tmp_path):
    (tmp_path / "hang").touch()
    with pytest.raises(AnsibleParserError, match="did not answer within 1 s"):
        parse(timeout=1)


def test_over_ssh(parse, tmp_path, monkeypatch):
    # A stand-in for ssh: notes its arguments and runs the command here.
    ssh = tmp_path / "bin" / "ssh"
    ssh.parent.mkdir()
    ssh.write_text(
        f'#!/bin/sh\necho "$@" >> {tmp_path}/arguments\nwhile [ "$1" != -- ]; do shift; done\nshift 2\nsh -c "$*"\n'
    )
    ssh.chmod(0o755)
    monkeypatch.setenv("PATH", f"{ssh.parent}:{os.environ['PATH']}")
    monkeypatch.setenv("HOME", str(tmp_path))
    inventory = parse(connection="ssh", ssh_host="10.9.0.1", ssh_user="admin", ssh_port=2222, ssh_args="-o Ciphers=+x")
    assert hosts(inventory, "slurm_gpu") == ["n1", "n2", "n3", "n4"]
    variables = inventory.get_host("head").get_vars()
    assert (variables["ansible_host"], variables["ansible_user"], variables["ansible_port"]) == (
        "10.9.0.1",
        "admin",
        2222,
    )
    assert "ansible_user" not in inventory.get_host("head2").get_vars()
    first = (tmp_path / "arguments").read_text().splitlines()[0]
    assert first.startswith("-o Ciphers=+x -o BatchMode=yes")
    assert "-l admin -p 2222 -- 10.9.0.1 env LC_ALL=C" in first


class Restd(BaseHTTPRequestHandler):
    """A stand-in for slurmrestd: replays recordings of v0.0.38 to whoever has the token."""

    def do_GET(self):
        subject = self.path.rpartition("/")[2]
        code, body = 200, b""
        if self.headers["X-SLURM-USER-TOKEN"] != "good.token":
            code = 511
        elif not self.path.startswith("/slurm/v0.0.38/"):
            code = 404
        else:
            body = (FIXTURES / f"v0.0.38-{subject}.json").read_bytes()
        self.send_response(code)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *arguments):
        """Say nothing."""


@pytest.fixture
def restd_url():
    server = HTTPServer(("127.0.0.1", 0), Restd)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


def test_over_slurmrestd(parse, restd_url, monkeypatch):
    monkeypatch.setenv("SLURM_JWT", "good.token")
    inventory = parse(connection="slurmrestd", slurmrestd_url=restd_url)
    assert hosts(inventory, "slurm_controller") == ["head", "head2"]
    assert hosts(inventory, "slurm_gpu") == ["n1", "n2", "n3", "n4"]


def test_the_token_of_a_file(parse, restd_url, tmp_path):
    (tmp_path / "token").write_text("SLURM_JWT=good.token\n")
    options = {"connection": "slurmrestd", "slurmrestd_url": restd_url, "token_file": str(tmp_path / "token")}
    assert hosts(parse(**options), "slurm_gpu") == ["n1", "n2", "n3", "n4"]
    with pytest.raises(AnsibleParserError, match="serves none of"):
        parse(**options, api_version="v0.0.99")
    (tmp_path / "token").write_text("bad.token\n")
    with pytest.raises(AnsibleParserError, match="refuses the token"):
        parse(**options)
