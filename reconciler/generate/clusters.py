"""Generator `clusters`: one set of parameters for each cluster, or one that lists them all."""

from __future__ import annotations

from reconciler.generate.context import Context
from reconciler.generate.facts import ClusterFact
from reconciler.generate.forms import with_values
from reconciler.generate.naming import normalized
from reconciler.generate.params import Params
from reconciler.generate.reading import texts
from reconciler.generate.selectors import is_empty, selects
from reconciler.models.manifest import JsonObject


def from_clusters(spec: JsonObject, context: Context) -> list[Params]:
    """Argo CD: the cluster without a Secret has no labels, so that any selector leaves it out."""
    selector = spec.get("selector") or {}
    chosen = [
        cluster
        for cluster in context.facts.clusters()
        if (selects(selector, cluster.labels) if cluster.secret else is_empty(selector))
    ]
    rows = with_values(texts(spec, "values"), [_params(c, nested=context.form.is_go) for c in chosen], context.form)
    return [{"clusters": rows}] if spec.get("flatList") else rows


def _params(cluster: ClusterFact, *, nested: bool) -> Params:
    params: Params = {
        "name": cluster.name,
        "nameNormalized": normalized(cluster.name) if cluster.secret else cluster.name,
        "server": cluster.server,
        "project": cluster.project,
    }
    if not cluster.secret:
        return params
    marks = {"labels": dict(cluster.labels), "annotations": dict(cluster.annotations)}
    if nested:
        return {**params, "metadata": {name: given for name, given in marks.items() if given}}
    named = {f"metadata.{name}.{key}": value for name, given in marks.items() for key, value in given.items()}
    return {**params, **named}
