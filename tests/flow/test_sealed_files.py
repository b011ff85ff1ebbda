"""Applications with files sealed by SOPS: keys from the project's Secret, and no value where people look."""

from __future__ import annotations

import base64
from dataclasses import asdict

import redis

from reconciler.models.manifest import JsonObject
from reconciler.sandbox.valkey import Valkey
from tests.flow.tenancy import Tenant, a_config_map
from tests.support.flow import PROJECT
from tests.support.sealed import AGE_KEY, DSN, OTHER_AGE_KEY, PASSWORD, SEALED_SECRET, SEALED_SETTINGS

FILES = {"secret.yaml": SEALED_SECRET, "settings.yaml": SEALED_SETTINGS, "plain.yaml": a_config_map("plain", a="b")}
PART = {"app.kubernetes.io/part-of": "argocd"}


def give_key(tenant: Tenant, text: str = AGE_KEY, labels: dict[str, str] | None = None) -> str:
    """A project whose annotation names a Secret with this key; the project's name."""
    name = tenant.project()
    metadata = {"name": name, "namespace": tenant.control_namespace, "annotations": {"reconciler.dev/sops-keys": name}}
    tenant.plane.api.apply({**PROJECT, "metadata": metadata})
    secret = {"name": name, "namespace": tenant.control_namespace, "labels": PART if labels is None else labels}
    data = {"it.agekey": base64.b64encode(text.encode()).decode()}
    tenant.plane.api.apply({"apiVersion": "v1", "kind": "Secret", "metadata": secret, "data": data})
    tenant.services.readers.catalog.invalidate()
    return name


def secret(tenant: Tenant) -> JsonObject | None:
    return tenant.plane.api.find(f"/api/v1/namespaces/{tenant.target_namespace}/secrets/token")


def test_sealed_files_are_deployed_in_plain_and_are_synced(tenant: Tenant) -> None:
    key = tenant.deploy(FILES, project=give_key(tenant))
    found = secret(tenant)
    assert found is not None
    assert base64.b64decode(found["data"]["password"]).decode() == PASSWORD
    assert tenant.data("settings") == {"dsn": DSN}
    tenant.reconcile(key)
    assert tenant.verdict(key) == ("Synced", "Healthy")


def test_no_value_is_where_people_look_nor_in_redis(tenant: Tenant, module_valkey: Valkey) -> None:
    key = tenant.deploy(FILES, project=give_key(tenant))
    tenant.by_hand("settings", {"data": {"dsn": "canary-by-hand"}})
    tenant.by_hand("plain", {"data": {"a": "shown"}})
    result = tenant.reconcile(key)
    told = str(asdict(result)) + str(tenant.read(key))
    told += str(tenant.plane.api.get(f"/api/v1/namespaces/{tenant.control_namespace}/events"))
    assert tenant.data("settings") == {"dsn": DSN}, "it was mended"
    assert "canary" not in told
    (shown,) = [entry for entry in result.objects if entry.key.name == "plain"]
    assert [difference.live for difference in shown.differences] == ["shown"], "of other objects they are"
    (hidden,) = [entry for entry in result.objects if entry.key.name == "settings"]
    assert [difference.path for difference in hidden.differences] == ["data.dsn"]
    client = redis.Redis.from_url(module_valkey.url)
    dumps = [client.dump(name) for name in client.scan_iter()]
    assert dumps
    assert not any(b"canary" in dump for dump in dumps if isinstance(dump, bytes))


def test_without_a_key_nothing_is_deployed_and_a_key_mends_it(tenant: Tenant) -> None:
    key = tenant.deploy(FILES, project=tenant.project())
    message = tenant.conditions(key)["ComparisonError"]
    assert "web/secret.yaml: is sealed by SOPS for age age1" in message
    assert "the project names no keys: annotate it with reconciler.dev/sops-keys" in message
    assert (secret(tenant), tenant.data("settings"), tenant.data("plain")) == (None, None, None)
    give_key(tenant)
    tenant.reconcile(key)
    assert secret(tenant) is not None
    assert "ComparisonError" not in tenant.conditions(key)


def test_anothers_key_opens_nothing(tenant: Tenant) -> None:
    key = tenant.deploy(FILES, project=give_key(tenant, OTHER_AGE_KEY))
    message = tenant.conditions(key)["ComparisonError"]
    assert "none of the project's keys opens it" in message
    assert OTHER_AGE_KEY.strip() not in message
    assert secret(tenant) is None


def test_a_secret_that_is_no_part_of_argocd_gives_no_key(tenant: Tenant) -> None:
    key = tenant.deploy(FILES, project=give_key(tenant, labels={}))
    assert "lacks the label app.kubernetes.io/part-of: argocd" in tenant.conditions(key)["ComparisonError"]
    assert secret(tenant) is None


def test_an_application_without_sealed_files_needs_no_key(tenant: Tenant) -> None:
    give_key(tenant, labels={})
    key = tenant.deploy({"plain.yaml": a_config_map("plain", a="b")}, project=tenant.repo)
    assert tenant.verdict(key) == ("Synced", "Healthy")
