"""From an ApplicationSet to its Applications: real Git, real Valkey, a real control cluster."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from typing import Any

import pytest

from reconciler.apply.children import ChildWriter
from reconciler.models.keys import AppKey, EntryKey, RepoUrl
from reconciler.models.manifest import JsonObject, LiveObject
from reconciler.models.source import ApplicationSource
from reconciler.models.words import FINALIZER, MASS_DELETION, PART_OF
from reconciler.services import Readers
from reconciler.sources import Access, Resolution, canonical_url
from tests.support.flow import Crew

CONFIG = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: one}\ndata: {a: b}\n"
POLL_S = 180.0
"""Generators that ask Git are asked again after this long, whatever is heard."""

LIST: JsonObject = {"list": {"elements": [{"env": "dev"}, {"env": "prod"}]}}


def a_set(crew: Crew, *generators: JsonObject, name: str = "fleet", **spec: Any) -> JsonObject:
    template = {
        "metadata": {"name": f"{name}-{{{{env}}}}"},
        "spec": {
            "project": "default",
            "source": {"repoURL": crew.repo_url, "path": "apps/{{env}}", "targetRevision": "main"},
            "destination": {"server": "https://kubernetes.default.svc", "namespace": crew.target_namespace},
        },
    }
    return {
        "apiVersion": "argoproj.io/v1alpha1",
        "kind": "ApplicationSet",
        "metadata": {"name": name, "namespace": crew.control_namespace},
        "spec": {"generators": list(generators), "template": template, **spec},
    }


def directories(crew: Crew, *paths: str, name: str = "fleet") -> JsonObject:
    git = {"repoURL": crew.repo_url, "revision": "main", "directories": [{"path": path} for path in paths]}
    body = a_set(crew, {"git": git}, name=name)
    body["spec"]["template"]["metadata"]["name"] = f"{name}-{{{{path.basename}}}}"
    body["spec"]["template"]["spec"]["source"]["path"] = "{{path}}"
    return body


def place(crew: Crew, plural: str, name: str = "") -> str:
    path = f"/apis/argoproj.io/v1alpha1/namespaces/{crew.control_namespace}/{plural}"
    return f"{path}/{name}" if name else path


def children(crew: Crew) -> dict[str, JsonObject]:
    return {body["metadata"]["name"]: body for body in crew.plane.api.get(place(crew, "applications"))["items"]}


def versions(crew: Crew) -> dict[str, str]:
    return {name: body["metadata"]["resourceVersion"] for name, body in children(crew).items()}


def read_set(crew: Crew, name: str = "fleet") -> JsonObject:
    return crew.plane.api.get(place(crew, "applicationsets", name))


def conditions(crew: Crew, name: str = "fleet") -> Mapping[str, JsonObject]:
    return {one["type"]: one for one in read_set(crew, name)["status"]["conditions"]}


def edit(crew: Crew, body: JsonObject) -> None:
    crew.plane.api.patch(place(crew, "applicationsets", body["metadata"]["name"]), {"spec": body["spec"]})


def test_a_set_makes_its_applications_and_an_unchanged_one_writes_nothing(crew: Crew) -> None:
    crew.plane.api.create(a_set(crew, LIST))
    assert crew.expand("fleet").written == 2
    made = children(crew)
    assert sorted(made) == ["fleet-dev", "fleet-prod"]
    assert made["fleet-dev"]["spec"]["source"]["path"] == "apps/dev"
    assert made["fleet-dev"]["metadata"]["finalizers"] == [FINALIZER]
    assert made["fleet-dev"]["metadata"]["ownerReferences"][0]["uid"] == read_set(crew)["metadata"]["uid"]
    assert conditions(crew)["ErrorOccurred"]["status"] == "False"
    assert conditions(crew)["ResourcesUpToDate"]["status"] == "True"
    assert [row["name"] for row in read_set(crew)["status"]["resources"]] == ["fleet-dev", "fleet-prod"]
    before, seen = versions(crew), read_set(crew)["metadata"]["resourceVersion"]
    done = crew.expand("fleet")
    assert (done.written, done.plan.is_empty, done.seconds) == (0, True, None)
    assert (versions(crew), read_set(crew)["metadata"]["resourceVersion"]) == (before, seen)


def test_what_is_not_asked_for_any_more_is_deleted_and_what_is_new_created(crew: Crew) -> None:
    body = a_set(crew, LIST)
    crew.plane.api.create(body)
    crew.expand("fleet")
    body["spec"]["generators"] = [{"list": {"elements": [{"env": "prod"}, {"env": "test"}]}}]
    edit(crew, body)
    assert crew.expand("fleet").written == 2
    left = children(crew)
    assert left["fleet-dev"]["metadata"].get("deletionTimestamp")
    assert {"fleet-prod", "fleet-test"} < set(left)


def test_a_field_that_the_template_does_not_set_stays_as_a_person_set_it_and_others_come_back(crew: Crew) -> None:
    crew.plane.api.create(a_set(crew, LIST))
    crew.expand("fleet")
    by_hand = {
        "metadata": {"annotations": {"team.example/note": "mine"}},
        "spec": {"revisionHistoryLimit": 3, "source": {"path": "elsewhere"}},
    }
    crew.patch(AppKey(crew.control_namespace, "fleet-dev"), by_hand)
    assert crew.expand("fleet").written == 1
    found = children(crew)["fleet-dev"]
    assert found["spec"]["source"]["path"] == "apps/dev"
    assert found["spec"]["revisionHistoryLimit"] == 3
    assert found["metadata"]["annotations"]["team.example/note"] == "mine"


def test_a_field_that_the_template_drops_is_taken_away(crew: Crew) -> None:
    body = a_set(crew, LIST)
    body["spec"]["template"]["spec"]["revisionHistoryLimit"] = 4
    crew.plane.api.create(body)
    crew.expand("fleet")
    del body["spec"]["template"]["spec"]["revisionHistoryLimit"]
    crew.plane.api.patch(
        place(crew, "applicationsets", "fleet"), {"spec": {"template": {"spec": {"revisionHistoryLimit": None}}}}
    )
    assert crew.expand("fleet").written == 2
    assert "revisionHistoryLimit" not in children(crew)["fleet-dev"]["spec"]


@pytest.mark.parametrize(
    "rule", [{"jsonPointers": ["/spec/source/targetRevision"]}, {"jqPathExpressions": [".spec.source.targetRevision"]}]
)
def test_differences_that_the_set_ignores_stay(crew: Crew, rule: JsonObject) -> None:
    crew.plane.api.create(a_set(crew, LIST, ignoreApplicationDifferences=[{"name": "fleet-dev", **rule}]))
    crew.expand("fleet")
    for name in ("fleet-dev", "fleet-prod"):
        patch = {"spec": {"source": {"targetRevision": "by-hand", "path": "by-hand"}}}
        crew.patch(AppKey(crew.control_namespace, name), patch)
    assert crew.expand("fleet").written == 2
    sources = {name: body["spec"]["source"] for name, body in children(crew).items()}
    assert (sources["fleet-dev"]["targetRevision"], sources["fleet-dev"]["path"]) == ("by-hand", "apps/dev")
    assert sources["fleet-prod"]["targetRevision"] == "main"
    assert crew.expand("fleet").plan.is_empty


@pytest.fixture
def meddled(crew: Crew, monkeypatch: pytest.MonkeyPatch) -> set[str]:
    """Names of Applications that somebody else writes just before the set does."""
    names: set[str] = set()

    def meddle(name: str) -> None:
        if name in names:
            note = {"annotations": {"team.example/note": secrets.token_hex(4)}}
            crew.patch(AppKey(crew.control_namespace, name), {"metadata": note})

    write, delete = ChildWriter.write, ChildWriter.delete

    def late_write(writer: ChildWriter, body: JsonObject, live: LiveObject | None) -> LiveObject:
        meddle(body["metadata"]["name"])
        return write(writer, body, live)

    def late_delete(writer: ChildWriter, live: LiveObject) -> bool:
        meddle(live.key.name)
        return delete(writer, live)

    monkeypatch.setattr(ChildWriter, "write", late_write)
    monkeypatch.setattr(ChildWriter, "delete", late_delete)
    return names


def test_an_application_that_moved_meanwhile_does_not_hold_up_the_others(crew: Crew, meddled: set[str]) -> None:
    elements = [{"env": name} for name in ("a", "b", "c", "d")]
    body = a_set(crew, {"list": {"elements": elements}})
    crew.plane.api.create(body)
    crew.expand("fleet")
    body["spec"]["generators"] = [{"list": {"elements": elements[:2]}}]
    body["spec"]["template"]["spec"]["source"]["path"] = "moved/{{env}}"
    edit(crew, body)
    meddled |= {"fleet-a", "fleet-c"}
    done = crew.expand("fleet")
    assert (done.written, done.conflicts, done.error, done.seconds) == (2, ["fleet-a", "fleet-c"], "", 0.0)
    found = children(crew)
    assert found["fleet-b"]["spec"]["source"]["path"] == "moved/b"
    assert [name for name, one in found.items() if one["metadata"].get("deletionTimestamp")] == ["fleet-d"]
    told = conditions(crew)
    assert (told["ErrorOccurred"]["status"], told["ResourcesUpToDate"]["status"]) == ("False", "False")
    assert "fleet-a, fleet-c" in told["ResourcesUpToDate"]["message"]
    again = crew.expand("fleet")
    assert (again.written, again.conflicts, again.seconds) == (0, ["fleet-a", "fleet-c"], 1.0)
    meddled.clear()
    last = crew.expand("fleet")
    assert (last.written, last.conflicts, last.seconds) == (2, [], None)
    assert conditions(crew)["ResourcesUpToDate"]["status"] == "True"


def test_preserved_fields_stay_though_the_template_sets_them(crew: Crew) -> None:
    body = a_set(crew, LIST, preservedFields={"annotations": ["a.example/kept"], "labels": ["kept"]})
    marks = {"annotations": {"a.example/kept": "t", "a.example/not": "t"}, "labels": {"kept": "t", "not": "t"}}
    body["spec"]["template"]["metadata"] |= marks
    crew.plane.api.create(body)
    crew.expand("fleet")
    mine = {
        "annotations": {"a.example/kept": "mine", "a.example/not": "mine"},
        "labels": {"kept": "mine", "not": "mine"},
    }
    crew.patch(AppKey(crew.control_namespace, "fleet-dev"), {"metadata": mine})
    crew.expand("fleet")
    found = children(crew)["fleet-dev"]["metadata"]
    assert found["annotations"] == {"a.example/kept": "mine", "a.example/not": "t"}
    assert found["labels"] == {"kept": "mine", "not": "t"}


@pytest.mark.parametrize(
    ("policy", "updates", "deletes"),
    [
        ("create-only", False, False),
        ("create-update", True, False),
        ("create-delete", False, True),
        ("sync", True, True),
    ],
)
def test_the_policy_says_what_may_happen_to_applications(
    crew: Crew, policy: str, *, updates: bool, deletes: bool
) -> None:
    body = a_set(crew, LIST, syncPolicy={"applicationsSync": policy})
    crew.plane.api.create(body)
    crew.expand("fleet")
    body["spec"]["generators"] = [{"list": {"elements": [{"env": "prod"}]}}]
    body["spec"]["template"]["spec"]["source"]["path"] = "moved/{{env}}"
    edit(crew, body)
    crew.expand("fleet")
    found = children(crew)
    assert (found["fleet-prod"]["spec"]["source"]["path"] == "moved/prod") is updates
    assert bool(found["fleet-dev"]["metadata"].get("deletionTimestamp")) is deletes


def set_parameters(crew: Crew, **data: str) -> None:
    metadata = {"name": "argocd-cmd-params-cm", "namespace": crew.control_namespace, "labels": {PART_OF: "argocd"}}
    named = {f"applicationsetcontroller.{name.replace('_', '.')}": text for name, text in data.items()}
    crew.plane.api.apply({"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata, "data": named})


def test_the_policy_of_all_sets_binds_one_that_asks_for_more_until_overriding_is_switched_on(crew: Crew) -> None:
    body = a_set(crew, LIST, syncPolicy={"applicationsSync": "sync"})
    crew.plane.api.create(body)
    crew.expand("fleet")
    body["spec"]["generators"] = [{"list": {"elements": [{"env": "prod"}]}}]
    body["spec"]["template"]["spec"]["source"]["path"] = "moved/{{env}}"
    edit(crew, body)
    set_parameters(crew, policy="create-only")
    assert crew.expand("fleet").written == 0
    set_parameters(crew, policy="create-only", enable_policy_override="true")
    assert crew.expand("fleet").written == 2


def test_a_policy_of_all_sets_that_forbids_deletion_sets_the_applications_of_a_deleted_set_free(crew: Crew) -> None:
    body = a_set(crew, LIST, syncPolicy={"applicationsSync": "sync", "preserveResourcesOnDeletion": True})
    body["metadata"]["finalizers"] = [FINALIZER]
    crew.plane.api.create(body)
    crew.expand("fleet")
    crew.plane.api.delete(place(crew, "applicationsets", "fleet"))
    set_parameters(crew, policy="never")
    assert "applicationsetcontroller.policy of argocd-cmd-params-cm is 'never'" in crew.expand("fleet").error
    assert all("ownerReferences" in found["metadata"] for found in children(crew).values())
    set_parameters(crew, policy="create-update")
    crew.expand("fleet")
    assert all("ownerReferences" not in found["metadata"] for found in children(crew).values())
    assert sorted(children(crew)) == ["fleet-dev", "fleet-prod"]


def test_settings_switch_to_patterns_of_files_whose_star_stays_in_its_folder(crew: Crew) -> None:
    crew.git.create(crew.repo, {"near.json": '{"env": "near"}', "folder/far.json": '{"env": "far"}'})
    git = {"repoURL": crew.repo_url, "revision": "main", "files": [{"path": "*.json"}]}
    crew.plane.api.create(a_set(crew, {"git": git}))
    set_parameters(crew, enable_new_git_file_globbing="true")
    crew.expand("fleet")
    assert sorted(children(crew)) == ["fleet-near"]
    set_parameters(crew, enable_new_git_file_globbing="false")
    crew.expand("fleet")
    assert sorted(children(crew)) == ["fleet-far", "fleet-near"]


def test_a_dry_run_of_all_sets_tells_and_writes_no_application(crew: Crew) -> None:
    crew.plane.api.create(a_set(crew, LIST))
    set_parameters(crew, dryrun="true")
    done = crew.expand("fleet")
    assert (sorted(children(crew)), done.may_write, len(done.plan.creates)) == ([], False, 2)
    set_parameters(crew, dryrun="false")
    crew.expand("fleet")
    assert sorted(children(crew)) == ["fleet-dev", "fleet-prod"]


def test_preserved_resources_stay_when_their_application_goes(crew: Crew) -> None:
    body = a_set(crew, LIST, syncPolicy={"preserveResourcesOnDeletion": True})
    crew.plane.api.create(body)
    crew.expand("fleet")
    assert "finalizers" not in children(crew)["fleet-dev"]["metadata"]
    body["spec"]["generators"] = [{"list": {"elements": [{"env": "prod"}]}}]
    edit(crew, body)
    crew.expand("fleet")
    assert sorted(children(crew)) == ["fleet-prod"]


def test_an_error_of_a_generator_changes_nothing_and_is_told(crew: Crew) -> None:
    body = a_set(crew, LIST)
    crew.plane.api.create(body)
    crew.expand("fleet")
    before = versions(crew)
    broken = {"git": {"repoURL": crew.repo_url, "revision": "none", "directories": [{"path": "*"}]}}
    body["spec"]["generators"] = [broken, {"list": {"elements": [{"env": "new"}]}}]
    edit(crew, body)
    done = crew.expand("fleet")
    assert (done.written, done.seconds) == (0, 180.0)
    assert versions(crew) == before
    told = conditions(crew)
    assert (told["ErrorOccurred"]["status"], told["ParametersGenerated"]["status"]) == ("True", "False")
    assert told["ErrorOccurred"]["reason"] == "ApplicationParamsGenerationError"


def test_go_template_syntax_without_go_template_creates_nothing_and_names_both_ways_out(crew: Crew) -> None:
    body = a_set(crew, LIST)
    body["spec"]["template"]["metadata"]["name"] = "fleet-{{.env}}"
    crew.plane.api.create(body)
    assert crew.expand("fleet").written == 0
    assert children(crew) == {}
    message = conditions(crew)["ErrorOccurred"]["message"]
    assert "spec.goTemplate to true" in message
    assert "write {{env}}" in message


def test_a_cluster_secret_that_does_not_read_deletes_nothing(crew: Crew) -> None:
    secret: JsonObject = {
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": {
            "name": f"cluster-{secrets.token_hex(3)}",
            "namespace": crew.control_namespace,
            "labels": {"argocd.argoproj.io/secret-type": "cluster", "env": "prod"},
        },
        "stringData": {"name": "far", "server": "https://far.example", "config": "{}"},
    }
    crew.plane.api.create(secret)
    body = a_set(crew, {"clusters": {"selector": {"matchLabels": {"env": "prod"}}}})
    body["spec"]["template"]["metadata"]["name"] = "on-{{name}}"
    crew.plane.api.create(body)
    crew.expand("fleet")
    assert sorted(children(crew)) == ["on-far"]
    path = f"/api/v1/namespaces/{crew.control_namespace}/secrets/{secret['metadata']['name']}"
    crew.plane.api.patch(path, {"stringData": {"config": "no json"}})
    done = crew.expand("fleet")
    assert "cluster Secrets that do not read" in done.error
    assert "deletionTimestamp" not in children(crew)["on-far"]["metadata"]


def test_asking_for_nothing_any_more_deletes_nothing_until_it_is_confirmed(crew: Crew) -> None:
    body = a_set(crew, LIST)
    crew.plane.api.create(body)
    crew.expand("fleet")
    body["spec"]["generators"] = [{"list": {"elements": []}}]
    edit(crew, body)
    assert crew.expand("fleet").written == 0
    told = conditions(crew)["ErrorOccurred"]
    assert (told["status"], told["reason"]) == ("True", "DeletionWithheld")
    assert MASS_DELETION in told["message"]
    confirmed = {"metadata": {"annotations": {MASS_DELETION: "true"}}}
    crew.plane.api.patch(place(crew, "applicationsets", "fleet"), confirmed)
    assert crew.expand("fleet").written == 2


def test_applications_that_are_faulty_are_left_out_and_the_others_go_on(crew: Crew) -> None:
    body = a_set(crew, {"list": {"elements": [{"env": "a"}, {"env": "b"}, {"env": "a"}, {"env": "c"}]}})
    body["spec"]["template"]["spec"]["project"] = "default"
    crew.plane.api.create(body)
    crew.expand("fleet")
    assert sorted(children(crew)) == ["fleet-b", "fleet-c"]
    assert "duplicate name: fleet-a" in conditions(crew)["ErrorOccurred"]["message"]
    body["spec"]["template"]["spec"]["project"] = "nowhere"
    edit(crew, body)
    crew.expand("fleet")
    assert all(found["spec"]["project"] == "default" for found in children(crew).values())
    assert "which does not exist" in conditions(crew)["ErrorOccurred"]["message"]


def test_an_application_of_another_set_is_left_to_it_and_one_of_nobody_is_taken(crew: Crew) -> None:
    crew.plane.api.create(a_set(crew, LIST))
    crew.expand("fleet")
    other = a_set(crew, {"list": {"elements": [{"env": "dev"}, {"env": "own"}]}}, name="other")
    other["spec"]["template"]["metadata"]["name"] = "fleet-{{env}}"
    crew.create(
        {**crew.application("fleet-own"), "metadata": {"name": "fleet-own", "namespace": crew.control_namespace}}
    )
    crew.plane.api.create(other)
    crew.expand("other")
    found = children(crew)
    assert "belongs to another controller" in conditions(crew, "other")["ErrorOccurred"]["message"]
    assert found["fleet-dev"]["metadata"]["ownerReferences"][0]["name"] == "fleet"
    assert found["fleet-own"]["metadata"]["ownerReferences"][0]["name"] == "other"


def test_a_push_that_adds_a_folder_wakes_the_set_and_one_elsewhere_does_not(crew: Crew) -> None:
    crew.git.create(crew.repo, {"services/orders/app.yaml": CONFIG, "other/x.yaml": CONFIG})
    crew.plane.api.create(directories(crew, "services/*"))
    crew.expand("fleet")
    assert sorted(children(crew)) == ["fleet-orders"]
    crew.refresh()
    entry = EntryKey.appset(AppKey(crew.control_namespace, "fleet"))
    before = crew.services.due.seen(entry)
    crew.git.commit(crew.repo, {"services/orders/app.yaml": CONFIG + "#\n", "other/y.yaml": CONFIG}, "elsewhere")
    crew.refresh()
    assert crew.services.due.seen(entry) == before
    crew.git.commit(crew.repo, {"services/cart/app.yaml": CONFIG}, "a service more")
    crew.refresh()
    assert crew.services.due.seen(entry) != before
    crew.expand("fleet")
    assert sorted(children(crew)) == ["fleet-cart", "fleet-orders"]


def test_a_set_that_sees_a_commit_before_any_refresh_tells_it_and_does_not_come_again_at_once(crew: Crew) -> None:
    crew.git.create(crew.repo, {"services/orders/app.yaml": CONFIG})
    crew.plane.api.create(directories(crew, "services/*"))
    crew.expand("fleet")
    crew.refresh()
    repo = RepoUrl(canonical_url(crew.repo_url))
    before = crew.services.due.seen(EntryKey("repo", repo))
    crew.git.commit(crew.repo, {"services/cart/app.yaml": CONFIG}, "a service more")
    done = crew.expand("fleet")
    assert (sorted(children(crew)), done.seconds) == (["fleet-cart", "fleet-orders"], POLL_S)
    main = crew.git.repository(crew.repo).refs()["refs/heads/main"]
    assert crew.services.stores.heads.known(repo)["refs/heads/main"].next == main
    assert crew.services.due.seen(EntryKey("repo", repo)) != before


def test_a_set_whose_commit_was_overtaken_while_it_looked_takes_the_newer_one(
    crew: Crew, monkeypatch: pytest.MonkeyPatch
) -> None:
    crew.git.create(crew.repo, {"services/orders/app.yaml": CONFIG})
    crew.plane.api.create(directories(crew, "services/*"))
    crew.expand("fleet")
    crew.git.commit(crew.repo, {"services/cart/app.yaml": CONFIG}, "a service more")
    look = Readers.resolve

    def late(readers: Readers, access: Access, source: ApplicationSource) -> Resolution:
        found = look(readers, access, source)
        crew.git.commit(crew.repo, {"services/tax/app.yaml": CONFIG}, "another one")
        crew.refresh()
        return found

    monkeypatch.setattr(Readers, "resolve", late)
    assert crew.expand("fleet").seconds == POLL_S
    assert sorted(children(crew)) == ["fleet-cart", "fleet-orders", "fleet-tax"]


def test_a_set_that_goes_takes_its_applications_along_unless_its_policy_forbids_it(crew: Crew) -> None:
    body = a_set(crew, LIST, syncPolicy={"applicationsSync": "create-update", "preserveResourcesOnDeletion": True})
    body["metadata"]["finalizers"] = [FINALIZER]
    crew.plane.api.create(body)
    crew.expand("fleet")
    crew.plane.api.delete(place(crew, "applicationsets", "fleet"))
    crew.expand("fleet")
    assert crew.plane.api.find(place(crew, "applicationsets", "fleet")) is None
    assert all("ownerReferences" not in found["metadata"] for found in children(crew).values())
    assert sorted(children(crew)) == ["fleet-dev", "fleet-prod"]


def test_the_applications_of_a_set_deploy(crew: Crew) -> None:
    crew.git.create(crew.repo, {"apps/dev/one.yaml": CONFIG})
    body = a_set(crew, {"list": {"elements": [{"env": "dev"}]}})
    body["spec"]["template"]["spec"]["syncPolicy"] = {"automated": {"prune": True}}
    crew.plane.api.create(body)
    crew.expand("fleet")
    crew.reconcile(AppKey(crew.control_namespace, "fleet-dev"))
    assert crew.config_map("one") is not None


def rolling(crew: Crew) -> JsonObject:
    elements = [{"env": "dev"}, {"env": "prod-a"}, {"env": "prod-b"}]
    body = a_set(crew, {"list": {"elements": elements}})
    body["spec"]["template"]["metadata"]["labels"] = {"env": "{{env}}"}
    body["spec"]["template"]["spec"]["syncPolicy"] = {"automated": {"prune": True}}
    prod = {"key": "env", "operator": "In", "values": ["prod-a", "prod-b"]}
    steps = [
        {"matchExpressions": [{"key": "env", "operator": "In", "values": ["dev"]}]},
        {"matchExpressions": [prod], "maxUpdate": 1},
    ]
    body["spec"]["strategy"] = {"type": "RollingSync", "rollingSync": {"steps": steps}}
    return body


def states(crew: Crew) -> dict[str, str]:
    rows = read_set(crew)["status"].get("applicationStatus", [])
    return {row["application"].removeprefix("fleet-"): row["status"] for row in rows}


def test_a_rolling_sync_goes_step_by_step_and_opens_the_next_one_when_all_are_healthy(crew: Crew) -> None:
    files = {f"apps/{env}/{env}.yaml": CONFIG.replace("one", env) for env in ("dev", "prod-a", "prod-b")}
    crew.git.create(crew.repo, files)
    crew.plane.api.create(rolling(crew))
    keys = {env: AppKey(crew.control_namespace, f"fleet-{env}") for env in ("dev", "prod-a", "prod-b")}

    def look() -> dict[str, str]:
        for key in keys.values():
            if crew.plane.api.find(place(crew, "applications", key.name)):
                crew.reconcile(key)
        crew.expand("fleet")
        return states(crew)

    seen = [look()]
    assert crew.config_map("dev") is None
    automated = children(crew)["fleet-dev"]["spec"]["syncPolicy"]["automated"]
    assert automated == {"prune": True, "enabled": False}
    for _ in range(14):
        seen.append(look())
        if set(seen[-1].values()) == {"Healthy"}:
            break
    assert seen[0] == {"dev": "Waiting", "prod-a": "Waiting", "prod-b": "Waiting"}
    assert set(seen[-1].values()) == {"Healthy"}
    for found in seen:
        prods = [found["prod-a"], found["prod-b"]]
        assert found["dev"] == "Healthy" or prods == ["Waiting", "Waiting"]
        assert sum(state in ("Pending", "Progressing") for state in prods) <= 1
    assert all(crew.config_map(env) is not None for env in keys)
    assert conditions(crew)["RolloutProgressing"]["status"] == "False"
