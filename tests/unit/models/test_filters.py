"""Which kinds an installation keeps out of management, and where."""

import pytest

from reconciler.errors import SpecError
from reconciler.models.filters import filters_of
from reconciler.models.keys import GroupKind

DEPLOYMENT, JOB = GroupKind("apps", "Deployment"), GroupKind("batch", "Job")
HERE, THERE = "https://one.example", "https://two.example"


@pytest.mark.parametrize(
    ("kind", "exclusions", "inclusions", "excluded"),
    [
        (DEPLOYMENT, "", "", False),
        (GroupKind("", "Event"), "", "", True),
        (GroupKind("events.k8s.io", "Event"), "", "", True),
        (GroupKind("metrics.k8s.io", "PodMetrics"), "", "", True),
        (GroupKind("coordination.k8s.io", "Lease"), "", "- kinds: ['*']", True),
        (DEPLOYMENT, "- apiGroups: [ap*]", "", True),
        (DEPLOYMENT, "- kinds: [Job]", "", False),
        (DEPLOYMENT, "- apiGroups: ['']\n  kinds: ['*']", "", False),
        (DEPLOYMENT, "- {kinds: [Deployment], clusters: ['https://one.*']}", "", True),
        (DEPLOYMENT, "- {kinds: [Deployment], clusters: ['https://two.*']}", "", False),
        (DEPLOYMENT, "", "- kinds: [Deployment]", False),
        (JOB, "", "- kinds: [Deployment]", True),
        (JOB, "", "- {kinds: [Deployment], clusters: ['https://two.*']}", False),
        (DEPLOYMENT, "- kinds: [Deployment]", "- kinds: [Deployment]", True),
    ],
)
def test_an_exclusion_wins_and_an_inclusion_shuts_out_all_else_on_its_clusters(
    kind: GroupKind, exclusions: str, inclusions: str, excluded: bool
) -> None:
    found = filters_of({"resource.exclusions": exclusions, "resource.inclusions": inclusions})
    assert found.excludes(kind, HERE) is excluded


@pytest.mark.parametrize("text", ["a: [", "text", "- text", "5"])
def test_what_cannot_be_read_lets_nothing_in(text: str) -> None:
    with pytest.raises(SpecError, match=r"resource\.exclusions"):
        filters_of({"resource.exclusions": text})
