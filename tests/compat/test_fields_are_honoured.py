"""Each field that the table calls honoured changes what a pass decides; ignoring it fails its test here."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from reconciler.models.keys import CommitId, RepoUrl
from reconciler.models.manifest import LiveObject, Manifest
from reconciler.models.observed import Reading
from reconciler.models.source import ApplicationSource
from reconciler.models.toolsettings import ToolSettings
from reconciler.plan.autosync import Nothing, StartSync, Wait
from reconciler.plan.desired import finalize
from reconciler.plan.health import assess
from reconciler.plan.lens import Lens
from reconciler.plan.status import next_status
from reconciler.render.protocol import Params
from reconciler.render.readset import ReadLog, Sight
from reconciler.render.request import RenderJob, prepare
from reconciler.render.tools.directory import JsonnetParams, Variable
from reconciler.render.tools.helm import FileParameter, Parameter, Place, ValueFile
from reconciler.render.tools.kustomize import Patch, Replica, Target
from tests.compat.situations import (
    BEFORE,
    COMMIT,
    NOW,
    SOURCE,
    SURFACE,
    Json,
    actions,
    app,
    automated,
    changed,
    last,
    live,
    manifest,
    plan,
    project,
)
from tests.support.trees import MemoryTree

A = manifest("a")
BOUND = Variable("a", "b", code=True)
SETTINGS = ToolSettings(versions={"v4": ("--as-said",)})


# Source and destination


@pytest.mark.parametrize(
    ("directory", "field", "value"),
    [
        ({"recurse": True}, "recurse", True),
        ({"include": "*.yaml"}, "include", "*.yaml"),
        ({"exclude": "x/*"}, "exclude", "x/*"),
        ({"disableExtensionFilter": True}, "disable_extension_filter", True),
        ({"jsonnet": {"extVars": [{"name": "a", "value": "b", "code": True}]}}, "jsonnet", JsonnetParams((BOUND,))),
        ({"jsonnet": {"tlas": [{"name": "a", "value": "b", "code": True}]}}, "jsonnet", JsonnetParams(tlas=(BOUND,))),
        ({"jsonnet": {"libs": ["vendor"]}}, "jsonnet", JsonnetParams(libs=("vendor",))),
    ],
)
def test_directory_settings_reach_the_renderer(directory: Json, field: str, value: object) -> None:
    source = ApplicationSource.model_validate({**SOURCE, "directory": directory})
    assert getattr(asked_of_the_renderer(source), field) == value


@pytest.mark.parametrize(
    ("given", "field", "value"),
    [
        ({"namePrefix": "x"}, "name_prefix", "x"),
        ({"nameSuffix": "x"}, "name_suffix", "x"),
        ({"images": ["a:1"]}, "images", ("a:1",)),
        ({"commonLabels": {"a": "b"}}, "common_labels", {"a": "b"}),
        ({"commonAnnotations": {"a": "b"}}, "common_annotations", {"a": "b"}),
        ({"forceCommonLabels": True}, "force_common_labels", True),
        ({"forceCommonAnnotations": True}, "force_common_annotations", True),
        (
            {"commonAnnotations": {"a": "$ARGOCD_APP_NAME"}, "commonAnnotationsEnvsubst": True},
            "common_annotations",
            {"a": "shop"},
        ),
        ({"labelWithoutSelector": True}, "label_without_selector", True),
        ({"labelIncludeTemplates": True}, "label_include_templates", True),
        ({"namespace": "x"}, "namespace", "x"),
        ({"replicas": [{"name": "a", "count": "3"}]}, "replicas", (Replica("a", "3"),)),
        (
            {"patches": [{"path": "p", "patch": "q", "target": {"kind": "K"}, "options": {"allowNameChange": True}}]},
            "patches",
            (Patch("p", "q", Target("", "", "K", "", "", "", ""), {"allowNameChange": True}),),
        ),
        ({"components": ["a"]}, "components", ("a",)),
        ({"ignoreMissingComponents": True}, "ignore_missing_components", True),
        ({"version": "v4"}, "build_options", ("--as-said",)),
        ({"kubeVersion": "1.30"}, "kube_version", "1.30"),
        ({"apiVersions": ["v1/Pod"]}, "api_versions", ("v1/Pod",)),
    ],
)
def test_kustomize_settings_reach_the_renderer(given: Json, field: str, value: object) -> None:
    source = ApplicationSource.model_validate({**SOURCE, "kustomize": given})
    assert getattr(asked_of_the_renderer(source), field) == value


@pytest.mark.parametrize(
    ("given", "field", "value"),
    [
        ({"valueFiles": ["a.yaml"]}, "value_files", (ValueFile(Place("", "shop/a.yaml")),)),
        ({"values": "a: 1"}, "values", "a: 1"),
        ({"values": "a: 1", "valuesObject": {"b": 2}}, "values", '{"b":2}'),
        (
            {"parameters": [{"name": "a", "value": "1", "forceString": True}]},
            "parameters",
            (Parameter("a", "1", force_string=True),),
        ),
        (
            {"fileParameters": [{"name": "a", "path": "x.txt"}]},
            "file_parameters",
            (FileParameter("a", Place("", "shop/x.txt")),),
        ),
        ({"releaseName": "x"}, "release_name", "x"),
        ({"ignoreMissingValueFiles": True}, "ignore_missing_value_files", True),
        ({"skipCrds": True}, "skip_crds", True),
        ({"skipTests": True}, "skip_tests", True),
        ({"skipSchemaValidation": True}, "skip_schema_validation", True),
        ({"namespace": "x"}, "namespace", "x"),
        ({"kubeVersion": "1.30"}, "kube_version", "1.30"),
        ({"apiVersions": ["v1/Pod"]}, "api_versions", ("v1/Pod",)),
    ],
)
def test_helm_settings_reach_the_renderer(given: Json, field: str, value: object) -> None:
    source = ApplicationSource.model_validate({**SOURCE, "helm": given})
    assert getattr(asked_of_the_renderer(source), field) == value


def asked_of_the_renderer(source: ApplicationSource) -> Params:
    """What a source's tool is asked for, in a repository that holds its folder and nothing else."""
    job = RenderJob(source, RepoUrl(source.repo_url), CommitId(COMMIT), "default", "main", "shop", settings=SETTINGS)
    return prepare(job, Sight(MemoryTree({f"{source.path}/a.yaml": ""})), ReadLog(job.repo, "main")).params


def test_another_source_is_another_rendering_and_another_sync() -> None:
    for field in ("repoURL", "path"):
        other = app(spec={**automated(), "source": SOURCE | {field: "https://git.example/other"}}, status=last())
        assert isinstance(plan(other, [A]).decision, StartSync), field
    assert isinstance(plan(app(spec=automated(), status=last()), [A]).decision, Nothing)


def test_the_destination_has_to_be_permitted_by_server_and_by_namespace() -> None:
    for only in ({"server": "https://two", "namespace": "*"}, {"server": "*", "namespace": "other"}):
        decided = plan(app(spec=automated()), [A], rules=project(destinations=[only]))
        assert actions(decided) == []
        assert decided.comparison.conditions[0].type == "InvalidSpecError"
    assert actions(plan(app(spec=automated()), [A])) == [("create", "a")]


def test_the_destination_namespace_is_given_to_objects_without_one() -> None:
    body = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "a"}}
    (placed,), _ = finalize([body], app(), SURFACE, instance="shop")
    assert placed.key.namespace == "shop"


def test_namespace_metadata_makes_a_namespace_that_is_kept_so() -> None:
    metadata = {"labels": {"team": "a"}, "annotations": {"note": "b"}}
    sync = {"syncOptions": ["CreateNamespace=true"], "managedNamespaceMetadata": metadata}
    (made,), _ = finalize([], app(spec={"syncPolicy": sync}), SURFACE, instance="shop")
    assert made.body["metadata"] == {"name": "shop", **metadata}


# Automated sync


@pytest.mark.parametrize(
    ("spec", "starts"),
    [({}, False), (automated(), True), (automated(enabled=True), True), (automated(enabled=False), False)],
)
def test_only_enabled_automation_syncs(spec: Json, starts: bool) -> None:
    assert isinstance(plan(app(spec=spec), [A]).decision, StartSync) is starts


@pytest.mark.parametrize(("prune", "expected"), [(True, [("prune", "old")]), (False, [])])
def test_automated_prune_removes_what_is_no_longer_wanted(prune: bool, expected: list[tuple[str, str]]) -> None:
    same = {"a": Reading("owned-fields", live("a"))}
    assert actions(plan(app(spec=automated(prune=prune)), [A], [live("old")], readings=same)) == expected


@pytest.mark.parametrize(("allow", "expected"), [(True, [("prune", "old")]), (False, [])])
def test_allow_empty_lets_an_automated_prune_remove_the_last_object(allow: bool, expected: list[Any]) -> None:
    assert actions(plan(app(spec=automated(prune=True, allowEmpty=allow)), [], [live("old")])) == expected


@pytest.mark.parametrize(("heals", "expected"), [(True, [("apply", "a")]), (False, [])])
def test_self_heal_mends_what_drifted_after_a_successful_sync(heals: bool, expected: list[Any]) -> None:
    decided = plan(app(spec=automated(selfHeal=heals), status=last()), [A], readings={"a": changed("a")})
    assert actions(decided) == expected


def test_the_count_of_heals_spaces_them() -> None:
    subject = app(spec=automated(selfHeal=True), status=last(autoHealAttemptsCount=4))
    assert isinstance(plan(subject, [A], readings={"a": changed("a")}).decision, Wait)


def test_an_automated_sync_carries_the_retry_and_the_options_of_the_spec() -> None:
    retry = {"limit": 7, "backoff": {"duration": "1s", "factor": 3, "maxDuration": "9s"}, "refresh": True}
    spec = {"syncPolicy": {"automated": {}, "retry": retry, "syncOptions": ["CreateNamespace=true"]}}
    decision = plan(app(spec=spec), [A]).decision
    assert isinstance(decision, StartSync)
    assert decision.operation["retry"] == retry
    assert decision.operation["sync"]["syncOptions"] == ["CreateNamespace=true"]


# Comparison and record


@pytest.mark.parametrize(
    ("rule", "covers"),
    [
        ({"kind": "ConfigMap"}, True),
        ({"kind": "Config*", "name": "a", "namespace": "shop"}, True),
        ({"kind": "Secret"}, False),
        ({"kind": "ConfigMap", "group": "apps"}, False),
        ({"kind": "ConfigMap", "name": "b"}, False),
        ({"kind": "ConfigMap", "namespace": "other"}, False),
    ],
)
def test_json_pointers_take_fields_out_of_the_comparison(rule: Json, covers: bool) -> None:
    subject = app(spec={"ignoreDifferences": [{**rule, "jsonPointers": ["/data/x"]}]})
    assert plan(subject, [A], readings={"a": changed("a")}).comparison.sync == ("Synced" if covers else "OutOfSync")


@pytest.mark.parametrize(("kind", "sync"), [("ConfigMap", "Synced"), ("Secret", "OutOfSync")])
def test_jq_expressions_take_fields_out_of_the_comparison(kind: str, sync: str) -> None:
    def cut(programs: tuple[str, ...], body: Json) -> Json:
        assert programs == (".data.x",)
        return {**body, "data": {name: value for name, value in body["data"].items() if name != "x"}}

    subject = app(spec={"ignoreDifferences": [{"kind": kind, "jqPathExpressions": [".data.x"]}]})
    decided = plan(subject, [A], readings={"a": changed("a")}, lens=Lens(cut=cut))
    assert decided.comparison.sync == sync


@pytest.mark.parametrize(("manager", "sync"), [("kubectl-edit", "Synced"), ("somebody", "OutOfSync")])
def test_what_a_named_manager_owns_is_not_compared(manager: str, sync: str) -> None:
    subject = app(spec={"ignoreDifferences": [{"kind": "ConfigMap", "managedFieldsManagers": [manager]}]})
    before = live("a")
    written = {"manager": "kubectl-edit", "operation": "Update", "fieldsV1": {"f:data": {"f:a": {}}}}
    there = LiveObject({**before.body, "metadata": {**before.metadata, "managedFields": [written]}})
    ours = {**written, "manager": "argocd-controller", "operation": "Apply"}
    metadata = {**there.metadata, "managedFields": [ours]}
    drifted = Reading("server", there, {**there.body, "metadata": metadata, "data": {"a": "as Git has it"}})
    assert plan(subject, [A], readings={"a": drifted}).comparison.sync == sync


@pytest.mark.parametrize(("options", "sync"), [("", "Synced"), ("IncludeMutationWebhook=true", "OutOfSync")])
def test_what_a_webhook_adds_counts_only_where_it_is_asked_for(options: str, sync: str) -> None:
    subject = app(annotations={"argocd.argoproj.io/compare-options": options})
    applied = changed("a")
    assert applied.predicted is not None
    assert plan(subject, [A], readings={"a": applied}).comparison.sync == "OutOfSync"
    added = {**applied.predicted, "metadata": live("a").metadata}
    assert plan(subject, [A], readings={"a": replace(applied, predicted=added)}).comparison.sync == sync


@pytest.mark.parametrize(("limit", "ids"), [(None, [0, 1]), (1, [1]), (0, [])])
def test_the_history_is_as_long_as_its_limit(limit: int | None, ids: list[int]) -> None:
    spec = automated() | ({} if limit is None else {"revisionHistoryLimit": limit})
    subject = app(spec=spec, status={"history": [{"id": 0, "revision": "0" * 40, "deployedAt": BEFORE}]})
    decided = plan(subject, [manifest("a")])
    done = replace(decided, steps=())
    status = next_status(subject, done, [], None, now=NOW)
    assert [entry["id"] for entry in status.get("history", [])] == ids


def test_an_object_marked_extraneous_does_not_make_the_application_out_of_sync() -> None:
    same = {"a": Reading("owned-fields", live("a"))}
    extraneous = live("old", {"argocd.argoproj.io/compare-options": "IgnoreExtraneous"})
    assert plan(app(), [A], [extraneous], readings=same).comparison.sync == "Synced"
    assert plan(app(), [A], [live("old")], readings=same).comparison.sync == "OutOfSync"


def test_an_object_that_asks_to_be_left_out_of_health_is() -> None:
    for mark, health in (("true", "Healthy"), ("false", "Progressing")):
        there = _service({"argocd.argoproj.io/ignore-healthcheck": mark})
        wanted = Manifest(there.body)
        assert plan(app(), [wanted], readings={"s": Reading("owned-fields", there)}).comparison.health.status == health


def test_a_finite_pod_may_be_judged_as_one_that_runs_for_ever() -> None:
    waiting = [{"name": "c", "state": {"waiting": {"reason": "CrashLoopBackOff"}}}]
    pod: Json = {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"annotations": {}},
        "spec": {"restartPolicy": "Never"},
        "status": {"phase": "Running", "containerStatuses": waiting},
    }
    judged = assess(pod)
    pod["metadata"]["annotations"]["argocd.argoproj.io/ignore-restart-policy"] = "true"
    forced = assess(pod)
    assert judged is not None
    assert forced is not None
    assert (judged.status, forced.status) == ("Progressing", "Degraded")


def _service(annotations: Json) -> LiveObject:
    metadata = {"name": "s", "namespace": "shop", "annotations": annotations}
    return LiveObject(
        {"apiVersion": "v1", "kind": "Service", "metadata": metadata, "spec": {"type": "LoadBalancer"}, "status": {}}
    )
