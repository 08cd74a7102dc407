"""Which addresses a webhook may reach: a partner's on the public internet, never one of our own.

A name is resolved once, every address it has is judged, and the connection goes to an address that
was judged: a name that answers differently the next time (DNS rebinding) gains nothing.
"""

import re
import socket
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address

from nostop.model import PluginError
from notifications._settings import is_loopback

# A name, whose last part begins with a letter: no number, in whatever base, is one.
_NAME = r"(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z](?:[a-z0-9-]{0,61}[a-z0-9])?"
_HERE = r"localhost|127\.0\.0\.1|\[::1\]"
_URL = re.compile(
    rf"https://(?P<host>{_NAME}|{_HERE})(?::(?P<port>[1-9][0-9]{{0,4}}))?"
    r"(?P<path>/[A-Za-z0-9._~%/-]*(?:\?[A-Za-z0-9._~%=&-]*)?)?"
)
_LONGEST_NAME = 253
_HTTPS = 443
_HIGHEST_PORT = 65535
# IANA's special-purpose registries, and what is for many receivers. Written out, because what
# Python calls global differs from one version to the next.
_NOT_PUBLIC_4 = [
    IPv4Network(network)
    for network in (
        *("0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16"),
        *("172.16.0.0/12", "192.0.0.0/24", "192.0.2.0/24", "192.88.99.0/24", "192.168.0.0/16"),
        *("198.18.0.0/15", "198.51.100.0/24", "203.0.113.0/24", "224.0.0.0/4", "240.0.0.0/4"),
    )
]
_PUBLIC_6 = IPv6Network("2000::/3")
# Teredo and 6to4 carry an IPv4 address, and nobody needs them any more.
_NOT_PUBLIC_6 = [
    IPv6Network(network) for network in ("2001::/23", "2001:db8::/32", "2002::/16", "3fff::/20")
]
#: Where a network has IPv6 only, a public IPv4 address stands in the last 32 bits of this one.
_NAT64 = IPv6Network("64:ff9b::/96")


@dataclass(frozen=True, slots=True)
class Target:
    """Where a webhook goes. `host` is a name, or this machine's own address without brackets."""

    host: str
    port: int
    path: str

    @property
    def authority(self) -> str:
        """The host and its port, as the header Host has them."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == _HTTPS else f"{host}:{self.port}"


def target(url: str, allowed_hosts: tuple[str, ...], *, allow_loopback: bool) -> Target:
    """Return where an address leads.

    Args:
        url: `https://` with a name, a port and a path, and nothing else.
        allowed_hosts: names that may be reached; with a port, where that is not 443.
        allow_loopback: the host is this machine, and has to be.

    Raises:
        PluginError: the address may not be used. It is not repeated: it may hold a secret.
    """
    found = _URL.fullmatch(url)
    port = int(found["port"] or _HTTPS) if found else 0
    if found is None or len(found["host"]) > _LONGEST_NAME or port > _HIGHEST_PORT:
        raise PluginError(
            "webhook: url is https://, a host's name in small letters of ASCII, perhaps a port and "
            "a path, and nothing else: no number for a host, no user, no fragment"
        )
    host = found["host"].strip("[]")
    place = Target(host, port, found["path"] or "/")
    if place.authority not in allowed_hosts:
        raise PluginError(
            "webhook: the host of url is not in allowed_hosts; a port other than 443 stands there "
            "with it"
        )
    if allow_loopback != is_loopback(host):
        raise PluginError(
            "webhook: allow_loopback is for tests, where the host of url is this machine, and only "
            "there"
        )
    return place


def resolve(host: str, port: int) -> list[str]:
    """Return the addresses of a host, as this machine's resolver gives them.

    Raises:
        OSError: there are none.
    """
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(place[4][0]) for place in found))


def may_be_reached(address: str, *, loopback: bool) -> bool:
    """Return whether we may connect to an IP address; with `loopback`, to this machine only."""
    try:
        ip = ip_address(address)
    except ValueError:
        return False
    return ip.is_loopback if loopback else _is_public(ip)


def _is_public(ip: IPv4Address | IPv6Address) -> bool:
    if isinstance(ip, IPv4Address):
        return not any(ip in network for network in _NOT_PUBLIC_4)
    if ip in _NAT64:
        return _is_public(IPv4Address(int(ip) & 0xFFFFFFFF))
    return ip in _PUBLIC_6 and not any(ip in network for network in _NOT_PUBLIC_6)
