"""Which kinds an installation keeps out of management."""

import pytest

from reconciler.models.honoured.filters import filtered_by
from reconciler.models.keys import GroupKind


@pytest.mark.parametrize(
    ("kind", "settings", "setting"),
    [
        (GroupKind("apps", "Deployment"), {}, None),
        (GroupKind("", "Event"), {}, "resource.exclusions (built in)"),
        (GroupKind("coordination.k8s.io", "Lease"), {}, "resource.exclusions (built in)"),
        (GroupKind("apps", "Deployment"), {"resource.exclusions": "- apiGroups: [ap*]"}, "resource.exclusions"),
        (GroupKind("apps", "Deployment"), {"resource.exclusions": "- kinds: [Job]"}, None),
        (GroupKind("apps", "Deployment"), {"resource.exclusions": "- apiGroups: ['']\n  kinds: ['*']"}, None),
        (GroupKind("apps", "Deployment"), {"resource.inclusions": "- kinds: [Deployment]"}, None),
        (GroupKind("batch", "Job"), {"resource.inclusions": "- kinds: [Deployment]"}, "resource.inclusions"),
        (GroupKind("batch", "Job"), {"resource.exclusions": "a: ["}, "resource.exclusions"),
        (GroupKind("batch", "Job"), {"resource.exclusions": "text"}, "resource.exclusions"),
    ],
)
def test_a_kind_is_kept_out_as_upstream_keeps_it_out(
    kind: GroupKind, settings: dict[str, str], setting: str | None
) -> None:
    assert filtered_by(kind, settings) == setting
