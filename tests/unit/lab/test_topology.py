"""Names and addresses."""

from __future__ import annotations

import ipaddress

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lab import topology
from lab.errors import LabError

NETWORKS = st.builds(
    lambda number, prefix: ipaddress.IPv4Network((number, prefix), strict=False),
    st.integers(ipaddress.IPv4Address("10.212.0.0")._ip, ipaddress.IPv4Address("10.214.255.255")._ip),
    st.integers(17, 32),
)


@settings(deadline=None)
@given(st.lists(NETWORKS, max_size=20))
def test_a_chosen_network_overlaps_nothing(taken: list[ipaddress.IPv4Network]) -> None:
    try:
        chosen = topology.choose_subnet(taken)
    except LabError:
        covered = ipaddress.collapse_addresses(taken)
        assert sum(len(list(n.subnets(new_prefix=24))) if n.prefixlen < 24 else 1 for n in covered) >= 256
        return
    assert chosen.prefixlen == 24
    assert not any(chosen.overlaps(network) for network in taken)


def test_labs_get_one_network_after_the_other() -> None:
    first = topology.choose_subnet([])
    assert topology.choose_subnet([first]) != first


def test_a_default_route_takes_nothing() -> None:
    assert topology.choose_subnet([ipaddress.IPv4Network("0.0.0.0/0")])


def test_a_route_over_the_whole_block_is_refused_in_one_sentence() -> None:
    with pytest.raises(LabError, match="ip route"):
        topology.choose_subnet([ipaddress.IPv4Network("10.0.0.0/8")])


def test_every_machine_has_an_address_of_its_own() -> None:
    subnet = ipaddress.IPv4Network("10.213.7.0/24")
    names = (*topology.ALWAYS_ON, *topology.CLOUD_NODES, topology.VM)
    addresses = [topology.address(subnet, name) for name in names] + [topology.gateway(subnet)]
    assert len(set(addresses)) == len(addresses)
    assert all(ipaddress.IPv4Address(address) in subnet for address in addresses)


def test_virtual_machines_of_several_labs_have_hardware_addresses_of_their_own() -> None:
    first, second = (topology.mac(ipaddress.IPv4Network(f"10.213.{n}.0/24"), topology.VM) for n in (7, 8))
    assert first == "52:54:0a:d5:07:0d"
    assert second != first


@pytest.mark.parametrize("name", ["lab", "a", "two-labs", "x2", "a" * 12])
def test_names_that_interfaces_can_carry(name: str) -> None:
    assert topology.check_name(name) == name
    assert len(topology.bridge_name(name)) <= 15
    assert len(topology.tap_name(name)) <= 15


@pytest.mark.parametrize("name", ["", "Lab", "1lab", "-lab", "lab-", "../lab", "a" * 13, "lab\n", "a b", "läb"])
def test_names_that_are_refused(name: str) -> None:
    with pytest.raises(LabError, match="cannot name a lab"):
        topology.check_name(name)
