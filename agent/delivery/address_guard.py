"""Which IP addresses a webhook may never reach.

An explicit list: `ipaddress.is_global` calls translated forms of private addresses global and differs between
releases of Python.
"""

from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network


def _networks(text: str) -> tuple[Network, ...]:
    return tuple(ip_network(word) for word in text.split())


# The operator's own networks: refused unless the setting allows private targets.
PRIVATE = _networks("10.0.0.0/8 100.64.0.0/10 127.0.0.0/8 172.16.0.0/12 192.168.0.0/16 ::1/128 fc00::/7")

# Never a webhook: unspecified, link-local (cloud metadata), documentation, benchmarking, multicast, reserved,
# and the ranges that wrap an IPv4 address (NAT64, 6to4, Teredo) and so hide one of the above.
NEVER = _networks(
    """
    0.0.0.0/8 169.254.0.0/16 192.0.0.0/24 192.0.2.0/24 192.88.99.0/24 198.18.0.0/15 198.51.100.0/24
    203.0.113.0/24 224.0.0.0/4 240.0.0.0/4 168.63.129.16/32
    ::/96 64:ff9b::/96 64:ff9b:1::/48 100::/64 2001::/23 2001:db8::/32 2002::/16 3fff::/20 5f00::/16
    fe80::/10 fec0::/10 ff00::/8
    """
)


def is_denied(address: str, *, allow_private: bool = False) -> bool:
    """Whether a connection to this IP address is refused. What cannot be read as an address is refused too."""
    try:
        plain = _unwrapped(ip_address(address))
    except ValueError:
        return True
    if _within(plain, PRIVATE):
        return not allow_private
    return _within(plain, NEVER)


def _unwrapped(address: Address) -> Address:
    mapped = address.ipv4_mapped if isinstance(address, IPv6Address) else None
    return mapped or address


def _within(address: Address, networks: tuple[Network, ...]) -> bool:
    return any(address.version == network.version and address in network for network in networks)
