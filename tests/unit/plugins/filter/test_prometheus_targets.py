"""The filter prometheus_targets makes files that Prometheus accepts, and always the same ones."""

from __future__ import annotations

import pytest
from ansible.errors import AnsibleFilterError
from ansible_collections.slurm.observability.plugins.filter.prometheus_targets import prometheus_targets

HOSTVARS = {
    "head": {"ansible_host": "10.0.0.4", "slurm_node_address": "10.1.0.4"},
    "login1": {},
    "six": {"ansible_host": "fd00::1"},
    "empty": {"ansible_host": ""},
}


def test_one_group_per_host_sorted_by_name():
    assert prometheus_targets(["login1", "head", "login1"], HOSTVARS, 9100) == [
        {"targets": ["10.0.0.4:9100"], "labels": {"instance": "head", "node": "head"}},
        {"targets": ["login1:9100"], "labels": {"instance": "login1", "node": "login1"}},
    ]


def test_addresses_come_from_the_first_variable_that_is_set():
    groups = prometheus_targets(["head", "empty"], HOSTVARS, 1, addresses=["slurm_node_address", "ansible_host"])
    assert [group["targets"] for group in groups] == [["empty:1"], ["10.1.0.4:1"]]


def test_ipv6_is_put_in_brackets():
    assert prometheus_targets(["six"], HOSTVARS, "9100")[0]["targets"] == ["[fd00::1]:9100"]


def test_labels_become_text_in_a_stable_order():
    labels = {"zone": 2, "gpu": True, "cluster": "lab", "partition": ["hpc", "htc"]}
    result = prometheus_targets(["head"], HOSTVARS, 9100, labels=labels, host_labels=["node"])[0]["labels"]
    assert list(result.items()) == [
        ("cluster", "lab"), ("gpu", "true"), ("node", "head"), ("partition", "hpc,htc"), ("zone", "2")
    ]  # fmt: skip


LISTENING = {
    "moved": {"ansible_host": "10.0.0.4", "listen": "0.0.0.0:9600"},
    "colon": {"ansible_host": "10.0.0.4", "listen": ":9600"},
    "any6": {"ansible_host": "10.0.0.4", "listen": "[::]:9600"},
    "loopback": {"ansible_host": "10.0.0.4", "listen": "127.0.0.1:9600"},
    "loopback6": {"ansible_host": "10.0.0.4", "listen": "[::1]:9600"},
    "other": {"ansible_host": "10.0.0.4", "listen": "10.1.0.4:9600"},
    "other6": {"ansible_host": "10.0.0.4", "listen": "[fd00::1]:9600"},
    "unsaid": {"ansible_host": "10.0.0.4"},
}


@pytest.mark.parametrize(
    ("host", "from_elsewhere", "from_here"),
    [
        ("moved", "10.0.0.4:9600", "127.0.0.1:9600"),
        ("colon", "10.0.0.4:9600", "127.0.0.1:9600"),
        ("any6", "10.0.0.4:9600", "127.0.0.1:9600"),
        ("loopback", "10.0.0.4:9600", "127.0.0.1:9600"),
        ("loopback6", "10.0.0.4:9600", "[::1]:9600"),
        ("other", "10.1.0.4:9600", "10.1.0.4:9600"),
        ("other6", "[fd00::1]:9600", "[fd00::1]:9600"),
        ("unsaid", "10.0.0.4:9500", "127.0.0.1:9500"),
    ],
)
def test_what_a_site_moved_is_found(host, from_elsewhere, from_here):
    for here, target in (("prometheus", from_elsewhere), (host, from_here)):
        (group,) = prometheus_targets([host], LISTENING, 9500, listen="listen", here=here)
        assert group["targets"] == [target]


@pytest.mark.parametrize(
    "value", ["::1", "::1:9500", "9500", "127.0.0.1", "127.0.0.1:0", "a:70000", "[::1]", "[a]:1", 9500]
)
def test_refuses_what_nothing_listens_on(value):
    with pytest.raises(AnsibleFilterError, match="has to be ADDRESS:PORT, an IPv6 address in brackets"):
        prometheus_targets(["h"], {"h": {"listen": value}}, 9500, listen="listen")


def test_no_hosts_give_an_empty_list():
    assert prometheus_targets([], HOSTVARS, 9100) == []


@pytest.mark.parametrize(
    "address", ["a b", "a/../b", "http://x", "-oProxyCommand=x", "a:b:c:z", "x\n- targets", "[::1]", 5]
)
def test_refuses_what_is_no_address(address):
    with pytest.raises(AnsibleFilterError, match="is not an address"):
        prometheus_targets(["h"], {"h": {"ansible_host": address}}, 9100)


@pytest.mark.parametrize("port", [0, 65536, -1, "x", True, None, 1.5])
def test_refuses_what_is_no_port(port):
    with pytest.raises(AnsibleFilterError, match="port must be"):
        prometheus_targets(["head"], HOSTVARS, port)


@pytest.mark.parametrize("name", ["a-b", "1a", "", "é", "a b", 1])
def test_refuses_what_is_no_label_name(name):
    with pytest.raises(AnsibleFilterError, match="is not a label name"):
        prometheus_targets(["head"], HOSTVARS, 9100, labels={name: "x"})


@pytest.mark.parametrize("value", [None, {"a": 1}, [1]])
def test_refuses_what_is_no_label_value(value):
    with pytest.raises(AnsibleFilterError, match="the label a must be"):
        prometheus_targets(["head"], HOSTVARS, 9100, labels={"a": value})


def test_refuses_other_types():
    with pytest.raises(AnsibleFilterError, match="list of host names"):
        prometheus_targets("head", HOSTVARS, 9100)
    with pytest.raises(AnsibleFilterError, match="labels must be a mapping"):
        prometheus_targets(["head"], HOSTVARS, 9100, labels=["a"])
    with pytest.raises(AnsibleFilterError, match="is not in the inventory"):
        prometheus_targets(["nowhere"], HOSTVARS, 9100)
