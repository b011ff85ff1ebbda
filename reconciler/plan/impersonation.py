"""In whose name objects are written. Argo CD: `destinationServiceAccounts` of a project, where the settings ask for it.

Reading is done in our own name; applying, dry runs, pruning, the deletion of an application and actions in that one.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from reconciler.models.project import ServiceAccountRule
from reconciler.models.source import Destination
from reconciler.models.words import TRUE
from reconciler.plan.globs import glob

ENABLED: Final = "application.sync.impersonation.enabled"
ENFORCED: Final = "application.sync.impersonation.enforced"
FORBIDDEN: Final = frozenset("!*[]{}\\/")
FAILED: Final = "failed to find a matching service account to impersonate"


@dataclass(frozen=True, slots=True)
class Identity:
    """`user` is empty for our own name. `problem`: why nothing may be written at all."""

    user: str = ""
    problem: str = ""


OURSELVES: Final = Identity()


def identity_of(
    settings_cm: Mapping[str, str], rules: Sequence[ServiceAccountRule], destination: Destination, namespace: str
) -> Identity:
    """Who writes to `destination` (server and name resolved); `namespace` is the Application's own.

    The first rule whose server and namespace match counts. Without one nothing is written, unless that is not enforced.
    """
    if settings_cm.get(ENABLED, "").strip() != TRUE:
        return OURSELVES
    for rule in rules:
        server, place = glob(rule.server).fullmatch(destination.server), glob(rule.namespace)
        if server and place.fullmatch(destination.namespace):
            return _account(rule.default_service_account.strip(), destination.namespace or namespace)
    if settings_cm.get(ENFORCED, TRUE).strip() != TRUE:
        return OURSELVES
    where = f"destination server {destination.server} and namespace {destination.namespace}"
    return Identity(problem=f"{FAILED}: no matching service account found for {where}")


def _account(name: str, namespace: str) -> Identity:
    account_namespace, colon, account = name.partition(":")
    if not colon:
        account_namespace, account = namespace, name
    if not (account and account_namespace) or FORBIDDEN & set(name) or ":" in account:
        return Identity(problem=f"{FAILED}: default service account {name!r} is no name of one")
    return Identity(f"system:serviceaccount:{account_namespace}:{account}")
