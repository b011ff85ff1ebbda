from reconciler.models.keys import ObjectKey
from reconciler.models.manifest import Manifest
from reconciler.models.observed import Health, HealthCode
from reconciler.plan.health.aggregate import HealthPart, aggregate
from tests.unit.plan.given import an_app


def part(code: HealthCode | None, *, name: str = "web", group: str = "apps", ignored: bool = False) -> HealthPart:
    annotations = {"argocd.argoproj.io/ignore-healthcheck": "true"} if ignored else {}
    kind = "Application" if group == "argoproj.io" else "Deployment"
    body = {"apiVersion": f"{group}/v1", "kind": kind, "metadata": {"name": name, "annotations": annotations}}
    return HealthPart(ObjectKey(group, kind, "argocd", name), Health(code) if code else None, Manifest(body))


def health(*parts: HealthPart) -> HealthCode:
    return aggregate(an_app(), parts).status


def test_the_worst_object_decides() -> None:
    assert health(part("Healthy"), part("Degraded"), part(None)) == "Degraded"
    assert health() == "Healthy"


def test_a_missing_object_counts_only_when_all_are_missing() -> None:
    assert health(part("Missing"), part("Healthy")) == "Healthy"
    assert health(part("Missing"), part(None)) == "Healthy"
    assert health(part("Missing"), part("Missing")) == "Missing"


def test_an_object_may_ask_not_to_be_counted() -> None:
    assert health(part("Degraded", ignored=True), part("Healthy")) == "Healthy"


def test_the_application_itself_and_unknown_child_applications_do_not_count() -> None:
    assert health(part("Degraded", name="guestbook", group="argoproj.io")) == "Healthy"
    assert health(part("Unknown", name="child", group="argoproj.io")) == "Healthy"
    assert health(part("Degraded", name="child", group="argoproj.io")) == "Degraded"
