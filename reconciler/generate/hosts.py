"""Generators `scmProvider` and `pullRequest`: what a source code host lists, filtered."""

from __future__ import annotations

import re
from typing import Final

from reconciler.generate.context import Context
from reconciler.generate.facts import PullRequest, ScmRepository
from reconciler.generate.faults import GeneratorFault
from reconciler.generate.forms import with_values
from reconciler.generate.naming import normalized, slug
from reconciler.generate.params import Params
from reconciler.generate.reading import items, text, texts
from reconciler.models.manifest import JsonObject

SHORT_SHA: Final = 8


def from_scm(spec: JsonObject, context: Context) -> list[Params]:
    """One set of parameters for each branch that passes any filter. Argo CD: no filter lets all through."""
    filters = items(spec, "filters")
    chosen = [
        found
        for found in context.facts.repositories(spec)
        if not filters or any(_passes(one, found, spec, context) for one in filters)
    ]
    return with_values(texts(spec, "values"), [_branch_params(found) for found in chosen], context.form)


def _passes(wanted: JsonObject, found: ScmRepository, spec: JsonObject, context: Context) -> bool:
    """All conditions of one filter; those that cost a question come last."""
    label = text(wanted, "labelMatch")
    return (
        matches(text(wanted, "repositoryMatch"), found.repository)
        and matches(text(wanted, "branchMatch"), found.branch)
        and (not label or any(matches(label, mark) for mark in found.labels))
        and all(context.facts.has_path(spec, found, path) for path in wanted.get("pathsExist") or ())
        and not any(context.facts.has_path(spec, found, path) for path in wanted.get("pathsDoNotExist") or ())
    )


def matches(pattern: str, value: str) -> bool:
    """Whether a regular expression is found in the text; an empty one always is. Raises GeneratorFault."""
    try:
        return bool(re.search(pattern, value))
    except re.error as error:
        raise GeneratorFault(f"filters: {pattern!r} is no regular expression: {error}") from None


def _branch_params(found: ScmRepository) -> Params:
    return {
        "organization": found.organization,
        "repository": found.repository,
        "repository_id": found.repository_id,
        "url": found.url,
        "branch": found.branch,
        "branchNormalized": normalized(found.branch),
        "sha": found.sha,
        "short_sha": found.sha[:SHORT_SHA],
        "short_sha_7": found.sha[:7],
        "labels": ",".join(found.labels),
    }


def from_pull_requests(spec: JsonObject, context: Context) -> list[Params]:
    """One set of parameters for each open request that passes any filter."""
    filters = items(spec, "filters")
    chosen = [
        found
        for found in context.facts.pull_requests(spec)
        if not filters or any(_request_passes(one, found) for one in filters)
    ]
    rows = [_request_params(found, nested=context.form.is_go) for found in chosen]
    return with_values(texts(spec, "values"), rows, context.form)


def _request_passes(wanted: JsonObject, found: PullRequest) -> bool:
    asked = {"branchMatch": found.branch, "targetBranchMatch": found.target, "titleMatch": found.title}
    return all(matches(text(wanted, name), value) for name, value in asked.items())


def _request_params(found: PullRequest, *, nested: bool) -> Params:
    params: Params = {
        "number": found.number,
        "title": found.title,
        "branch": found.branch,
        "branch_slug": slug(found.branch),
        "target_branch": found.target,
        "target_branch_slug": slug(found.target),
        "head_sha": found.sha,
        "head_short_sha": found.sha[:SHORT_SHA],
        "head_short_sha_7": found.sha[:7],
        "author": found.author,
    }
    return {**params, "labels": list(found.labels)} if nested else params
