import pytest

from reconciler.plan.schema.lists import SET, built_in_list


@pytest.mark.parametrize(
    ("kind", "path", "keys"),
    [
        ("Deployment", "spec.template.spec.containers", ("name",)),
        ("CronJob", "spec.jobTemplate.spec.template.spec.containers.ports", ("containerPort", "protocol")),
        ("Service", "spec.ports", ("port", "protocol")),
        ("NetworkPolicy", "spec.ingress.ports", None),
        ("Ingress", "spec.rules", None),
        ("Deployment", "metadata.finalizers", SET),
        ("Deployment", "spec.template.spec.tolerations", None),
        ("ServiceAccount", "imagePullSecrets", None),
    ],
)
def test_a_list_merges_by_its_keys_or_as_a_whole(kind: str, path: str, keys: tuple[str, ...] | None) -> None:
    assert built_in_list(kind, tuple(path.split("."))) == keys
