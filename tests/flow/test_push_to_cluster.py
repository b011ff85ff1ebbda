"""From a push to a converged cluster: real Git, real Valkey, a real API server, one worker."""

from __future__ import annotations

from reconciler.models.manifest import JsonObject
from tests.support.flow import Crew


def a_config_map(name: str, **data: str) -> str:
    lines = "".join(f"  {key}: {value!r}\n" for key, value in data.items())
    return f"apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: {name}\ndata:\n{lines}"


def status_of(app: JsonObject) -> tuple[str, str]:
    return app["status"]["sync"]["status"], app["status"]["health"]["status"]


def test_a_first_pass_deploys_and_writes_the_status_once(crew: Crew) -> None:
    crew.git.create(crew.repo, {"web/one.yaml": a_config_map("one", color="red")})
    key = crew.create(crew.application())

    result = crew.reconcile(key)

    live, app = crew.config_map("one"), crew.read(key)
    assert live is not None
    assert live["data"] == {"color": "red"}
    assert status_of(app) == ("Synced", "Healthy")
    assert app["status"]["operationState"]["phase"] == "Succeeded"
    assert app["status"]["history"][0]["revision"] == app["status"]["sync"]["revision"]
    assert "operation" not in app
    assert result.verdict == "acted"


def test_a_second_pass_writes_nothing(crew: Crew) -> None:
    crew.git.create(crew.repo, {"web/one.yaml": a_config_map("one", color="red")})
    key = crew.create(crew.application())
    crew.reconcile(key)
    before = crew.read(key)

    result = crew.reconcile(key)

    assert crew.read(key)["metadata"]["resourceVersion"] == before["metadata"]["resourceVersion"]
    assert (result.sync, result.objects) == ("Synced", ())


def test_a_push_is_deployed_after_one_refresh(crew: Crew) -> None:
    crew.git.create(crew.repo, {"web/one.yaml": a_config_map("one", color="red")})
    key = crew.create(crew.application())
    crew.reconcile(key)
    crew.git.commit(crew.repo, {"web/one.yaml": a_config_map("one", color="blue")})

    crew.refresh()
    crew.reconcile(key)

    live = crew.config_map("one")
    assert live is not None
    assert live["data"] == {"color": "blue"}


def test_a_manifest_removed_from_git_is_pruned(crew: Crew) -> None:
    crew.git.create(crew.repo, {"web/one.yaml": a_config_map("one"), "web/two.yaml": a_config_map("two")})
    key = crew.create(crew.application())
    crew.reconcile(key)
    crew.git.commit(crew.repo, {"web/two.yaml": None})

    crew.refresh()
    crew.reconcile(key)

    pruned = crew.config_map("two")
    # Foreground deletion waits for a garbage collector, which this cluster lacks.
    assert pruned is None or pruned["metadata"]["deletionTimestamp"]
    assert crew.config_map("one") is not None
    assert status_of(crew.read(key)) == ("Synced", "Healthy")


def test_an_edit_by_hand_is_healed_with_an_event_that_names_field_and_editor(crew: Crew) -> None:
    crew.git.create(crew.repo, {"web/one.yaml": a_config_map("one", color="red")})
    key = crew.create(crew.application())
    crew.reconcile(key)
    path = f"/api/v1/namespaces/{crew.target_namespace}/configmaps/one?fieldManager=somebody"
    crew.plane.api.patch(path, {"data": {"color": "green"}})

    crew.reconcile(key, lane="person")

    live = crew.config_map("one")
    assert live is not None
    assert live["data"] == {"color": "red"}
    events = crew.plane.api.get(f"/api/v1/namespaces/{key.namespace}/events")["items"]
    told = [event["message"] for event in events if event["reason"] == "ResourceUpdated"]
    assert any("color live=green desired=red" in text and "somebody" in text for text in told)


def test_a_deleted_application_takes_its_objects_with_it(crew: Crew) -> None:
    crew.git.create(crew.repo, {"web/one.yaml": a_config_map("one")})
    application = crew.application()
    application["metadata"]["finalizers"] = ["resources-finalizer.argocd.argoproj.io/background"]
    key = crew.create(application)
    crew.reconcile(key)
    path = f"/apis/argoproj.io/v1alpha1/namespaces/{key.namespace}/applications/{key.name}"
    crew.plane.api.delete(path)

    crew.reconcile(key)
    assert crew.config_map("one") is None
    crew.reconcile(key)

    assert crew.plane.api.find(path) is None
    assert crew.reconcile(key).verdict == "gone"


def test_an_application_without_a_finalizer_leaves_its_objects(crew: Crew) -> None:
    crew.git.create(crew.repo, {"web/one.yaml": a_config_map("one")})
    key = crew.create(crew.application())
    crew.reconcile(key)
    crew.plane.api.delete(f"/apis/argoproj.io/v1alpha1/namespaces/{key.namespace}/applications/{key.name}")

    assert crew.reconcile(key).verdict == "gone"
    assert crew.config_map("one") is not None
