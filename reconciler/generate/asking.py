"""Generators that ask somebody else: `clusterDecisionResource` an object of the cluster, `plugin` a service."""

from __future__ import annotations

from collections.abc import Iterator

from reconciler.generate.context import Context
from reconciler.generate.facts import ClusterFact
from reconciler.generate.faults import GeneratorFault
from reconciler.generate.forms import with_values
from reconciler.generate.params import Params, flattened
from reconciler.generate.reading import items, required, text, texts
from reconciler.models.manifest import JsonObject


def from_decisions(spec: JsonObject, context: Context) -> list[Params]:
    """One set of parameters for each cluster that the resources' status lists."""
    config = context.facts.config_map(str(required(spec, "configMapRef")))
    if bool(spec.get("name")) == bool(spec.get("labelSelector")):
        raise GeneratorFault("clusterDecisionResource: give either name or labelSelector")
    key, listed = str(required(dict(config), "matchKey")), config.get("statusListKey") or "clusters"
    api_version, kind = str(required(dict(config), "apiVersion")), str(required(dict(config), "kind"))
    found = context.facts.resources(api_version, _singular(kind), spec)
    clusters = {cluster.name: cluster for cluster in context.facts.clusters()}
    decisions = [one for body in found for one in items(body.get("status") or {}, listed)]
    rows = list(_decided(decisions, key, clusters))
    return with_values(texts(spec, "values"), rows, context.form)


def _singular(kind: str) -> str:
    """As it is written: the resource's plural in most examples, its kind in others."""
    return kind


def _decided(decisions: list[JsonObject], key: str, clusters: dict[str, ClusterFact]) -> Iterator[Params]:
    """Argo CD: what names no known cluster is passed over; each cluster counts once."""
    seen: set[str] = set()
    for decision in decisions:
        cluster = clusters.get(str(decision.get(key, "")))
        if cluster is None or cluster.name in seen:
            continue
        seen.add(cluster.name)
        given = {name: value for name, value in decision.items() if isinstance(value, str)}
        yield {"name": cluster.name, "server": cluster.server, **given}


def from_plugin(spec: JsonObject, context: Context) -> list[Params]:
    """What the plugin answers, and what it was asked under `generator.input.parameters`."""
    config = required(spec, "configMapRef")
    name = text(config if isinstance(config, dict) else {}, "name")
    if not name:
        raise GeneratorFault("plugin: configMapRef.name is required")
    asked = (spec.get("input") or {}).get("parameters") or {}
    rows = [_answered(answer, asked, nested=context.form.is_go) for answer in context.facts.plugin(name, asked)]
    return with_values(texts(spec, "values"), rows, context.form)


def _answered(answer: JsonObject, asked: JsonObject, *, nested: bool) -> Params:
    params = dict(answer) if nested else flattened(answer)
    return {**params, "generator": {"input": {"parameters": asked}}}
