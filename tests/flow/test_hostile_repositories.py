"""Repositories whose content wants to harm: a named error on their Application in time, and nothing else happens.

docs/security-cases.md says which of the cases each anchor of the reference is.
"""

from __future__ import annotations

import os
import time
from dataclasses import dataclass, field

import pytest

from tests.flow.tenancy import Tenant, a_config_map

RED = {"one.yaml": a_config_map("one", color="red")}
LIMIT_S = 25.0
"""A pass, with the deadline of its rendering in it."""

BOMB = "".join(f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9) if n else 'x'}]\n" for n in range(10))
FUNCTION = (
    "apiVersion: example.com/v1\nkind: Fn\nmetadata:\n  name: fn\n  annotations:\n"
    "    config.kubernetes.io/function: |\n      exec: {path: ./run.sh}\n"
)


GIGABYTES = "local s = std.repeat('x', 100000000); [s + i for i in std.range(1, 400)]"


@dataclass(frozen=True)
class Attack:
    """Files below `web/` and links from the root, and what the Application is to say of them."""

    words: str
    files: dict[str, str] = field(default_factory=dict)
    links: dict[str, str] = field(default_factory=dict)


def kustomization(words: str, text: str, **files: str) -> Attack:
    named = {name.replace("__", "."): content for name, content in files.items()}
    return Attack(words, {"kustomization.yaml": text, **named})


ATTACKS = {
    "a file that is a link to the machine": Attack("web/two.yaml", links={"web/two.yaml": "/etc/passwd"}),
    "a file that is a link above the root": Attack("web/two.yaml", links={"web/two.yaml": "../../../etc/passwd"}),
    "a folder that is a link above the root": Attack("leaves the repository", links={"web": "../../etc"}),
    "an alias bomb": Attack("excessive aliasing", {"two.yaml": f"{a_config_map('two')}{BOMB}"}),
    "100,000 brackets": Attack("max depth", {"two.yaml": f"{a_config_map('two')}v: {'[' * 100_000}\n"}),
    "100,000 brackets of JSON": Attack("web/two.json", {"two.json": '{"kind": ' + "[" * 100_000}),
    "a resource by its whole path": kustomization("leads out of the repository", "resources: [/etc/passwd]"),
    "a base above the root": kustomization("leads out of the repository", "resources: [../../..]"),
    "a generator's file of the machine": kustomization(
        "leads out of the repository", "secretGenerator: [{name: a, files: [../../../etc/passwd]}]"
    ),
    "an exec function": kustomization("external plugins disabled", "generators: [fn.yaml]", fn__yaml=FUNCTION),
    "a chart's program by its name": kustomization(
        "enable-helm", "helmCharts: [{name: x, repo: https://charts.example, releaseName: --post-renderer=./x}]"
    ),
    "a base on this machine": kustomization("is not permitted", "resources: ['http://127.0.0.1:1/x//y?ref=main']"),
    "a base at the metadata address": kustomization(
        "is not permitted", "resources: ['http://169.254.169.254/latest//meta-data']"
    ),
    "a base by another protocol": kustomization("file", "resources: ['file:///etc//x']"),
    "a base in another repository": kustomization("is not permitted", "resources: ['git::https://evil.example/a//b']"),
    "a base by SSH": kustomization("is not permitted", "resources: ['git@evil.example:a/b//c']"),
    "a base of a known forge": kustomization("is not permitted", "resources: [github.com/evil/a//b]"),
    "Jsonnet that never ends": Attack("web/two.jsonnet", {"two.jsonnet": "local f(x) = f(x + 1) + 1; f(0)"}),
    "Jsonnet that reads the machine": Attack("web/two.jsonnet", {"two.jsonnet": "{a: importstr '/etc/passwd'}"}),
}


@pytest.mark.parametrize("attack", ATTACKS.values(), ids=ATTACKS)
def test_an_attack_is_told_in_time_and_touches_nothing(tenant: Tenant, attack: Attack) -> None:
    key = tenant.deploy(RED, project=tenant.project(sourceRepos=[tenant.repo_url]))
    worker, before, log = os.getpid(), set(tenant.services.readers.pool.pids()), tenant.audit()
    if attack.files:
        tenant.push(attack.files)
    if "web" in attack.links:
        tenant.push(dict.fromkeys(RED))
    if attack.links:
        tenant.link(attack.links)
    begun = time.monotonic()
    tenant.reconcile(key)

    assert time.monotonic() - begun < LIMIT_S
    message = tenant.conditions(key)["ComparisonError"]
    assert attack.words in message
    assert "root:" not in message
    assert tenant.sent(log) == []
    assert tenant.data("one") == {"color": "red"}
    assert os.getpid() == worker
    assert set(tenant.services.readers.pool.pids()) & before


def test_a_deadly_rendering_costs_its_child_and_nobody_else_anything(tenant: Tenant) -> None:
    key = tenant.deploy(RED)
    worker, log = os.getpid(), tenant.audit()
    tenant.push({"two.jsonnet": GIGABYTES})
    begun = time.monotonic()
    tenant.reconcile(key)

    assert time.monotonic() - begun < LIMIT_S
    assert "renderer" in tenant.conditions(key)["ComparisonError"]
    assert (tenant.sent(log), tenant.data("one")) == ([], {"color": "red"})

    tenant.push({"two.yaml": a_config_map("two", color="red")}, to="other")
    fine = tenant.create(tenant.application(name=f"{tenant.repo}-other", path="other"))
    tenant.reconcile(fine)
    assert tenant.verdict(fine) == ("Synced", "Healthy")
    assert os.getpid() == worker
