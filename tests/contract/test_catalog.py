"""Our own objects on the control cluster, against a real API server."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from reconciler.clusters import Catalog, Cluster, Link, control_cluster
from reconciler.errors import ObjectGone
from reconciler.models.keys import AppKey
from reconciler.models.words import PART_OF, SECRET_TYPE
from reconciler.sandbox.api import Json
from reconciler.sandbox.controlplane import ControlPlane
from reconciler.settings import Settings
from tests.support.crds import install_crds


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def catalog(control_plane: ControlPlane, namespace: str, clock: Clock) -> Iterator[Catalog]:
    install_crds(control_plane)
    cluster: Cluster = control_cluster(Settings(kubeconfig=control_plane.kubeconfig_path), Link())
    yield Catalog(cluster, namespace, clock=clock)
    cluster.transport.close()


def an_application(namespace: str, name: str) -> Json:
    return {
        "apiVersion": "argoproj.io/v1alpha1",
        "kind": "Application",
        "metadata": {"namespace": namespace, "name": name},
        "spec": {
            "project": "default",
            "source": {"repoURL": "https://git.example/r.git", "path": "."},
            "destination": {"name": "in-cluster", "namespace": "default"},
        },
    }


def a_project(namespace: str, **spec: object) -> Json:
    metadata = {"namespace": namespace, "name": "default"}
    return {"apiVersion": "argoproj.io/v1alpha1", "kind": "AppProject", "metadata": metadata, "spec": spec}


def a_secret(namespace: str, secret: str, secret_type: str | None, **data: str) -> Json:
    labels = {SECRET_TYPE: secret_type} if secret_type else {}
    metadata = {"namespace": namespace, "name": secret, "labels": labels}
    return {"apiVersion": "v1", "kind": "Secret", "metadata": metadata, "stringData": data}


def settings(namespace: str, labels: dict[str, str], **data: str) -> Json:
    metadata = {"namespace": namespace, "name": "argocd-cm", "labels": labels}
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata, "data": data}


def test_an_application_is_read_as_it_is_now(catalog: Catalog, control_plane: ControlPlane, namespace: str) -> None:
    control_plane.api.apply(an_application(namespace, "web"))
    application = catalog.application(AppKey(namespace, "web"))
    assert application.spec.destination.name == "in-cluster"
    assert [found.key.name for found in catalog.applications()] == ["web"]


def test_an_application_that_does_not_exist_is_gone(catalog: Catalog, namespace: str) -> None:
    with pytest.raises(ObjectGone):
        catalog.application(AppKey(namespace, "absent"))


def test_a_project_is_remembered_for_some_seconds_or_until_it_is_known_to_have_changed(
    catalog: Catalog, control_plane: ControlPlane, namespace: str, clock: Clock
) -> None:
    def repositories() -> tuple[str, ...]:
        return tuple(catalog.project("default").spec.source_repos)

    control_plane.api.apply(a_project(namespace, sourceRepos=["a"]))
    assert repositories() == ("a",)
    control_plane.api.apply(a_project(namespace, sourceRepos=["b"]))
    assert repositories() == ("a",)
    clock.now += 5.0
    assert repositories() == ("b",)
    control_plane.api.apply(a_project(namespace, sourceRepos=["c"]))
    catalog.invalidate()
    assert repositories() == ("c",)


def test_what_observers_watch_is_remembered_for_longer(
    catalog: Catalog, control_plane: ControlPlane, namespace: str, clock: Clock
) -> None:
    control_plane.api.apply(a_project(namespace, sourceRepos=["one"]))
    catalog.follow("first", are_watched=True)
    assert catalog.project("default").spec.source_repos == ("one",)
    control_plane.api.apply(a_project(namespace, sourceRepos=["two"]))
    clock.now += 300.0
    assert catalog.project("default").spec.source_repos == ("one",)
    catalog.follow("first", are_watched=False)
    assert catalog.project("default").spec.source_repos == ("two",)


def test_another_word_of_the_observers_ends_what_is_remembered(
    catalog: Catalog, control_plane: ControlPlane, namespace: str
) -> None:
    control_plane.api.apply(a_project(namespace, sourceRepos=["one"]))
    catalog.follow("first", are_watched=True)
    assert catalog.project("default").spec.source_repos == ("one",)
    control_plane.api.apply(a_project(namespace, sourceRepos=["two"]))
    catalog.follow("first", are_watched=True)
    assert catalog.project("default").spec.source_repos == ("one",)
    catalog.follow("second", are_watched=True)
    assert catalog.project("default").spec.source_repos == ("two",)


def test_secrets_are_told_apart_by_their_label_and_a_broken_one_stands_beside_the_others(
    catalog: Catalog, control_plane: ControlPlane, namespace: str
) -> None:
    control_plane.api.apply_all(
        [
            a_secret(namespace, "good", "cluster", name="good", server="https://good.example"),
            a_secret(namespace, "torn", "cluster", name="torn", server="https://torn.example", config="{"),
            a_secret(namespace, "repo", "repository", url="https://git.example/r.git"),
            a_secret(namespace, "template", "repo-creds", url="https://git.example"),
            a_secret(namespace, "other", None, url="https://git.example"),
        ]
    )
    clusters, repositories = catalog.clusters(), catalog.repositories()
    assert [secret.name for secret in clusters.parsed] == ["good"]
    assert list(clusters.broken) == ["torn"]
    assert [(secret.url, secret.is_template) for secret in repositories.parsed] == [
        ("https://git.example/r.git", False),
        ("https://git.example", True),
    ]


def test_settings_count_only_where_they_are_labelled_as_a_part_of_argocd(
    catalog: Catalog, control_plane: ControlPlane, namespace: str
) -> None:
    assert catalog.settings_cm() == {}
    control_plane.api.apply(settings(namespace, {}, key="value"))
    catalog.invalidate()
    assert catalog.settings_cm() == {}
    control_plane.api.apply(settings(namespace, {PART_OF: "argocd"}, key="value"))
    catalog.invalidate()
    assert catalog.settings_cm() == {"key": "value"}


def test_webhook_secrets_may_point_at_other_keys_of_their_secret(
    catalog: Catalog, control_plane: ControlPlane, namespace: str
) -> None:
    assert catalog.webhook_secrets() == {}
    data = {
        "webhook.github.secret": "one",
        "webhook.gitlab.secret": "$shared",
        "shared": "two",
        "server.secretkey": "x",
    }
    control_plane.api.apply(a_secret(namespace, "argocd-secret", None, **data))
    catalog.invalidate()
    assert catalog.webhook_secrets() == {"webhook.github.secret": "one", "webhook.gitlab.secret": "two"}
