"""A project keeps the difference between no list and an empty one."""

import pytest

from reconciler.models.project import AppProject


@pytest.mark.parametrize(("spec", "absent"), [({}, True), ({"namespaceResourceWhitelist": []}, False)])
def test_an_absent_whitelist_of_namespaced_kinds_is_not_an_empty_one(spec: dict[str, list[str]], absent: bool) -> None:
    obj = {"metadata": {"name": "shop"}, "spec": spec}
    project = AppProject.parse(obj)
    assert (project.spec.namespace_resource_whitelist is None) is absent
    assert project.to_json() == obj


def test_a_project_without_spec_allows_no_source_and_no_destination() -> None:
    spec = AppProject.parse({"metadata": {"name": "shop"}}).spec
    assert spec.source_repos == ()
    assert spec.destinations == ()
    assert spec.cluster_resource_whitelist == ()
