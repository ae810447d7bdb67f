from ipaddress import ip_address

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.delivery.address_guard import is_denied

PRIVATE = [
    "10.0.0.1", "100.64.0.1", "100.127.255.255", "127.0.0.1", "127.255.255.254", "172.16.0.1", "172.31.255.255",
    "192.168.1.1", "::1", "fc00::1", "fd12:3456::1", "::ffff:127.0.0.1", "::ffff:10.0.0.1",
]  # fmt: skip
NEVER = [
    "0.0.0.0", "0.1.2.3", "169.254.169.254", "192.0.0.8", "192.0.2.1", "192.88.99.1", "198.18.0.1", "198.51.100.7",
    "203.0.113.9", "224.0.0.1", "239.255.255.255", "240.0.0.1", "255.255.255.255", "168.63.129.16", "::",
    "::7f00:1", "64:ff9b::a9fe:a9fe", "64:ff9b:1::7f00:1", "100::1", "2001::1", "2001:db8::1", "2002:a9fe:a9fe::1",
    "3fff::1", "5f00::1", "fe80::1", "fe80::1%1", "fec0::1", "ff02::1", "::ffff:169.254.169.254", "::ffff:0.0.0.0",
]  # fmt: skip
PUBLIC = ["1.1.1.1", "8.8.8.8", "93.184.216.34", "100.63.255.255", "100.128.0.1", "172.32.0.1", "168.63.129.17",
          "2606:4700:4700::1111", "2a00:1450:4001::1", "2001:4860:4860::8888", "::ffff:8.8.8.8"]  # fmt: skip


@pytest.mark.parametrize("address", PRIVATE + NEVER)
def test_no_inner_address_is_reached(address):
    assert is_denied(address)


@pytest.mark.parametrize("address", PUBLIC)
def test_public_addresses_are_reached(address):
    assert not is_denied(address)
    assert not is_denied(address, allow_private=True)


@pytest.mark.parametrize("address", PRIVATE)
def test_the_setting_opens_the_operators_own_networks(address):
    assert not is_denied(address, allow_private=True)


@pytest.mark.parametrize("address", NEVER)
def test_metadata_and_wrapped_addresses_stay_shut_whatever_the_setting(address):
    assert is_denied(address, allow_private=True)


@pytest.mark.parametrize("text", ["", "localhost", "127.1", "0x7f000001", "2130706433", "1.2.3.4.5", "::g"])
def test_what_is_no_address_is_refused(text):
    assert is_denied(text, allow_private=True)


@given(st.ip_addresses(v=4))
def test_mapping_into_ipv6_changes_nothing(address):
    assert is_denied(str(address)) == is_denied(f"::ffff:{address}")


@given(st.ip_addresses())
def test_what_python_calls_private_or_reserved_is_denied_too(address):
    if address.is_private or address.is_loopback or address.is_link_local or address.is_multicast:
        assert is_denied(str(ip_address(address)))
