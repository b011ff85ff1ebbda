"""The control cluster: are our kinds there, and may the caller do what the processes will have to?"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final, NamedTuple

import orjson

from reconciler.cli.control import Control
from reconciler.cli.doctor.finding import Finding, fail, ok
from reconciler.clusters.transport import Body
from reconciler.models.keys import GroupKind
from reconciler.models.words import GROUP

KINDS: Final = ("Application", "AppProject", "ApplicationSet")
REVIEWS: Final = "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews"


class Right(NamedTuple):
    """One thing to be done with one resource of the control namespace."""

    verb: str
    group: str
    resource: str


READING: Final = tuple(
    Right(verb, group, resource)
    for group, resource in ((GROUP, "applications"), (GROUP, "appprojects"), ("", "secrets"), ("", "configmaps"))
    for verb in ("get", "list", "watch")
)
WRITING: Final = (Right("patch", GROUP, "applications"), Right("create", "", "events"))


def check_kinds(control: Control) -> Iterator[Finding]:
    """The kinds of argoproj.io."""
    surface = control.cluster.surface()
    missing = [kind for kind in KINDS if surface.find(GroupKind(GROUP, kind)) is None]
    if missing:
        yield fail("CustomResourceDefinitions", f"{', '.join(missing)} missing", "kubectl apply -k deploy/crds")
    else:
        yield ok("CustomResourceDefinitions", f"{', '.join(KINDS)} on Kubernetes {surface.version}")


def check_rights(control: Control) -> Iterator[Finding]:
    """What the caller may do here; in shadow nothing needs to be written."""
    wanted = READING if control.settings.manage == "shadow" else (*READING, *WRITING)
    refused = [right for right in wanted if not _may(control, right)]
    who = f"as the caller, in namespace {control.settings.namespace}"
    if refused:
        yield fail("rights", f"{who}, refused: {_listed(refused)}", "bind the roles of deploy/base to this identity")
    else:
        yield ok("rights", f"{who}: all that manage={control.settings.manage} needs")


def _may(control: Control, right: Right) -> bool:
    attributes = {**right._asdict(), "namespace": control.settings.namespace}
    review = {
        "apiVersion": "authorization.k8s.io/v1",
        "kind": "SelfSubjectAccessReview",
        "spec": {"resourceAttributes": attributes},
    }
    answer = control.cluster.transport.request("POST", REVIEWS, body=Body(orjson.dumps(review)))
    return bool((answer.json().get("status") or {}).get("allowed"))


def _listed(rights: Sequence[Right]) -> str:
    return ", ".join(f"{right.verb} {right.resource}" for right in rights)
