"""Where a fetch of charts may lead: anywhere public, to its own repository, and to hosts that an administrator named.

An index, a redirect or a registry names further addresses, so whoever writes one could else look round inside.
"""

from __future__ import annotations

import ipaddress
import socket
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass

from reconciler.errors import SourceError, SourceUnavailable
from reconciler.sources.credentials import Access
from reconciler.sources.urls import parse_any

Ip = ipaddress.IPv4Address | ipaddress.IPv6Address

METADATA = frozenset(map(ipaddress.ip_address, ("100.100.100.200", "192.0.0.192", "fd00:ec2::254")))
"""Where clouds give machines their credentials, beside the link-local 169.254.169.254."""

_EMBEDDING = ipaddress.ip_network("64:ff9b::/96")
"""IPv6 addresses that mean the IPv4 address in their last four bytes."""


@dataclass(frozen=True, slots=True)
class Egress:
    """`home` is where the repository itself answers; `is_configured`: an administrator wrote a Secret for it.

    Places are written `host:port`: another port of the same machine is another place.
    """

    home: str
    is_configured: bool
    neighbours: frozenset[str]

    @classmethod
    def of(cls, access: Access) -> Egress:
        return cls(parse_any(f"{access.origin}/_").place, access.is_configured, access.neighbours)

    def addresses(self, host: str, port: int) -> Sequence[str]:
        """A host's addresses, each of which may be connected to. Raises SourceError, SourceUnavailable (unknown)."""
        name = host.strip("[]")
        try:
            found = socket.getaddrinfo(name, port, type=socket.SOCK_STREAM)
        except (OSError, UnicodeError) as error:
            raise SourceUnavailable(f"the name {name} cannot be resolved") from error
        addresses = list(dict.fromkeys(str(row[4][0]).partition("%")[0] for row in found))
        for address in addresses:
            self.check(f"{host}:{port}", ipaddress.ip_address(address))
        return addresses

    def check(self, place: str, address: Ip) -> None:
        """Raises SourceError where this place must not be asked at this address."""
        real = _real(address)
        if not self._may(place.lower(), real):
            kind = "gives machines their credentials" if _is_metadata(real) else "is no public address"
            raise SourceError(
                f"{place} is refused: {real} {kind}; if it is meant, add a repository Secret that names it"
            )

    def _may(self, place: str, address: Ip) -> bool:
        if place in self.neighbours or (place == self.home and self.is_configured):
            return True
        if place == self.home:
            return not _is_metadata(address)
        return address.is_global and not address.is_multicast


def check_host(access: Access) -> None:
    """Raises SourceError where a repository's own host must not be asked, because a file names it and no Secret does.

    A name that nobody knows is left to whoever connects.
    """
    address = access.address
    with suppress(SourceUnavailable):
        Egress.of(access).addresses(address.host, address.port)


def _is_metadata(address: Ip) -> bool:
    return address.is_link_local or address in METADATA


def _real(address: Ip) -> Ip:
    """The address that is meant by one that embeds it."""
    if isinstance(address, ipaddress.IPv6Address):
        if address.ipv4_mapped:
            return address.ipv4_mapped
        if address in _EMBEDDING:
            return ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)
    return address
