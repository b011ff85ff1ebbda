"""Group lists → surface."""

from __future__ import annotations

import msgspec

from reconciler.clusters.discovery import _Group, surface_of
from reconciler.models.keys import GroupKind


def a_group(name: str, *versions: tuple[str, str], freshness: str = "Current") -> _Group:
    """A group with (version, kind) pairs; the plural is the lower-case kind with an s."""
    return msgspec.convert(
        {
            "metadata": {"name": name},
            "versions": [
                {
                    "version": version,
                    "freshness": freshness,
                    "resources": [
                        {"resource": f"{kind.lower()}s", "responseKind": {"kind": kind}, "scope": "Namespaced"}
                    ],
                }
                for version, kind in versions
            ],
        },
        _Group,
    )


def test_the_first_version_that_serves_a_kind_is_preferred() -> None:
    surface = surface_of([a_group("apps", ("v2", "Web"), ("v1", "Web"), ("v1", "Old"))], "v1.36.0")
    web, old = surface.find(GroupKind("apps", "Web")), surface.find(GroupKind("apps", "Old"))
    assert web is not None
    assert old is not None
    assert (web.version, web.versions) == ("v2", ("v2", "v1"))
    assert (old.version, old.plural, old.namespaced) == ("v1", "olds", True)


def test_a_stale_group_is_named_as_failed_even_where_it_still_lists_kinds() -> None:
    surface = surface_of(
        [a_group("metrics.k8s.io", ("v1", "Node"), freshness="Stale"), a_group("", ("v1", "Pod"))], "v"
    )
    assert surface.failed_groups == {"metrics.k8s.io"}
    assert surface.find(GroupKind("metrics.k8s.io", "Node")) is not None
