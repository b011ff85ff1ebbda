"""Where a fetch of charts may lead."""

import ipaddress

import pytest

from reconciler.errors import SourceError
from reconciler.sources.charts.egress import Egress

HOME = "charts.corp:443"
PUBLIC, PRIVATE, LOOPBACK, METADATA = "93.184.216.34", "10.1.2.3", "127.0.0.1", "169.254.169.254"


def may(egress: Egress, place: str, address: str) -> bool:
    try:
        egress.check(place, ipaddress.ip_address(address))
    except SourceError:
        return False
    return True


@pytest.mark.parametrize(
    ("place", "address", "anonymous", "configured"),
    [
        (HOME, PUBLIC, True, True),
        (HOME, PRIVATE, True, True),
        (HOME, LOOPBACK, True, True),
        (HOME, METADATA, False, True),
        (HOME, "fd00:ec2::254", False, True),
        ("other.test:443", PUBLIC, True, True),
        ("other.test:443", PRIVATE, False, False),
        ("other.test:443", LOOPBACK, False, False),
        ("other.test:443", METADATA, False, False),
        ("other.test:443", "::ffff:10.1.2.3", False, False),
        ("other.test:443", "64:ff9b::7f00:1", False, False),
        ("other.test:443", "fe80::1", False, False),
        ("other.test:443", "224.0.0.1", False, False),
        ("other.test:443", "100.64.0.1", False, False),
        ("charts.corp:8443", LOOPBACK, False, False),
        ("mirror.corp:443", PRIVATE, True, True),
    ],
)
def test_private_addresses_are_for_the_repository_itself_and_for_named_hosts(
    place: str, address: str, anonymous: bool, configured: bool
) -> None:
    neighbours = frozenset({"mirror.corp:443"})
    assert may(Egress(HOME, is_configured=False, neighbours=neighbours), place, address) == anonymous
    assert may(Egress(HOME, is_configured=True, neighbours=neighbours), place, address) == configured
